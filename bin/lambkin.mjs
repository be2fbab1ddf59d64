#!/usr/bin/env node
// The launcher: runs on any Node, and hands over to the Node 24 that the project brings where the host's is older.
import { spawn } from 'node:child_process';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const nodeMajorMin = 24;
const packages = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`];

if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) {
  keepCompiledCode();
  const { main } = await import('../src/cli/index.ts');
  await main(process.argv.slice(2));
} else {
  const node = bundledNode();
  if (node === undefined) {
    console.error(
      `lambkin needs Node ${nodeMajorMin} or newer; this is ${process.version}. ` +
        `Run "npm ci" without --omit=optional to get the one that comes with Lambkin, or install Node ${nodeMajorMin}.`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal signals both of us; a supervisor only this process, which then has to pass it on.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function bundledNode() {
  const require = nodeModule.createRequire(import.meta.url);
  for (const name of packages) {
    try {
      return require.resolve(`${name}/bin/node`);
    } catch {
      // not this one
    }
  }
  return undefined;
}

/**
 * Has Node keep our code compiled and without its types: stripping them at each start would take as long as all the rest of it. Whoever writes in the
 * directory decides what we run, so it is the user's own, not Node's default below /tmp. NODE_COMPILE_CACHE has it elsewhere; where there is no such
 * directory, and none can be made, each start compiles.
 */
function keepCompiledCode() {
  const caches = [process.env['XDG_CACHE_HOME'] ?? '', join(home(), '.cache')].find(isAbsolute);
  if (caches !== undefined) nodeModule.enableCompileCache(join(caches, 'lambkin', 'code'));
}

/** Empty for a user that the host does not know. */
function home() {
  try {
    return homedir();
  } catch {
    return '';
  }
}
