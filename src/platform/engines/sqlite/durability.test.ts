/** What is the SQLite engine's own: reopening, bounds, crashes of the thread, closing, and files that cannot be opened. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { FakeClock, StoreUnavailableError, seededEntropy } from '#platform';
import { temporaryDirectory } from '../../contract/temporary-directory.ts';
import { Watching } from '../../contract/watching.ts';
import type { EngineLimits } from '../../limits.ts';
import { createTables } from './schema.ts';
import { openSqlite, openSqliteWithLink } from './index.ts';

const body = Uint8Array.of(7);
const options = (limits: Partial<EngineLimits> = {}, clock = new FakeClock()) => ({
  clock,
  entropy: seededEntropy(1),
  limits,
});

function storePath(context: TestContext): string {
  const { path, remove } = temporaryDirectory();
  context.after(remove);
  return join(path, 'store.db');
}

const unavailable =
  (reason: StoreUnavailableError['reason'], code?: string) =>
  (error: unknown): boolean =>
    error instanceof StoreUnavailableError &&
    error.reason === reason &&
    (code === undefined || error.code === code);

test('reopening shows documents, tombstones, journals and messages as they were', async (context) => {
  const path = storePath(context);
  const clock = new FakeClock();
  const before = await openSqlite(path, options({ tombstonesMax: 2 }, clock));
  for (const key of ['a', 'b', 'c', 'd']) {
    await before.documents.commit([{ kind: 'put', key, value: key, expected: 'absent' }]);
  }
  for (const key of ['a', 'b', 'c']) {
    await before.documents.commit([{ kind: 'delete', key, expected: 'any' }]);
  }
  await before.journal.append('p', 0, [body, body, body]);
  await before.journal.trim('p', 2);
  await before.queue.send('q', [{ body }, { body, delayMs: 500 }]);
  const [message] = await before.queue.receive('q', { max: 1, visibilityTimeoutMs: 1000 });
  await before.close();

  const after = await openSqlite(path, options({ tombstonesMax: 2 }, clock));
  const listing = await after.documents.list('');
  assert.deepEqual(listing, { documents: [{ key: 'd', value: 'd', revision: 4 }], revision: 7 });
  const resumed = new Watching(after.documents, '', 5);
  assert.deepEqual(await resumed.take(3), [
    { kind: 'delete', key: 'b', revision: 6 },
    { kind: 'delete', key: 'c', revision: 7 },
    { kind: 'caught-up', revision: 7 },
  ]);
  await resumed.stop();
  assert.deepEqual(await new Watching(after.documents, '', 4).next(), { kind: 'reset' });
  assert.deepEqual(await after.journal.bounds('p'), { first: 2, next: 3 });
  assert.deepEqual(await after.queue.depth('q'), { visible: 0, inFlight: 1, delayed: 1 });
  clock.advance(1000);
  assert.deepEqual(await after.queue.depth('q'), { visible: 2, inFlight: 0, delayed: 0 });
  assert.equal(await after.queue.delete('q', message?.receipt ?? ''), 'deleted');
  await after.close();
});

test('more waiting requests than the bound are refused, and the others served', async (context) => {
  const { documents, close } = await openSqlite(storePath(context), options({ waitingRequestsMax: 10 }));
  const outcomes = await Promise.allSettled(
    Array.from({ length: 15 }, async (_, index) =>
      documents.commit([{ kind: 'put', key: `k${index}`, value: index, expected: 'absent' }]),
    ),
  );
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 5);
  for (const outcome of refused) {
    assert.ok(outcome.status === 'rejected' && unavailable('overloaded')(outcome.reason));
  }
  assert.equal((await documents.list('')).documents.length, 10);
  await close();
});

test('more waiting bytes than the bound are refused, but one request alone is always taken', async (context) => {
  const { journal, close } = await openSqlite(storePath(context), options({ waitingBytesMax: 10_000 }));
  const large = new Uint8Array(50_000);
  const outcomes = await Promise.allSettled([
    journal.append('p', 'any', [large]),
    journal.append('p', 'any', [body]),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  await journal.append('p', 'any', [body]);
  assert.deepEqual(await journal.bounds('p'), { first: 0, next: 2 });
  await close();
});

test('a round holds at most its bound, and all rounds are served', async (context) => {
  const { journal, close } = await openSqlite(storePath(context), options({ roundRequestsMax: 3 }));
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, async () => journal.append('p', 'any', [body])),
  );
  assert.deepEqual(
    outcomes.map(({ next }) => next),
    Array.from({ length: 50 }, (_, index) => index + 1),
  );
  await close();
});

test('when the thread dies, everything that waits and every later call rejects, and watches throw', async (context) => {
  const { engine, link } = await openSqliteWithLink(storePath(context), options());
  const { documents, journal, queue } = engine;
  await documents.commit([{ kind: 'put', key: 'a', value: 1, expected: 'any' }]);
  const watching = new Watching(documents, '', 1);
  assert.equal((await watching.next())?.kind, 'caught-up');
  const following = journal.follow('p', 0, new AbortController().signal)[Symbol.asyncIterator]();
  const waiting = [
    watching.next(),
    following.next(),
    documents.get('a'),
    journal.append('p', 'any', [body]),
    queue.send('q', [{ body }]),
  ].map(async (promise) => assert.rejects(promise, unavailable('crashed')));
  await link.crash();
  await Promise.all(waiting);
  await assert.rejects(documents.get('a'), unavailable('crashed'));
  await assert.rejects(queue.depth('q'), unavailable('crashed'));
  await assert.rejects(new Watching(documents, '', 0).next(), unavailable('crashed'));
  await engine.close();
});

test('a request that the thread does not know is a bug, and ends it loudly', async (context) => {
  const { engine, link } = await openSqliteWithLink(storePath(context), options());
  const neighbour = assert.rejects(engine.documents.get('a'), unavailable('crashed'));
  const unknown = link.call('no.such' as 'documents.get', { key: 'a' });
  await assert.rejects(unknown, (error) => {
    assert.ok(error instanceof StoreUnavailableError);
    assert.match(String(error.cause), /no such call: no\.such/);
    return true;
  });
  await neighbour;
});

test('closing serves what waits, then everything rejects', async (context) => {
  const path = storePath(context);
  const { documents, close } = await openSqlite(path, options());
  const watching = new Watching(documents, '', 0);
  assert.equal((await watching.next())?.kind, 'caught-up');
  const committing = documents.commit([{ kind: 'put', key: 'a', value: 1, expected: 'any' }]);
  await Promise.all([close(), close()]);
  assert.equal((await committing).kind, 'committed');
  await assert.rejects(watching.take(3), unavailable('closed'));
  await assert.rejects(documents.get('a'), unavailable('closed'));
  await close();
  const again = await openSqlite(path, options());
  assert.equal((await again.documents.get('a'))?.value, 1);
  await again.close();
});

test('a file that cannot be a store is refused with its reason', async (context) => {
  const path = storePath(context);
  await assert.rejects(
    openSqlite(join(path, 'no', 'such'), options()),
    unavailable('failed', 'SQLITE_CANTOPEN'),
  );
  writeFileSync(`${path}.text`, 'this is not a database, and long enough to say so'.repeat(50));
  await assert.rejects(openSqlite(`${path}.text`, options()), unavailable('failed', 'SQLITE_NOTADB'));

  await (await openSqlite(path, options())).close();
  const database = new DatabaseSync(path);
  database.exec('UPDATE store SET schema_version = 99');
  database.close();
  await assert.rejects(openSqlite(path, options()), /another release of Lambkin/);
});

test('a file that is open already is busy', async (context) => {
  const path = storePath(context);
  const { close } = await openSqlite(path, options());
  await assert.rejects(openSqlite(path, options()), unavailable('busy', 'SQLITE_BUSY'));
  await close();
  await (await openSqlite(path, options())).close();
});

test('an engine that waits for nothing does not keep its process alive, and one that does keeps it', (context) => {
  const face = JSON.stringify(new URL('index.ts', import.meta.url).href);
  const platform = JSON.stringify(new URL('../../index.ts', import.meta.url).href);
  const program = `
    Promise.all([import(${face}), import(${platform})]).then(async ([{ openSqlite }, platform]) => {
      const options = { clock: platform.systemClock, entropy: platform.systemEntropy };
      const { journal } = await openSqlite(${JSON.stringify(storePath(context))}, options);
      journal.append('p', 0, [Uint8Array.of(1)]).then(({ kind }) => console.log(kind));
    });`;
  const { status, stdout } = spawnSync(process.execPath, ['-e', program], {
    timeout: 60_000,
    encoding: 'utf8',
  });
  assert.deepEqual({ status, stdout }, { status: 0, stdout: 'appended\n' });
});

for (const version of [1, 2]) {
  test(`a store of version ${version} is brought up, with all that it has`, async (context) => {
    const path = storePath(context);
    const clock = new FakeClock();
    const database = new DatabaseSync(path);
    createTables(database, version);
    const nowMs = clock.wallMs();
    database.exec(`INSERT INTO queues VALUES (1, 'q', 2), (2, 'other', 0)`);
    database.exec(`INSERT INTO messages (sequence, queue, message_id, sent_at_ms, visible_at_ms, receive_count)
      VALUES (7, 1, '${'a'.repeat(36)}', ${nowMs}, ${nowMs + 1000}, 1), (9, 1, '${'b'.repeat(36)}', ${nowMs}, ${nowMs}, 0)`);
    database.exec(`INSERT INTO message_bodies VALUES (7, x'01'), (9, x'02')`);
    database.close();
    const { queue, close } = await openSqlite(path, options({}, clock));
    context.after(close);
    assert.deepEqual(await queue.depth('q'), { visible: 1, inFlight: 1, delayed: 0 });
    const sent = [
      ...(await queue.send('q', [{ body: Uint8Array.of(3) }])),
      ...(await queue.send('other', [{ body, group: 'g', once: { key: 'k', windowMs: 1 } }])),
    ];
    assert.ok(sent.every(({ sequence }) => sequence > 9));
    clock.advance(1000);
    const received = await queue.receive('q', { max: 9, visibilityTimeoutMs: 1 });
    assert.deepEqual(
      received.map(({ body: [value], receiveCount }) => [value, receiveCount]),
      [
        [2, 1],
        [3, 1],
        [1, 2],
      ],
    );
    for (const { receipt } of received) assert.equal(await queue.delete('q', receipt), 'deleted');
    assert.deepEqual(await queue.depth('q'), { visible: 0, inFlight: 0, delayed: 0 });
  });
}
