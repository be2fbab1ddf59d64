/** How handlers are found, loaded and called, by every Node that this machine has. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BootstrapHost, TaskRoot } from '../contract/bootstrap-host.ts';
import { launchable } from '../contract/runtimes-here.ts';

const versions = await launchable(['nodejs20.x', 'nodejs22.x', 'nodejs24.x', 'nodejs26.x']);

/** Answers an object that changes after the callback. */
const answersEarly = (wait: boolean): string => `
  exports.handler = (e, c, cb) => {
    c.callbackWaitsForEmptyEventLoop = ${wait};
    const answer = {};
    cb(null, answer);
    setTimeout(() => { answer.late = true }, 20);
  }`;

for (const [runtime, launch] of versions) {
  const awaitsOnly = runtime >= 'nodejs24.x';

  /** Init and one invoke of a function with these files. */
  const callOnce = async (
    files: Readonly<Record<string, string>>,
    handler: string,
    payload = '{}',
    env: Readonly<Record<string, string>> = {},
  ) => {
    using root = new TaskRoot(files);
    await using host = new BootstrapHost(launch);
    const failure = await host.init(root, handler, env);
    if (failure !== undefined)
      return { kind: 'init' as const, failure, logs: host.logs, exit: await host.exited };
    const answer = await host.invoke(payload);
    return { ...answer, logs: host.logs, root: root.path };
  };

  suite(runtime, { concurrency: 4 }, () => {
    const layouts: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
      ['index.mjs', { 'index.mjs': 'export const handler = async (e) => e' }, 'index.handler'],
      ['index.cjs', { 'index.cjs': 'exports.handler = async (e) => e' }, 'index.handler'],
      ['index.js', { 'index.js': 'exports.handler = async (e) => e' }, 'index.handler'],
      [
        'index.js in a package of type module',
        { 'package.json': '{"type":"module"}', 'index.js': 'export const handler = async (e) => e' },
        'index.handler',
      ],
      ['a nested folder', { 'src/deep/app.js': 'exports.run = async (e) => e' }, 'src/deep/app.run'],
      ['nested exports', { 'index.js': 'exports.a = {b: {c: async (e) => e}}' }, 'index.a.b.c'],
      ['a default export', { 'index.mjs': 'export default { handler: async (e) => e }' }, 'index.handler'],
      ['a package', { 'node_modules/app/index.js': 'exports.handler = async (e) => e' }, 'app.handler'],
      [
        'top-level await',
        { 'index.mjs': 'const f = await Promise.resolve(async (e) => e); export { f as handler }' },
        'index.handler',
      ],
      [
        'an ES module that imports CommonJS',
        {
          'index.mjs': "import d from './d.cjs'; export const handler = d.h",
          'd.cjs': 'exports.h = async (e) => e',
        },
        'index.handler',
      ],
    ];
    for (const [name, files, handler] of layouts) {
      test(`a handler in ${name} answers`, async () => {
        const { kind, ...rest } = await callOnce(files, handler, '{"x":"ü"}');
        assert.deepEqual([kind, 'text' in rest && rest.text], ['response', '{"x":"ü"}']);
      });
    }

    const broken: readonly (readonly [string, Readonly<Record<string, string>>, string, string, RegExp])[] = [
      [
        'no file',
        { 'a.js': '' },
        'index.handler',
        'Runtime.ImportModuleError',
        /^Error: Cannot find module 'index'/,
      ],
      [
        'a missing dependency',
        { 'index.js': "require('nope')" },
        'index.handler',
        'Runtime.ImportModuleError',
        /Cannot find module 'nope'/,
      ],
      [
        'no such export',
        { 'index.js': 'exports.other = 1' },
        'index.handler',
        'Runtime.HandlerNotFound',
        /^index\.handler is undefined or not exported$/,
      ],
      [
        'an export that is no function',
        { 'index.mjs': 'export const handler = 1' },
        'index.handler',
        'Runtime.HandlerNotFound',
        /^index\.handler is not a function$/,
      ],
      ['no dot', { 'index.js': '' }, 'index', 'Runtime.MalformedHandlerName', /^Bad handler$/],
      [
        'dots that lead out',
        { 'index.js': '' },
        '../index.handler',
        'Runtime.MalformedHandlerName',
        /valid handler name/,
      ],
      [
        'a syntax error',
        { 'index.js': 'exports.handler = (' },
        'index.handler',
        'Runtime.UserCodeSyntaxError',
        /SyntaxError/,
      ],
      [
        'a throw at the top',
        { 'index.js': "throw new RangeError('no')" },
        'index.handler',
        'RangeError',
        /^no$/,
      ],
      [
        'a rejection at the top',
        { 'index.mjs': "await Promise.reject(new TypeError('late'))" },
        'index.handler',
        'TypeError',
        /^late$/,
      ],
      [
        'a handler that streams otherwise',
        {
          'index.mjs': `export const handler = Object.assign(async () => {}, { [Symbol.for('aws.lambda.runtime.handler.streaming')]: 'request' });`,
        },
        'index.handler',
        'Runtime.MalformedStreamingHandler',
        /^Only response streaming is supported\.$/,
      ],
    ];
    for (const [name, files, handler, type, message] of broken) {
      test(`${name} fails init as ${type}`, async () => {
        const outcome = await callOnce(files, handler);
        assert.ok(outcome.kind === 'init', outcome.kind);
        assert.equal(outcome.failure.errorType, type);
        assert.match(outcome.failure.errorMessage, message);
        assert.ok(Array.isArray(outcome.failure.trace));
        assert.notEqual(outcome.exit.code, 0);
        const [log] = outcome.logs;
        const title = awaitsOnly ? 'Init Error' : 'Uncaught Exception';
        assert.match(log?.text ?? '', new RegExp(`\\tERROR\\t${title} \\t\\{"errorType":"${type}"`));
        assert.equal(log?.level, 4);
      });
    }

    test('results are JSON, and undefined is null', async () => {
      const results: readonly (readonly [string, string])[] = [
        ['undefined', 'null'],
        ['null', 'null'],
        ['"text"', '"text"'],
        ['{a: undefined, d: new Date(0)}', '{"d":"1970-01-01T00:00:00.000Z"}'],
        ['() => {}', 'null'],
        ['"\\ud800"', '"\\ud800"'],
      ];
      for (const [expression, text] of results) {
        const outcome = await callOnce(
          { 'index.js': `exports.handler = async () => (${expression})` },
          'index.handler',
        );
        assert.equal('text' in outcome && outcome.text, text);
      }
    });

    test('a result that JSON does not know is an error of the handler', async () => {
      for (const expression of ['1n', '(() => { const o = {}; o.o = o; return o; })()']) {
        const outcome = await callOnce(
          { 'index.js': `exports.handler = async () => ${expression}` },
          'index.handler',
        );
        assert.ok(outcome.kind === 'error');
        const { errorType, errorMessage } = JSON.parse(outcome.text) as Record<string, unknown>;
        assert.equal(errorType, awaitsOnly ? 'Runtime.JSONStringifyError' : 'Error');
        assert.equal(errorMessage, 'Unable to stringify response body');
      }
    });

    test('an event that is not JSON is Runtime.UnmarshalError, and the handler is not called', async () => {
      using root = new TaskRoot({ 'index.js': 'let n = 0; exports.handler = async () => ++n' });
      await using host = new BootstrapHost(launch);
      await host.init(root, 'index.handler');
      for (const payload of ['{', '', 'nope', '\u0000']) {
        const answer = await host.invoke(payload);
        assert.equal(answer.kind, 'error');
        assert.match(answer.text, /"errorType":"Runtime\.UnmarshalError"/);
      }
      assert.equal((await host.invoke('1')).text, '1');
    });

    test('a handler without a promise', async () => {
      const outcome = await callOnce({ 'index.js': 'exports.handler = () => 7' }, 'index.handler');
      assert.equal('text' in outcome && outcome.text, awaitsOnly ? '7' : 'null');
    });

    test('a thenable is awaited', async () => {
      const code = 'exports.handler = () => ({ then: (yes) => setImmediate(() => yes(5)) })';
      const outcome = await callOnce({ 'index.js': code }, 'index.handler');
      assert.equal('text' in outcome && outcome.text, '5');
    });

    if (awaitsOnly) {
      test('a handler that takes a callback is refused', async () => {
        const outcome = await callOnce(
          { 'index.js': 'exports.handler = (e, c, cb) => cb(null, 1)' },
          'index.handler',
        );
        assert.ok(outcome.kind === 'init');
        assert.equal(outcome.failure.errorType, 'Runtime.CallbackHandlerDeprecated');
      });

      test('a promise that nothing can settle ends the process with code 0', async () => {
        using root = new TaskRoot({ 'index.js': 'exports.handler = () => new Promise(() => {})' });
        await using host = new BootstrapHost(launch);
        await host.init(root, 'index.handler');
        assert.equal((await host.invoke('{}')).kind, 'ended');
        assert.deepEqual(await host.exited, { code: 0, signal: null });
      });
    } else {
      const callbacks: readonly (readonly [string, string, string, string])[] = [
        ['a callback with a result', '(e, c, cb) => cb(null, 1)', 'response', '1'],
        ['the first of two calls', '(e, c, cb) => { cb(null, 1); cb(null, 2); }', 'response', '1'],
        ['a callback later', '(e, c, cb) => { setTimeout(() => cb(null, 3), 5); }', 'response', '3'],
        ['context.succeed', '(e, c) => c.succeed(4)', 'response', '4'],
        ['context.done', '(e, c) => c.done(null, 5)', 'response', '5'],
        ['no answer at all', '(e, c, cb) => { setTimeout(() => {}, 5); }', 'response', 'null'],
        ['a promise that nothing can settle', '() => new Promise(() => {})', 'response', 'null'],
        [
          'an async function that waits for what nothing can settle',
          'async () => { await new Promise(() => {}); }',
          'error',
          '"errorType":"Runtime.NodeJsExit"',
        ],
        ['a callback with text as error', "(e, c, cb) => cb('bad')", 'error', '"errorMessage":"bad"'],
        ['context.fail without error', '(e, c) => c.fail()', 'error', '"errorMessage":"handled"'],
        ['context.fail', "(e, c) => c.fail(new Error('f'))", 'error', '"errorMessage":"f"'],
      ];
      for (const [name, code, kind, text] of callbacks) {
        test(`${name} answers`, async () => {
          const outcome = await callOnce({ 'index.js': `exports.handler = ${code}` }, 'index.handler');
          assert.equal(outcome.kind, kind);
          assert.ok('text' in outcome && outcome.text.includes(text), JSON.stringify(outcome));
        });
      }

      test('a callback waits until the event loop is empty, unless told otherwise', async () => {
        const waits = await callOnce({ 'index.js': answersEarly(true) }, 'index.handler');
        assert.equal('text' in waits && waits.text, '{"late":true}');
        const answersAtOnce = await callOnce({ 'index.js': answersEarly(false) }, 'index.handler');
        assert.equal('text' in answersAtOnce && answersAtOnce.text, '{}');
      });
    }
  });
}
