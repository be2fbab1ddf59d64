#!/usr/bin/env node
// The launcher: runs on any Node, and hands over to the Node 24 that the project brings where the host's is older.
import { spawn } from 'node:child_process';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const nodeMajorMin = 24;
const packages = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`];

if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) {
  nodeModule.enableCompileCache();
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
