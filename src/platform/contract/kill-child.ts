/**
 * The program that the kill test kills: it writes to all four ports from many loops at once, and tells on standard output what was acknowledged,
 * and what it is about to take away. Arguments: the data directory, and the round's number, with which all its names begin.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openFileBlobs } from '../engines/files/index.ts';
import { lockDirectory, openSqlite } from '../engines/sqlite/index.ts';
import { systemClock } from '../system-clock.ts';
import { systemEntropy } from '../system-random.ts';
import type { Told } from './kill-test.ts';

const [, , directory = '', round = ''] = process.argv;

const pause = new Int32Array(new SharedArrayBuffer(4));

// A write to a pipe is done when it returns, so what was told is told even if the next instruction is never reached.
function tell(told: Told): void {
  let line = Buffer.from(`${JSON.stringify(told)}\n`);
  while (line.byteLength > 0) {
    try {
      line = line.subarray(writeSync(1, line));
    } catch (error) {
      // The pipe is full until the parent has read some.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}

const lock = lockDirectory(directory);
if (lock.kind === 'taken') throw new Error(`the directory is taken by ${String(lock.holderPid)}`);
const { documents, journal, queue } = await openSqlite(join(directory, 'store.db'), {
  clock: systemClock,
  entropy: systemEntropy,
});
const blobs = await openFileBlobs(join(directory, 'blobs'), { entropy: systemEntropy });

async function forever(loops: number, step: (name: string, count: number) => Promise<void>): Promise<void> {
  await Promise.all(
    Array.from({ length: loops }, async (_, loop) => {
      for (let count = 0; ; count += 1) await step(`${round}/${loop}`, count);
    }),
  );
}

const numbered = (count: number): Uint8Array => new TextEncoder().encode(String(count));

await Promise.all([
  forever(6, async (name, count) => {
    const key = `${name}/${count}`;
    const outcome = await documents.commit([
      { kind: 'put', key, value: count, expected: 'absent' },
      { kind: 'put', key: `twin/${key}`, value: count, expected: 'absent' },
    ]);
    if (outcome.kind === 'conflict') throw new Error(`${key} was there`);
    tell({ kind: 'document', key, value: count, revision: outcome.revision });
    if (count % 3 !== 0) return;
    tell({ kind: 'document-going', key });
    await documents.commit([{ kind: 'delete', key, expected: outcome.revision }]);
    tell({ kind: 'document-gone', key });
  }),
  forever(4, async (partition, count) => {
    const outcome = await journal.append(partition, count, [numbered(count)]);
    if (outcome.kind === 'conflict') throw new Error(`${partition} stands at ${outcome.next}`);
    tell({ kind: 'record', partition, sequence: count });
  }),
  forever(4, async (name, count) => {
    const [sent] = await queue.send(round, [{ body: numbered(count) }]);
    tell({ kind: 'message', id: sent?.id ?? '', body: `${count}`, name });
  }),
  forever(2, async () => {
    for (const { id, receipt } of await queue.receive(round, { max: 2, visibilityTimeoutMs: 60_000 })) {
      tell({ kind: 'message-going', id });
      await queue.delete(round, receipt);
      tell({ kind: 'message-gone', id });
    }
  }),
  forever(3, async (name, count) => {
    const key = `${name}/${count}`;
    const sizeBytes = (count * 997) % 50_000;
    await blobs.putIfAbsent(key, new Uint8Array(sizeBytes).fill(count % 251));
    tell({ kind: 'blob', key, sizeBytes, fill: count % 251 });
  }),
]);
