#!/usr/bin/env node
// The launcher: runs on any Node, and hands over to the Node 24 that the project brings where the host's is older.
import { spawnSync } from 'node:child_process';
import { createRequire, enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const nodeMajorMin = 24;
const packages = [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`];

if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) {
  enableCompileCache?.();
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
  const { status, signal } = spawnSync(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  if (signal) process.kill(process.pid, signal);
  process.exit(status ?? 1);
}

function bundledNode() {
  const require = createRequire(import.meta.url);
  for (const name of packages) {
    try {
      return require.resolve(`${name}/bin/node`);
    } catch {
      // not this one
    }
  }
  return undefined;
}
