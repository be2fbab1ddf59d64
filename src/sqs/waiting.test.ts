/** Long polling: who waits is woken at once, in turn, and nothing is lost when somebody leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, refused, settle, type Opened } from './fixtures/opened.ts';

interface Waiting {
  readonly answer: Promise<readonly string[]>;
  readonly leave: () => void;
  state: 'waiting' | 'answered';
}

function wait({ call }: Opened, url: string, more: Readonly<Record<string, unknown>> = {}): Waiting {
  const leaving = new AbortController();
  const input = { QueueUrl: url, WaitTimeSeconds: 20, ...more };
  const answer = call('ReceiveMessage', input, leaving.signal).then((output) =>
    ((output['Messages'] ?? []) as readonly { Body: string }[]).map(({ Body }) => Body),
  );
  const waiting: Waiting = { answer, leave: () => leaving.abort(), state: 'waiting' };
  answer.then(
    () => (waiting.state = 'answered'),
    () => (waiting.state = 'answered'),
  );
  return waiting;
}

test('a message wakes who waits for it, at once', async () => {
  const opened = open();
  const url = await opened.create('q');
  const waiting = wait(opened, url);
  await settle();
  assert.equal(waiting.state, 'waiting');
  await opened.send(url, 'x');
  assert.deepEqual(await waiting.answer, ['x']);
});

test('without a message the wait ends when its time is over', async () => {
  const opened = open();
  const url = await opened.create('q', { ReceiveMessageWaitTimeSeconds: '7' });
  const waiting = wait(opened, url, { WaitTimeSeconds: undefined });
  await settle();
  opened.clock.advance(6999);
  await settle();
  assert.equal(waiting.state, 'waiting');
  opened.clock.advance(1);
  assert.deepEqual(await waiting.answer, []);
  assert.deepEqual(await wait(opened, url, { WaitTimeSeconds: 0 }).answer, []);
  await refused(opened.receive(url, { WaitTimeSeconds: 21 }), 'InvalidParameterValueException');
  await opened.sqs.close();
  assert.equal(opened.clock.timers, 0);
});

test('a message whose delay or visibility timeout passes wakes too', async () => {
  const opened = open({ limits: { recheckMs: 1_000_000 } });
  const url = await opened.create('q', { VisibilityTimeout: '6' });
  await opened.send(url, 'x', { DelaySeconds: 5 });
  const first = wait(opened, url);
  await settle();
  opened.clock.advance(5000);
  assert.deepEqual(await first.answer, ['x']);
  const second = wait(opened, url);
  await settle();
  opened.clock.advance(5999);
  await settle();
  assert.equal(second.state, 'waiting');
  opened.clock.advance(1);
  assert.deepEqual(await second.answer, ['x']);
});

test('a visibility that is ended wakes; so does the deletion that frees a group', async () => {
  const opened = open({ limits: { recheckMs: 1_000_000 } });
  const url = await opened.create('q');
  await opened.send(url, 'x');
  const [message] = await opened.receive(url);
  const waiting = wait(opened, url);
  await settle();
  const ended = { QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 };
  await opened.call('ChangeMessageVisibility', ended);
  assert.deepEqual(await waiting.answer, ['x']);

  const fifo = await opened.create('q.fifo', { ContentBasedDeduplication: 'true' });
  for (const body of ['1', '2']) await opened.send(fifo, body, { MessageGroupId: 'g' });
  const [first] = await opened.receive(fifo, { MaxNumberOfMessages: 1 });
  const next = wait(opened, fifo);
  await settle();
  assert.equal(next.state, 'waiting');
  await opened.call('DeleteMessage', { QueueUrl: fifo, ReceiptHandle: first?.ReceiptHandle });
  assert.deepEqual(await next.answer, ['2']);
});

test('those who wait are served in turn, one message each', async () => {
  const opened = open();
  const url = await opened.create('q');
  // The first reception of a queue counts what is in flight.
  assert.deepEqual(await opened.bodies(url), []);
  const line = Array.from({ length: 40 }, () => wait(opened, url));
  await settle();
  await opened.send(url, '0');
  await settle();
  assert.deepEqual(line.map(({ state }) => state).indexOf('waiting'), 1, 'the first alone');
  for (let index = 1; index < 40; index += 1) await opened.send(url, String(index));
  const answers = await Promise.all(line.map(({ answer }) => answer));
  assert.deepEqual(
    answers.map(([body]) => Number(body)),
    Array.from({ length: 40 }, (_, index) => index),
  );
});

test('a message that comes during the first look is not missed', async () => {
  const opened = open({ limits: { recheckMs: 1_000_000 } });
  const url = await opened.create('q');
  for (let round = 0; round < 20; round += 1) {
    const waiting = wait(opened, url);
    for (let turn = 0; turn < round % 7; turn += 1) await Promise.resolve();
    await opened.send(url, String(round));
    assert.deepEqual(await waiting.answer, [String(round)]);
  }
});

test('a client that leaves frees its place, and what was meant for it goes to others', async () => {
  const opened = open({ limits: { waitersMax: 2, recheckMs: 1_000_000 } });
  const url = await opened.create('q');
  const [gone, stays] = [wait(opened, url), wait(opened, url)];
  await settle();
  await refused(opened.receive(url, { WaitTimeSeconds: 1 }), 'RequestThrottled');
  gone.leave();
  assert.deepEqual(await gone.answer, []);
  await opened.send(url, 'x');
  assert.deepEqual(await stays.answer, ['x']);

  // Leaving at the very moment at which the message comes loses nothing either.
  for (let turns = 0; turns < 12; turns += 1) {
    const leaver = wait(opened, url);
    await settle();
    const sending = opened.send(url, String(turns));
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    leaver.leave();
    await sending;
    const got = await leaver.answer;
    await settle();
    const rest = await opened.bodies(url);
    assert.deepEqual([...got, ...rest], [String(turns)]);
  }
});

test('closing ends every wait', async () => {
  const opened = open();
  const url = await opened.create('q');
  const waiting = wait(opened, url);
  await settle();
  opened.sqs.stopWaiting();
  assert.deepEqual(await waiting.answer, []);
  assert.deepEqual(await wait(opened, url).answer, []);
});
