/** Threads of Lambkin's own use the compiled code that their process keeps. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const file = pathToFileURL(join(import.meta.dirname, 'compiled-code.ts')).href;

/** A process that keeps its code in `directory`, or nowhere, and asks a thread where that keeps its own. */
function threadOf(directory: string | undefined): { variables: object; thread: string | null } {
  const program = `
    import { enableCompileCache } from 'node:module';
    import { Worker } from 'node:worker_threads';
    if (process.argv[1] !== '') enableCompileCache(process.argv[1]);
    const { compiledCodeVariables } = await import(${JSON.stringify(file)});
    const ask =
      'import { getCompileCacheDir } from "node:module"; import { parentPort } from "node:worker_threads";' +
      'parentPort.postMessage(getCompileCacheDir() ?? null)';
    const worker = new Worker(ask, { eval: true, env: { ...process.env, ...compiledCodeVariables() } });
    worker.on('message', (thread) => console.log(JSON.stringify({ variables: compiledCodeVariables(), thread })));`;
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const args = ['--input-type=module', '-e', program, directory ?? ''];
  return JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' })) as ReturnType<
    typeof threadOf
  >;
}

test('a thread keeps its code where its process does', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-code-'));
  try {
    const { variables, thread } = threadOf(directory);
    assert.deepEqual(variables, { NODE_COMPILE_CACHE: directory });
    assert.deepEqual(thread, readdirSync(directory).map((name) => join(directory, name))[0]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('where nothing is kept, a thread keeps nothing either', () => {
  assert.deepEqual(threadOf(undefined), { variables: {}, thread: null });
});
