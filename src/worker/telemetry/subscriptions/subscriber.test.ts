/** How batches reach an extension that takes them, takes them late, or does not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock } from '#platform';
import { backlogBatchesMax, deliveryAttemptsMax, deliveryMsMax } from '../../limits.ts';
import { Subscriber } from './subscriber.ts';
import type { Subscription } from './subscription.ts';

const subscription: Subscription = {
  api: 'telemetry',
  schemaVersion: '2022-12-13',
  types: ['function'],
  destination: { protocol: 'HTTP', port: 1, path: '/', method: 'POST' },
  buffering: { maxItems: 1_000, maxBytes: 262_144, timeoutMs: 100 },
};

class Sink {
  readonly clock = new FakeClock();
  readonly bodies: string[] = [];
  readonly open: ((taken: boolean) => void)[] = [];
  readonly subscriber: Subscriber;

  constructor(answer: boolean | 'later') {
    this.subscriber = new Subscriber(subscription, this.clock, (_destination, body) => {
      this.bodies.push(body);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      if (answer === 'later') this.open.push(resolve);
      else resolve(answer);
      return { done: promise, cancel: () => resolve(false) };
    });
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turn();
  }
}

test('a batch goes out when it is old enough, or full', async () => {
  const sink = new Sink(true);
  sink.subscriber.push('1');
  sink.subscriber.push('2');
  await sink.pass(99);
  assert.deepEqual(sink.bodies, []);
  await sink.pass(1);
  assert.deepEqual(sink.bodies, ['[1,2]']);
  for (let index = 0; index < 1_000; index += 1) sink.subscriber.push('3');
  assert.equal(sink.bodies.length, 2);
  await turn();
  assert.equal(sink.clock.timers, 0);
});

test('one batch at a time; what waits meanwhile is bounded, and what was dropped is told', async () => {
  const sink = new Sink('later');
  const item = JSON.stringify('x'.repeat(10_000));
  for (let index = 0; index < 400; index += 1) sink.subscriber.push(item);
  assert.equal(sink.bodies.length, 1);
  await sink.pass(100);
  assert.equal(sink.bodies.length, 1);
  for (let rounds = 0; rounds < 20; rounds += 1) {
    sink.open.shift()?.(true);
    await sink.pass(100);
  }
  const items = sink.bodies.flatMap((body) => JSON.parse(body) as unknown[]);
  const told = items.filter((one) => typeof one === 'object') as { record: { droppedRecords: number } }[];
  const dropped = told.reduce((sum, { record }) => sum + record.droppedRecords, 0);
  assert.equal(items.length - told.length + dropped, 400);
  assert.ok(items.length - told.length <= (backlogBatchesMax + 1) * 27);
  assert.match(JSON.stringify(told[0]), /platform\.logsDropped.*fallen behind/);
});

test('a dead destination is tried a few times, then its batch is dropped; nothing is left running', async () => {
  const sink = new Sink(false);
  sink.subscriber.push('1');
  for (let rounds = 0; rounds < 10; rounds += 1) await sink.pass(1_000);
  assert.equal(sink.bodies.length, deliveryAttemptsMax);
  assert.equal(sink.clock.timers, 0);
  sink.subscriber.push('2');
  await sink.pass(100);
  assert.match(sink.bodies.at(-1) ?? '', /^\[\{.*"droppedRecords":1,.*\},2\]$/);
});

test('a destination that never answers is cut off', async () => {
  const sink = new Sink('later');
  sink.subscriber.push('1');
  await sink.pass(100);
  await sink.pass(deliveryMsMax);
  await sink.pass(1_000);
  assert.equal(sink.bodies.length, 2);
});

test('what does not get through while the sandbox stands still is kept, and comes when it goes on', async () => {
  const sink = new Sink('later');
  sink.subscriber.push('1');
  sink.subscriber.rest();
  assert.deepEqual(sink.bodies, ['[1]']);
  sink.open.shift()?.(false);
  await sink.pass(60_000);
  assert.equal(sink.bodies.length, 1);
  assert.equal(sink.clock.timers, 0);
  sink.subscriber.wake();
  assert.deepEqual(sink.bodies, ['[1]', '[1]']);
});

test('once the sandbox leaves nothing waits, and when it is gone nothing is left', async () => {
  const sink = new Sink('later');
  sink.subscriber.leave();
  sink.subscriber.push('1');
  sink.subscriber.flush();
  assert.deepEqual(sink.bodies, ['[1]']);
  sink.subscriber.push('2');
  sink.subscriber.end();
  sink.subscriber.push('3');
  await sink.pass(60_000);
  assert.equal(sink.bodies.length, 1);
  assert.equal(sink.clock.timers, 0);
});
