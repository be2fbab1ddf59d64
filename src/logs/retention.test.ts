/** What is forgotten: by age, by size, by number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inGroup, inStream, line, messagesOf, open, settle } from './fixtures/opened.ts';

test('what is too old is forgotten, and so is an empty stream that no client made', async () => {
  const opened = open({ limits: { batchBytesMax: 30 } });
  await opened.call('CreateLogGroup', inGroup);
  await opened.call('CreateLogStream', { ...inGroup, logStreamName: 'kept' });
  line(opened, 'old', 'fleeting');
  line(opened, 'old');
  await opened.flush();
  await opened.call('PutRetentionPolicy', { ...inGroup, retentionInDays: 3 });
  for (let day = 0; day < 4; day += 1) {
    opened.clock.advance(86_400_000);
    await settle();
    line(opened, `day ${day}`);
    await opened.flush();
  }
  opened.clock.advance(60_000);
  await settle();
  assert.deepEqual(
    messagesOf(await opened.call('GetLogEvents', inStream)),
    ['day 0', 'day 1', 'day 2', 'day 3'].slice(1),
  );
  const { logStreams } = await opened.call('DescribeLogStreams', inGroup);
  assert.deepEqual(
    (logStreams as { logStreamName: string }[]).map(({ logStreamName }) => logStreamName),
    ['kept', 's'],
  );
});

test('a group holds no more than its bound: the oldest go first', async () => {
  const opened = open({ limits: { batchBytesMax: 200, groupBytesMax: 3_000_000, totalBytesMax: 1e9 } });
  await opened.call('DescribeLogGroups');
  for (let index = 0; index < 60; index += 1) {
    line(opened, `${index} ${'x'.repeat(100_000)}`, `s${index % 2}`, index);
    await opened.flush();
  }
  await settle();
  const [described] = (await opened.call('DescribeLogGroups'))['logGroups'] as { storedBytes: number }[];
  assert.ok((described?.storedBytes ?? 0) <= 3_000_000);
  assert.ok((described?.storedBytes ?? 0) > 1_000_000);
  const numbers: number[] = [];
  let nextToken: unknown;
  do {
    const page = await opened.call('FilterLogEvents', { ...inGroup, nextToken });
    numbers.push(...messagesOf(page).map((message) => Number.parseInt(message, 10)));
    nextToken = page['nextToken'];
  } while (nextToken !== undefined);
  assert.equal(numbers.at(-1), 59);
  assert.ok(!numbers.includes(0));
  const after = opened.reopen();
  await after.call('DescribeLogStreams', inGroup);
  const [same] = (await after.call('DescribeLogGroups'))['logGroups'] as { storedBytes: number }[];
  assert.equal(same?.storedBytes, described?.storedBytes);
});

test('with too many streams the longest unused is forgotten', async () => {
  const opened = open({ limits: { streamsMax: 3 } });
  for (let index = 0; index < 5; index += 1) {
    line(opened, 'x', `s${index}`);
    await opened.flush();
    opened.clock.advance(1_000);
    await settle();
  }
  const { logStreams } = await opened.call('DescribeLogStreams', inGroup);
  assert.deepEqual(
    (logStreams as { logStreamName: string }[]).map(({ logStreamName }) => logStreamName),
    ['s2', 's3', 's4'],
  );
});
