/**
 * Finds and loads the handler: `folder/file.export`, `file.nested.export`; ES modules and CommonJS, told apart by
 * extension and package.json as Node does. Errors carry the names and messages of AWS's runtimes.
 */
'use strict';

const { existsSync, readFileSync, statSync } = require('node:fs');
const { createRequire } = require('node:module');
const paths = require('node:path');
const { pathToFileURL } = require('node:url');
const { RuntimeError } = require('./errors.cjs');

/** Marks a handler that awslambda.streamifyResponse has wrapped; the same symbol as AWS's. */
const streamingMark = Symbol.for('aws.lambda.runtime.handler.streaming');

/** Where `streamifyResponse` keeps its option of this name. */
const highWaterMarkKey = Symbol('highWaterMark');

/** A place for `Require stack:` in messages, as functions see it on AWS. */
const requireFromRuntime = createRequire('/var/runtime/index.mjs');

/** @param {string} path */
function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether the nearest package.json makes `.js` files in this folder ES modules. @param {string} folder */
function isModuleScope(folder) {
  for (let at = folder; paths.basename(at) !== 'node_modules'; at = paths.dirname(at)) {
    const path = paths.join(at, 'package.json');
    if (existsSync(path)) {
      try {
        return JSON.parse(readFileSync(path, 'utf8'))?.type === 'module';
      } catch (error) {
        console.warn(`${path} cannot be read, it will be ignored for ES module detection purposes.`, error);
        return false;
      }
    }
    if (at === paths.dirname(at)) return false;
  }
  return false;
}

/** @param {string} path */
function importFile(path) {
  return import(pathToFileURL(path).href);
}

/**
 * @param {string} taskRoot @param {string} folder @param {string} name @param {number} major
 * @returns {unknown} the module's exports, or a promise of them
 */
function loadModule(taskRoot, folder, name, major) {
  const path = paths.resolve(taskRoot, folder, name);
  if (isFile(path)) return requireFromRuntime(path);
  const js = `${path}.js`;
  if (isFile(js)) {
    if (isModuleScope(paths.dirname(js))) return importFile(js);
    // Node 24 tells modules by their syntax too, which `require` sees but cannot await.
    return major >= 24 ? requireOrImport(js) : requireFromRuntime(js);
  }
  if (isFile(`${path}.mjs`)) return importFile(`${path}.mjs`);
  if (isFile(`${path}.cjs`)) return requireFromRuntime(`${path}.cjs`);
  return requireFromRuntime(
    requireFromRuntime.resolve(name, { paths: [taskRoot, paths.join(taskRoot, folder)] }),
  );
}

/** @param {string} path */
function requireOrImport(path) {
  try {
    return requireFromRuntime(path);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
    return importFile(path);
  }
}

/** @param {unknown} from @param {string} path `a.b.c` */
function pick(from, path) {
  /** @type {any} */
  let at = from;
  for (const key of path.split('.')) at = at === undefined || at === null ? undefined : at[key];
  return at;
}

/**
 * @param {string} taskRoot @param {string} handler @param {number} major Node's, which is also the runtime's.
 * @returns {Promise<Function>}
 */
async function loadHandler(taskRoot, handler, major) {
  if (handler.includes('..')) {
    throw new RuntimeError(
      'MalformedHandlerName',
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const file = paths.basename(handler);
  const dot = file.indexOf('.');
  if (dot < 0) throw new RuntimeError('MalformedHandlerName', 'Bad handler');
  const folder = handler.slice(0, handler.lastIndexOf(file));

  let loaded;
  try {
    loaded = await loadModule(taskRoot, folder, file.slice(0, dot), major);
  } catch (error) {
    if (error instanceof SyntaxError) {
      const failure = new RuntimeError('UserCodeSyntaxError', error);
      if (error.stack !== undefined) failure.stack = error.stack;
      throw failure;
    }
    const code = /** @type {NodeJS.ErrnoException | undefined} */ (error)?.code;
    if (code === 'MODULE_NOT_FOUND') throw new RuntimeError('ImportModuleError', error);
    throw error;
  }

  const path = file.slice(dot + 1);
  const found = pick(loaded, path) ?? pick(pick(loaded, 'default'), path);
  if (!found) throw new RuntimeError('HandlerNotFound', `${handler} is undefined or not exported`);
  if (typeof found !== 'function') {
    throw new RuntimeError('HandlerNotFound', `${handler} is not a function`);
  }
  const streams = Reflect.get(found, streamingMark);
  if (streams !== undefined && streams !== 'response') {
    throw new RuntimeError('MalformedStreamingHandler', 'Only response streaming is supported.');
  }
  if (streams === undefined && major >= 24 && found.length >= 3) {
    throw new RuntimeError(
      'CallbackHandlerDeprecated',
      `Handlers with a callback are not served from Node.js 24 on: ${handler} takes ${found.length} arguments. Use an async handler that returns its result, or runtime nodejs22.x.`,
    );
  }
  return found;
}

module.exports = { highWaterMarkKey, loadHandler, streamingMark };
