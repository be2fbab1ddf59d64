/**
 * Kill -9 in the middle of writing: a child writes to all four ports and tells what was acknowledged; it is killed at a random moment,
 * and after each of several rounds everything that was ever acknowledged is there.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FakeClock, seededEntropy, seededRandom } from '#platform';
import { checkDurable } from '../contract/kill-test.ts';
import type { Told } from '../contract/kill-test.ts';
import { temporaryDirectory } from '../contract/temporary-directory.ts';
import { openFileBlobs } from './files/index.ts';
import { lockDirectory, openSqlite } from './sqlite/index.ts';

const rounds = 5;
const allPorts = ['document', 'record', 'message', 'blob'] as const;
const child = fileURLToPath(new URL('../contract/kill-child.ts', import.meta.url));

/** Runs the child until it told `count` things, of all ports, then kills it. Everything that it told, also in its last moments. */
async function killAfter(count: number, directory: string, round: number): Promise<readonly Told[]> {
  const writer = spawn(process.execPath, [child, directory, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = Promise.withResolvers<NodeJS.Signals | null>();
  writer.once('exit', (_code, signal) => ended.resolve(signal));
  const told: Told[] = [];
  const kinds = new Set<Told['kind']>();
  for await (const line of createInterface({ input: writer.stdout })) {
    // The kill may cut the last line short.
    if (!line.endsWith('}')) break;
    const news = JSON.parse(line) as Told;
    told.push(news);
    kinds.add(news.kind);
    if (told.length >= count && allPorts.every((kind) => kinds.has(kind))) writer.kill('SIGKILL');
  }
  assert.equal(await ended.promise, 'SIGKILL', 'the child wrote until it was killed');
  return told;
}

test('every acknowledged write survives kill -9 in mid-load, round after round', async (context) => {
  const seed = process.pid;
  context.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const { path, remove } = temporaryDirectory();
  const told: Told[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const count = 100 + Math.floor(random.next() * 2000);
    const news = await killAfter(count, path, round);
    told.push(...news);

    const lock = lockDirectory(path);
    assert.equal(lock.kind, 'locked', 'the lock died with its holder');
    // Far in the future, so that every message is visible again.
    const clock = new FakeClock(4_000_000_000_000);
    const engine = await openSqlite(join(path, 'store.db'), { clock, entropy: seededEntropy(seed) });
    const blobs = await openFileBlobs(join(path, 'blobs'), { entropy: seededEntropy(seed) });
    const others = told.filter(({ kind }) => !kind.startsWith('message'));
    const messages = news.filter(({ kind }) => kind.startsWith('message'));
    await checkDurable({ ...engine, blobs }, [...others, ...messages], String(round));
    assert.deepEqual(readdirSync(join(path, 'blobs', 'tmp')), [], 'unfinished blobs are swept');
    await engine.close();
    if (lock.kind === 'locked') lock.release();
  }
  context.diagnostic(`${told.length} acknowledgements in ${rounds} rounds`);
  remove();
});
