/** Logs as functions write them and clients read them, on the memory engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryJournal } from '#engines/memory';
import type { Journal } from '#platform';
import {
  eventsOf,
  group,
  inGroup,
  inStream,
  line,
  messagesOf,
  open,
  refused,
  settle,
} from './fixtures/opened.ts';

test('what a function writes can be read once it is durable, from its group and stream made on the way', async () => {
  const opened = open();
  line(opened, 'START');
  line(opened, 'END');
  await opened.flush();
  assert.deepEqual(messagesOf(await opened.call('GetLogEvents', inStream)), ['START', 'END']);
  assert.deepEqual(messagesOf(await opened.call('FilterLogEvents', inGroup)), ['START', 'END']);
  const { logGroups } = await opened.call('DescribeLogGroups');
  assert.deepEqual(logGroups, [
    {
      logGroupName: group,
      creationTime: opened.clock.wallMs() - 100,
      retentionInDays: undefined,
      metricFilterCount: 0,
      arn: `arn:aws:logs:us-east-1:000000000000:log-group:${group}:*`,
      logGroupArn: `arn:aws:logs:us-east-1:000000000000:log-group:${group}`,
      storedBytes: 60,
      logGroupClass: 'STANDARD',
    },
  ]);
  await opened.logs.close();
});

test('closing writes what waits', async () => {
  const opened = open();
  line(opened, 'last words');
  await opened.logs.close();
  assert.deepEqual(messagesOf(await opened.reopen().call('GetLogEvents', inStream)), ['last words']);
});

test('everything is there after opening again, and writing goes on where it stood', async () => {
  const first = open();
  for (let index = 0; index < 30; index += 1) {
    line(first, `line ${index}`, 's', index);
    if (index % 7 === 0) await first.flush();
  }
  await first.flush();
  const second = first.reopen();
  const before = eventsOf(await second.call('FilterLogEvents', inGroup));
  assert.equal(before.length, 30);
  line(second, 'after');
  await second.flush();
  const after = eventsOf(await second.call('FilterLogEvents', inGroup));
  assert.deepEqual(after.slice(0, 30), before);
  assert.equal(after.at(-1)?.message, 'after');
  const streams = (await second.call('DescribeLogStreams', inGroup)).logStreams as { storedBytes: number }[];
  assert.equal(
    streams[0]?.storedBytes,
    after.reduce((sum, { message }) => sum + message.length + 26, 0),
  );
});

test('a stream is read forward and backward in pages, and the token at the end stays the same', async () => {
  const opened = open({ limits: { batchBytesMax: 100 } });
  for (let index = 0; index < 25; index += 1) {
    line(opened, `m${index}`, 's', index);
    if (index % 4 === 0) await opened.flush();
  }
  await opened.flush();
  const forward: string[] = [];
  let nextToken: unknown;
  for (;;) {
    const page = await opened.call('GetLogEvents', { ...inStream, startFromHead: true, limit: 4, nextToken });
    forward.push(...messagesOf(page));
    if (page['nextForwardToken'] === nextToken) break;
    nextToken = page['nextForwardToken'];
  }
  assert.deepEqual(
    forward,
    Array.from({ length: 25 }, (_, index) => `m${index}`),
  );
  line(opened, 'later');
  await opened.flush();
  assert.deepEqual(messagesOf(await opened.call('GetLogEvents', { ...inStream, nextToken })), ['later']);

  const backward: string[] = [];
  let token: unknown;
  for (;;) {
    const page = await opened.call('GetLogEvents', { ...inStream, limit: 7, nextToken: token });
    backward.unshift(...messagesOf(page));
    if (page['nextBackwardToken'] === token) break;
    token = page['nextBackwardToken'];
  }
  assert.deepEqual(backward, [...forward, 'later']);
});

test('times bound what is read: the start is included, the end only by FilterLogEvents', async () => {
  const opened = open({ limits: { batchBytesMax: 60 } });
  const now = opened.clock.wallMs();
  for (let index = 0; index < 20; index += 1) line(opened, `m${index}`, 's', index * 10);
  await opened.flush();
  const range = { startTime: now + 50, endTime: now + 80 };
  const expected = ['m5', 'm6', 'm7'];
  assert.deepEqual(messagesOf(await opened.call('GetLogEvents', { ...inStream, ...range })), expected);
  assert.deepEqual(
    messagesOf(await opened.call('GetLogEvents', { ...inStream, ...range, startFromHead: true })),
    expected,
  );
  assert.deepEqual(messagesOf(await opened.call('FilterLogEvents', { ...inGroup, ...range })), [
    ...expected,
    'm8',
  ]);
});

test('an event that comes late is found by its time', async () => {
  const opened = open();
  const now = opened.clock.wallMs();
  line(opened, 'a', 's', 1_000);
  await opened.flush();
  line(opened, 'late', 's', 100);
  await opened.flush();
  line(opened, 'b', 's', 2_000);
  await opened.flush();
  const search = { ...inGroup, startTime: now + 50, endTime: now + 500 };
  assert.deepEqual(messagesOf(await opened.call('FilterLogEvents', search)), ['late']);
  assert.deepEqual(messagesOf(await opened.reopen().call('FilterLogEvents', search)), ['late']);
  assert.deepEqual(messagesOf(await opened.call('GetLogEvents', { ...inStream, ...search })), ['late']);
  assert.deepEqual(messagesOf(await opened.call('GetLogEvents', inStream)), ['late', 'a', 'b']);
});

test('filtering goes over all streams in order of time, page by page, each event once', async () => {
  const opened = open({ limits: { batchBytesMax: 200 } });
  for (let index = 0; index < 600; index += 1) {
    line(opened, `${index % 3 === 0 ? 'ERROR' : 'INFO'} ${index}`, `stream-${(index * 7) % 40}`, index);
    if (index % 50 === 0) await opened.flush();
  }
  await opened.flush();
  const found: { message: string; eventId?: string; timestamp: number }[] = [];
  let nextToken: unknown;
  do {
    const page = await opened.call('FilterLogEvents', {
      ...inGroup,
      filterPattern: 'ERROR',
      limit: 33,
      nextToken,
    });
    found.push(...eventsOf(page));
    nextToken = page['nextToken'];
  } while (nextToken !== undefined);
  assert.deepEqual(
    found.map(({ message }) => message),
    Array.from({ length: 200 }, (_, index) => `ERROR ${index * 3}`),
  );
  const ids = found.map(({ eventId }) => eventId ?? '');
  assert.equal(new Set(ids).size, 200);
  assert.deepEqual(ids, ids.toSorted());
  const one = await opened.call('FilterLogEvents', { ...inGroup, logStreamNamePrefix: 'stream-1', limit: 5 });
  assert.ok(eventsOf(one).every(({ logStreamName }) => logStreamName?.startsWith('stream-1')));
  const named = await opened.call('FilterLogEvents', {
    ...inGroup,
    logStreamNames: ['stream-2', 'stream-3'],
  });
  assert.deepEqual(
    new Set(eventsOf(named).map(({ logStreamName }) => logStreamName)),
    new Set(['stream-2', 'stream-3']),
  );
});

test('streams are listed by name and by their last event, in pages', async () => {
  const opened = open();
  for (let index = 0; index < 7; index += 1) line(opened, 'x', `s${index}`, 100 - index);
  await opened.flush();
  const list = async (input: object) => {
    const names: string[] = [];
    let nextToken: unknown;
    do {
      const page = await opened.call('DescribeLogStreams', { ...inGroup, ...input, limit: 3, nextToken });
      names.push(
        ...(page['logStreams'] as { logStreamName: string }[]).map(({ logStreamName }) => logStreamName),
      );
      nextToken = page['nextToken'];
    } while (nextToken !== undefined);
    return names;
  };
  const byName = ['s0', 's1', 's2', 's3', 's4', 's5', 's6'];
  assert.deepEqual(await list({}), byName);
  assert.deepEqual(await list({ descending: true }), byName.toReversed());
  assert.deepEqual(await list({ orderBy: 'LastEventTime', descending: true }), byName);
  assert.deepEqual(await list({ orderBy: 'LastEventTime' }), byName.toReversed());
  await refused(
    opened.call('DescribeLogStreams', { ...inGroup, orderBy: 'LastEventTime', logStreamNamePrefix: 's' }),
    'InvalidParameterException',
    /Cannot order by LastEventTime/,
  );
});

test('a deleted group is gone with its events, also after opening again, and a new one of its name is empty', async () => {
  const opened = open();
  line(opened, 'old');
  await opened.flush();
  await opened.call('DeleteLogGroup', inGroup);
  await refused(
    opened.call('GetLogEvents', inStream),
    'ResourceNotFoundException',
    /log group does not exist/,
  );
  const again = opened.reopen();
  await refused(again.call('FilterLogEvents', inGroup), 'ResourceNotFoundException', /log group/);
  line(again, 'new');
  await again.flush();
  assert.deepEqual(messagesOf(await again.call('GetLogEvents', inStream)), ['new']);
  assert.deepEqual(messagesOf(await again.reopen().call('GetLogEvents', inStream)), ['new']);
});

test('a partition that is used again shows nothing of the stream before', async () => {
  const opened = open();
  line(opened, 'old', 'first');
  await opened.flush();
  const token = (await opened.call('GetLogEvents', { ...inGroup, logStreamName: 'first' }))[
    'nextForwardToken'
  ];
  await opened.call('DeleteLogStream', { ...inGroup, logStreamName: 'first' });
  line(opened, 'new', 'second');
  await opened.flush();
  assert.deepEqual(messagesOf(await opened.call('FilterLogEvents', inGroup)), ['new']);
  assert.deepEqual(messagesOf(await opened.reopen().call('FilterLogEvents', inGroup)), ['new']);
  assert.equal((await opened.journal.bounds('logs/0')).next, 2);
  assert.match(String(token), /^f\/\d{56}\/s$/);
  await refused(
    opened.call('GetLogEvents', { ...inGroup, logStreamName: 'second', nextToken: 'f/1/s' }),
    'InvalidParameterException',
    /nextToken is invalid/,
  );
});

test('writing to a stream while it is deleted loses nothing that comes after', async () => {
  const opened = open();
  line(opened, 'one');
  await opened.flush();
  line(opened, 'two');
  opened.clock.advance(100);
  const deleted = opened.call('DeleteLogStream', inStream);
  line(opened, 'three');
  opened.clock.advance(100);
  await deleted;
  await opened.flush();
  assert.equal(messagesOf(await opened.call('GetLogEvents', inStream)).at(-1), 'three');
  assert.deepEqual(opened.faults, []);
});

test('PutLogEvents is durable when it answers, and says which events it did not take', async () => {
  const opened = open();
  await opened.call('CreateLogGroup', inGroup);
  await opened.call('CreateLogStream', inStream);
  const now = opened.clock.wallMs();
  const day = 86_400_000;
  const put = (times: readonly number[]) =>
    opened.call('PutLogEvents', {
      ...inStream,
      logEvents: times.map((timestamp) => ({ timestamp, message: 'm' })),
    });
  assert.equal((await put([now, now + 1]))['rejectedLogEventsInfo'], undefined);
  assert.equal(messagesOf(await opened.reopen().call('GetLogEvents', inStream)).length, 2);
  assert.deepEqual((await put([now, now + 3 * 3_600_000]))['rejectedLogEventsInfo'], {
    tooNewLogEventStartIndex: 1,
    tooOldLogEventEndIndex: undefined,
    expiredLogEventEndIndex: undefined,
  });
  const old = await put([now - 14 * day - 1, now - 14 * day + 1]);
  assert.equal(
    (old['rejectedLogEventsInfo'] as { tooOldLogEventEndIndex: number }).tooOldLogEventEndIndex,
    1,
  );
  await refused(put([now, now - 1]), 'InvalidParameterException', /chronological/);
  await refused(put([now - 2 * day, now]), 'InvalidParameterException', /24 hours/);
  const big = { timestamp: now, message: 'x'.repeat(600_000) };
  await refused(
    opened.call('PutLogEvents', { ...inStream, logEvents: [big, big] }),
    'InvalidParameterException',
    /Upload too large/,
  );
});

test('while the store fails events wait, and are written in order once it works', async () => {
  const journal = memoryJournal();
  let broken = true;
  const failing: Journal = {
    append: async (...args) => {
      if (broken) throw new Error('disk full');
      return journal.append(...args);
    },
    read: (...args) => journal.read(...args),
    follow: (...args) => journal.follow(...args),
    bounds: (...args) => journal.bounds(...args),
    trim: (...args) => journal.trim(...args),
  };
  const opened = open({ journal: failing });
  line(opened, '1');
  await opened.flush();
  line(opened, '2');
  await opened.flush();
  assert.match(String(opened.faults[0]), /disk full/);
  const logEvents = [{ timestamp: opened.clock.wallMs(), message: 'p' }];
  const put = refused(
    opened.call('PutLogEvents', { ...inStream, logEvents }),
    'ServiceUnavailableException',
    /./,
  );
  await settle();
  opened.clock.advance(1_000);
  await put;
  broken = false;
  opened.clock.advance(1_000);
  await settle();
  assert.deepEqual(messagesOf(await opened.call('GetLogEvents', inStream)), ['1', '2']);
});

test('a line longer than an event may be is stored in pieces, and no character is broken', async () => {
  const opened = open();
  const message = 'é'.repeat(400_000);
  line(opened, message);
  await opened.flush();
  const pieces = messagesOf(await opened.call('GetLogEvents', inStream));
  assert.ok(pieces.length > 1);
  assert.equal(pieces.join(''), message);
});

test('groups can be named by ARN, tagged, and given a retention', async () => {
  const opened = open();
  const arn = `arn:aws:logs:us-east-1:000000000000:log-group:${group}`;
  await opened.call('CreateLogGroup', { ...inGroup, tags: { a: '1' } });
  await refused(opened.call('CreateLogGroup', inGroup), 'ResourceAlreadyExistsException', /already exists/);
  await opened.call('TagResource', { resourceArn: arn, tags: { b: '2' } });
  await opened.call('UntagResource', { resourceArn: `${arn}:*`, tagKeys: ['a'] });
  assert.deepEqual(await opened.call('ListTagsForResource', { resourceArn: arn }), { tags: { b: '2' } });
  await opened.call('PutRetentionPolicy', { ...inGroup, retentionInDays: 7 });
  await refused(
    opened.call('PutRetentionPolicy', { ...inGroup, retentionInDays: 8 }),
    'InvalidParameterException',
    /Member must satisfy enum value set/,
  );
  assert.deepEqual(messagesOf(await opened.call('FilterLogEvents', { logGroupIdentifier: arn })), []);
  const [described] = (await opened.reopen().call('DescribeLogGroups'))['logGroups'] as {
    retentionInDays: number;
  }[];
  assert.equal(described?.retentionInDays, 7);
});
