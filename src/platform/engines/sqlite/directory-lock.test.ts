/** Tests of the lock on a data directory. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { StoreUnavailableError } from '#platform';
import { temporaryDirectory } from '../../contract/temporary-directory.ts';
import { lockDirectory } from './index.ts';

test('a directory is locked once, and again after its release', () => {
  const { path, remove } = temporaryDirectory();
  const first = lockDirectory(path);
  assert.equal(first.kind, 'locked');
  assert.deepEqual(lockDirectory(path), { kind: 'taken', holderPid: process.pid });
  writeFileSync(join(path, 'lock.pid'), 'nonsense');
  assert.deepEqual(lockDirectory(path), { kind: 'taken' });
  if (first.kind === 'locked') first.release();
  assert.ok(!existsSync(join(path, 'lock.pid')));
  const second = lockDirectory(path);
  assert.equal(second.kind, 'locked');
  // A second release must not take away somebody else's lock.
  if (first.kind === 'locked') first.release();
  assert.equal(lockDirectory(path).kind, 'taken');
  if (second.kind === 'locked') second.release();
  remove();
});

test('the lock of a process that is killed is free, also while its children live', async () => {
  const { path, remove } = temporaryDirectory();
  const module = JSON.stringify(new URL('directory-lock.ts', import.meta.url).href);
  const program = `
    const { lockDirectory } = await import(${module});
    const { spawn } = await import('node:child_process');
    const lock = lockDirectory(${JSON.stringify(path)});
    const child = spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
    console.log(lock.kind, child.pid);
    setInterval(() => lock, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => {
    holder.once('exit', resolve);
  });
  let told = '';
  for await (const chunk of holder.stdout) {
    told += String(chunk);
    if (told.includes('\n')) break;
  }
  const [, kind, childPid] = /^(\w+) (\d+)/.exec(told) ?? [];
  assert.equal(kind, 'locked');
  assert.deepEqual(lockDirectory(path), { kind: 'taken', holderPid: holder.pid });
  holder.kill('SIGKILL');
  await exited;
  const after = lockDirectory(path);
  process.kill(Number(childPid), 'SIGKILL');
  assert.equal(after.kind, 'locked');
  if (after.kind === 'locked') after.release();
  remove();
});

test('a directory that is not there is no lock', () => {
  const { path, remove } = temporaryDirectory();
  assert.throws(
    () => lockDirectory(join(path, 'missing')),
    (error) => error instanceof StoreUnavailableError && error.code === 'SQLITE_CANTOPEN',
  );
  remove();
});
