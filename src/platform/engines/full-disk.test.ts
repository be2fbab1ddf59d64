/** A full disk: writes are refused, reads go on, nothing acknowledged is lost, and writes work again once there is room. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { StoreUnavailableError, seededEntropy, systemClock } from '#platform';
import { temporaryDirectory } from '../contract/temporary-directory.ts';
import { openFileBlobs } from './files/index.ts';
import { openSqlite } from './sqlite/index.ts';

const diskBytes = 6 * 1024 * 1024;
const ballastBytes = 3 * 1024 * 1024;
const body = new Uint8Array(100_000).fill(1);
const full = (error: unknown): boolean => error instanceof StoreUnavailableError && error.reason === 'full';

/** Mounts a small disk, or skips the test and says why. */
function smallDisk(context: TestContext): string | undefined {
  const { path, remove } = temporaryDirectory();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', path], { stdio: 'pipe' });
  } catch (error) {
    remove();
    context.skip(`cannot mount a small disk: ${String(error).split('\n')[0]}`);
    return undefined;
  }
  context.after(() => {
    execFileSync('umount', ['--lazy', path]);
    remove();
  });
  writeFileSync(join(path, 'ballast'), new Uint8Array(ballastBytes));
  return path;
}

/** Repeats `write` until the disk is full; how often it was acknowledged. */
async function fill(write: (count: number) => Promise<unknown>): Promise<number> {
  for (let count = 0; count < 1000; count += 1) {
    try {
      await write(count);
    } catch (error) {
      assert.ok(full(error), String(error));
      return count;
    }
  }
  return assert.fail('the disk never got full');
}

test('SQLite on a full disk', async (context) => {
  const path = smallDisk(context);
  if (path === undefined) return;
  const options = { clock: systemClock, entropy: seededEntropy(1) };
  const engine = await openSqlite(join(path, 'store.db'), options);
  await engine.documents.commit([{ kind: 'put', key: 'a', value: 1, expected: 'any' }]);
  const [sent] = await engine.queue.send('q', [{ body: Uint8Array.of(1) }]);
  const appended = await fill(async () => engine.journal.append('p', 'any', [body]));
  assert.ok(appended > 5);

  // All who share the round fail alike, and reading goes on.
  const round = await Promise.allSettled(
    [1, 2, 3].map(async () => engine.journal.append('p', 'any', [body])),
  );
  assert.ok(round.every((outcome) => outcome.status === 'rejected' && full(outcome.reason)));
  assert.deepEqual(await engine.journal.bounds('p'), { first: 0, next: appended });
  assert.equal((await engine.journal.read('p', 0)).length, appended);
  assert.equal((await engine.documents.get('a'))?.value, 1);
  assert.deepEqual(await engine.queue.depth('q'), { visible: 1, inFlight: 0, delayed: 0 });

  await engine.close();

  const { documents, journal, queue, close } = await openSqlite(join(path, 'store.db'), options);
  assert.equal((await documents.get('a'))?.value, 1, 'a store opens on a full disk, and serves reads');
  assert.equal((await journal.read('p', 0)).length, appended);
  await assert.rejects(journal.append('p', 'any', [new Uint8Array(2_000_000)]), full);
  rmSync(join(path, 'ballast'));
  assert.deepEqual(await journal.append('p', appended, [body]), { kind: 'appended', next: appended + 1 });
  await documents.commit([{ kind: 'put', key: 'b', value: 2, expected: 'absent' }]);
  const [received] = await queue.receive('q', { max: 1, visibilityTimeoutMs: 1000 });
  assert.equal(received?.id, sent?.id);
  await close();

  const again = await openSqlite(join(path, 'store.db'), options);
  assert.deepEqual(await again.journal.bounds('p'), { first: 0, next: appended + 1 });
  for (const { body: read } of await again.journal.read('p', 0)) assert.deepEqual(read, body);
  assert.deepEqual(
    (await again.documents.list('')).documents.map(({ key }) => key),
    ['a', 'b'],
  );
  await again.close();
});

test('blobs on a full disk', async (context) => {
  const path = smallDisk(context);
  if (path === undefined) return;
  const blobs = await openFileBlobs(join(path, 'blobs'), { entropy: seededEntropy(1) });
  const stored = await fill(async (count) => blobs.putIfAbsent(`b/${count}`, body));
  assert.ok(stored > 5);
  assert.equal((await blobs.list('')).length, stored);
  assert.deepEqual(await blobs.get(`b/${stored - 1}`), body);
  assert.deepEqual(readdirSync(join(path, 'blobs', 'tmp')), []);
  rmSync(join(path, 'ballast'));
  assert.equal(await blobs.putIfAbsent(`b/${stored}`, body), 'stored');
});
