/**
 * Kill -9 and start again: all log events that could be read before can be read after. The process that is killed runs this
 * file too, with the path of its store as argument.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { openSqlite } from '#engines/sqlite';
import type { SqliteEngine } from '#engines/sqlite';
import { systemClock, systemEntropy } from '#platform';
import { context } from '#wire/fixtures';
import { writeEndlessly } from './fixtures/endless-writer.ts';
import { eventsOf, messagesOf, settle } from './fixtures/opened.ts';
import { openLogs } from './service.ts';

const [, self = '', storePath] = process.argv;

async function openStore(path: string): Promise<SqliteEngine> {
  return openSqlite(path, { clock: systemClock, entropy: systemEntropy });
}

if (storePath?.endsWith('.db') === true) await writeEndlessly(await openStore(storePath));

test('what could be read before kill -9 can be read after, in order, and writing goes on', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lambkin-logs-'));
  try {
    const path = join(directory, 'store.db');
    const child = spawn(process.execPath, [self, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let readable = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      readable = Math.max(readable, Number(line.split(' ')[1]));
      if (readable >= 300) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    assert.ok(readable >= 300);

    const engine = await openStore(path);
    const ports = {
      documents: engine.documents,
      journal: engine.journal,
      clock: systemClock,
      entropy: systemEntropy,
    };
    const logs = openLogs(ports);
    const call = async (name: string, input: object) => {
      const handler = logs.handlers[name];
      assert.ok(handler !== undefined);
      return handler({ logGroupName: 'group', ...input }, context);
    };
    const numbers = messagesOf(await call('FilterLogEvents', {})).map((message) => Number(message.slice(5)));
    assert.ok(numbers.length >= readable);
    // Each stream holds every fifth line from its first on, without a gap.
    for (let stream = 0; stream < 5; stream += 1) {
      const own = messagesOf(
        await call('GetLogEvents', { logStreamName: `stream-${stream}`, startFromHead: true }),
      );
      assert.deepEqual(
        own,
        own.map((_, index) => `line ${stream + 5 * index}`),
      );
    }
    logs.sink.write('group', 'stream-0', [{ timestampMs: systemClock.wallMs(), message: 'after' }]);
    await logs.close();
    assert.equal(
      eventsOf(await call('FilterLogEvents', { logStreamNames: ['stream-0'] })).at(-1)?.message,
      'after',
    );
    await engine.close();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('who closes before everything was read waits for that, and the store can go', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lambkin-logs-'));
  try {
    const engine = await openStore(join(directory, 'store.db'));
    const { documents, journal } = engine;
    const faults: unknown[] = [];
    const onFault = (error: unknown): number => faults.push(error);
    await openLogs({ documents, journal, clock: systemClock, entropy: systemEntropy, onFault }).close();
    await engine.close();
    await settle();
    assert.deepEqual(faults, []);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
