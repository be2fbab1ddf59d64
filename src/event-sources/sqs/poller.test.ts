/** The pollers of one mapping, on a clock that is advanced: what they receive, when they invoke, and what they leave alone. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { FakeClock, seededRandom } from '#platform';
import { FakeQueue } from '../fixtures/fake-queue.ts';
import { HeldBytes } from '../held-bytes.ts';
import type { Invoked } from '../invoker.ts';
import { limitsDefault } from '../limits.ts';
import type { MappingRecord } from '../mapping.ts';
import type { MappingSettings } from '../mapping-settings.ts';
import { QueuePoller } from './poller.ts';

interface Call {
  readonly bodies: readonly string[];
  answer(outcome?: Invoked): Promise<void>;
}

interface World {
  readonly clock: FakeClock;
  readonly queue: FakeQueue;
  readonly poller: QueuePoller;
  /** Invokes, answered or not. */
  readonly calls: Call[];
  readonly held: HeldBytes;
  readonly mapping: MappingRecord;
  obstacle: string | undefined;
  readonly advance: (this: void, ms: number) => Promise<void>;
}

const answered: Invoked = { kind: 'answered', payload: Buffer.from('null') };

/** Everything that has been started and waits for no time goes on. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}

const mappingOf = (settings: Partial<MappingSettings>, kind: 'sqs' | 'sqs-fifo'): MappingRecord => ({
  accountId: '000000000000',
  region: 'us-east-1',
  functionName: 'hello',
  uuid: 'u',
  kind,
  eventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:jobs',
  settings: { BatchSize: 10, ...settings },
  enabled: true,
  transition: 'Creating',
  changedAtMs: 0,
  tags: {},
});

async function open(
  t: TestContext,
  settings: Partial<MappingSettings> = {},
  {
    kind = 'sqs',
    heldBytesMax = 1e9,
  }: { readonly kind?: 'sqs' | 'sqs-fifo'; readonly heldBytesMax?: number } = {},
): Promise<World> {
  const clock = new FakeClock();
  const queue = new FakeQueue(clock);
  const held = new HeldBytes(heldBytesMax);
  const calls: Call[] = [];
  const mapping = mappingOf(settings, kind);
  const poller = new QueuePoller({
    mapping,
    queue,
    invoke: (_mapping, event) =>
      new Promise((resolve) => {
        const { Records } = JSON.parse(Buffer.from(event).toString()) as { Records: { body: string }[] };
        calls.push({
          bodies: Records.map(({ body }) => body),
          answer(outcome = answered) {
            resolve(outcome);
            return turns();
          },
        });
      }),
    obstacle: () => world.obstacle,
    held,
    clock,
    random: seededRandom(1),
    limits: limitsDefault,
    onCount: () => {},
  });
  const world: World = {
    clock,
    queue,
    poller,
    calls,
    held,
    mapping,
    obstacle: undefined,
    advance(ms) {
      clock.advance(ms);
      return turns();
    },
  };
  poller.start();
  await turns();
  t.after(() => poller.stop());
  return world;
}

const bodies = (count: number, name = 'm'): string[] =>
  Array.from({ length: count }, (_, index) => `${name}${index}`);
const text = (value: unknown): Invoked => ({ kind: 'answered', payload: Buffer.from(JSON.stringify(value)) });

test('five batches are in work at first, and more as the queue stays full', async (t) => {
  const { queue, calls, advance } = await open(t, { BatchSize: 2 });
  queue.send(bodies(40));
  await turns();
  assert.equal(calls.length, 5);
  assert.deepEqual(calls[0]?.bodies, ['m0', 'm1']);
  assert.equal(queue.receptions, 1, 'no more is received than there are slots for');
  for (let look = 0; look < 4; look += 1) await advance(250);
  assert.equal(calls.length, 10);
});

test('what a function has done is deleted, and what it failed at is left alone until it is visible again', async (t) => {
  const { queue, calls, advance } = await open(t, { BatchSize: 1 });
  queue.send(['good', 'bad']);
  await turns();
  await calls[0]?.answer();
  await calls[1]?.answer({ kind: 'failed' });
  assert.deepEqual(queue.deleted, ['good']);
  await advance(29_999);
  assert.equal(calls.length, 2);
  await advance(21_000);
  assert.deepEqual(calls[2]?.bodies, ['bad']);
});

test('a window waits for more, but not beyond half of the visibility timeout', async (t) => {
  const { queue, calls, advance } = await open(t, { BatchSize: 100, MaximumBatchingWindowInSeconds: 10 });
  queue.send(['a']);
  await turns();
  await advance(9_000);
  queue.send(['b']);
  await turns();
  assert.equal(calls.length, 0);
  await advance(1_000);
  assert.deepEqual(calls[0]?.bodies, ['a', 'b']);
  queue.visibilityTimeoutMs = 4_000;
  queue.send(['c']);
  await turns();
  await advance(2_000);
  assert.deepEqual(calls[1]?.bodies, ['c']);
});

test('an invoke that is throttled is tried again, until the messages may be with others', async (t) => {
  const { queue, calls, advance } = await open(t, { BatchSize: 1 });
  queue.send(['a']);
  await turns();
  await calls[0]?.answer({ kind: 'throttled' });
  await advance(200);
  assert.deepEqual(calls[1]?.bodies, ['a']);
  await calls[1]?.answer();
  assert.deepEqual(queue.deleted, ['a']);
  queue.visibilityTimeoutMs = 3_000;
  queue.send(['b']);
  await turns();
  for (let tries = 0; tries < 10; tries += 1) {
    await calls.at(-1)?.answer({ kind: 'throttled' });
    await advance(600);
  }
  assert.ok(calls.length < 12);
  assert.equal(queue.left, 1);
});

test('throttles and failures take concurrency away, failures that are reported do not', async (t) => {
  const failing = await open(t, { BatchSize: 1 });
  failing.queue.send(['a']);
  await turns();
  await failing.calls[0]?.answer({ kind: 'failed' });
  assert.equal(failing.poller.concurrency, 3);
  const reporting = await open(t, { BatchSize: 1, FunctionResponseTypes: ['ReportBatchItemFailures'] });
  reporting.queue.send(['a']);
  await turns();
  await reporting.calls[0]?.answer({ kind: 'failed' });
  assert.equal(reporting.poller.concurrency, 5);
});

test('only what the function names is left, where the mapping asks for it', async (t) => {
  const { queue, calls } = await open(t, { FunctionResponseTypes: ['ReportBatchItemFailures'] });
  queue.send(['a', 'b', 'c']);
  await turns();
  await calls[0]?.answer(text({ batchItemFailures: [{ itemIdentifier: 'id-b' }] }));
  assert.deepEqual(queue.deleted, ['a', 'c']);
  const unasked = await open(t);
  unasked.queue.send(['a', 'b']);
  await turns();
  await unasked.calls[0]?.answer(text({ batchItemFailures: [{ itemIdentifier: 'id-b' }] }));
  assert.deepEqual(unasked.queue.deleted, ['a', 'b']);
});

test('of a FIFO group, what comes after a failure stays, and no second batch is in work', async (t) => {
  const settings = { BatchSize: 3, FunctionResponseTypes: ['ReportBatchItemFailures'] };
  const { queue, calls } = await open(t, settings, { kind: 'sqs-fifo' });
  queue.send(['a1', 'a2', 'a3', 'a4'], 'a');
  queue.send(['b1'], 'b');
  await turns();
  // The queue of this test hands out messages of a group that is in work, which are put back.
  assert.deepEqual(
    calls.map((call) => call.bodies),
    [['a1', 'a2', 'a3'], ['b1']],
  );
  assert.ok(queue.released.includes('a4'));
  await calls[0]?.answer(text({ batchItemFailures: [{ itemIdentifier: 'id-a2' }] }));
  assert.deepEqual(queue.deleted, ['a1']);
});

test('a stop receives nothing more, puts back what waits, and sees to its end what runs', async (t) => {
  const { queue, calls, poller } = await open(t, { BatchSize: 2, MaximumBatchingWindowInSeconds: 20 });
  queue.send(['a', 'b', 'c']);
  await turns();
  assert.deepEqual(
    calls.map((call) => call.bodies),
    [['a', 'b']],
  );
  await poller.stop();
  const { receptions } = queue;
  await calls[0]?.answer();
  await poller.idle();
  assert.deepEqual([queue.deleted, queue.released], [['a', 'b'], ['c']]);
  queue.send(['d']);
  await turns();
  assert.equal(queue.receptions, receptions);
  assert.equal(queue.waiting, 0);
});

test('what stands in the way is told, waited for, and forgotten', async (t) => {
  const world = await open(t);
  const { queue, poller, calls, advance } = world;
  queue.trouble = { kind: 'absent' };
  await advance(20_000);
  assert.equal(poller.problem, 'The specified queue does not exist.');
  const { receptions } = queue;
  await advance(600);
  assert.ok(queue.receptions <= receptions + 1);
  queue.trouble = undefined;
  for (let look = 0; look < 8; look += 1) await advance(1_000);
  assert.equal(queue.waiting, 1);
  world.obstacle = 'no permission';
  queue.send(['a']);
  await turns();
  assert.deepEqual([calls.length, queue.released], [0, ['a']], 'what came meanwhile goes back');
  assert.equal(poller.problem, 'no permission');
  world.obstacle = undefined;
  for (let look = 0; look < 8; look += 1) await advance(1_000);
  assert.deepEqual(calls[0]?.bodies, ['a']);
  assert.equal(poller.problem, undefined);
});

test('a change of the mapping holds for what is received from then on', async (t) => {
  const { queue, calls, poller, mapping } = await open(t, { BatchSize: 1 });
  const Filters = [{ Pattern: '{"body":[{"prefix":"x"}]}' }];
  poller.reconfigure({ ...mapping, settings: { BatchSize: 3, FilterCriteria: { Filters } } });
  queue.send(['x1', 'y', 'x2', 'x3']);
  await turns();
  assert.deepEqual(
    calls.map((call) => call.bodies),
    [['x1', 'x2', 'x3']],
  );
  assert.deepEqual(queue.deleted, ['y']);
});

test('what cannot be deleted is tried again while the messages are hidden', async (t) => {
  const { queue, calls, advance } = await open(t, { BatchSize: 1 });
  queue.holdsOn = true;
  queue.send(['a']);
  await turns();
  await calls[0]?.answer();
  queue.holdsOn = false;
  await advance(200);
  assert.deepEqual(queue.deleted, ['a']);
});

const large = (name: string): string => name + '"'.repeat(1_000_000);

test('batches are cut by what an invoke takes', async (t) => {
  const { queue, calls } = await open(t, { BatchSize: 10 });
  queue.send(['1', '2', '3', '4'].map(large));
  await turns();
  assert.deepEqual(
    calls.map((call) => call.bodies.map((body) => body[0])),
    [['1', '2', '3'], ['4']],
  );
});

test('a queue that does not wait is asked about once in a second', async (t) => {
  const { queue, calls, advance } = await open(t);
  queue.hasty = true;
  queue.send(['a']);
  await turns();
  await calls[0]?.answer();
  const { receptions } = queue;
  for (let tenth = 0; tenth < 200; tenth += 1) await advance(100);
  const asked = queue.receptions - receptions;
  assert.ok(asked > 10 && asked < 40, `${asked} times in 20 seconds`);
  queue.send(['b']);
  await advance(1_250);
  assert.deepEqual(calls[1]?.bodies, ['b']);
});

test('nothing is received while too much is held', async (t) => {
  const { queue, calls, held } = await open(t, { BatchSize: 1 }, { heldBytesMax: 10 });
  queue.send(['a']);
  await turns();
  const { receptions } = queue;
  queue.send(['b']);
  await turns();
  assert.equal(queue.receptions, receptions);
  await calls[0]?.answer();
  assert.deepEqual(calls[1]?.bodies, ['b']);
  await calls[1]?.answer();
  assert.equal(held.bytes, 0);
});

test('who holds nothing receives a little, however much others hold', async (t) => {
  const { queue, calls, held } = await open(t, { BatchSize: 1 }, { heldBytesMax: 10 });
  held.add(1_000);
  queue.send(['a']);
  await turns();
  assert.deepEqual(calls[0]?.bodies, ['a']);
  queue.send(['b']);
  await turns();
  assert.equal(calls.length, 1);
});

test('receptions ask for as many as are likely to fit', async (t) => {
  const { queue, calls } = await open(t, { BatchSize: 1_000, MaximumBatchingWindowInSeconds: 1 });
  queue.send(bodies(500));
  await turns();
  assert.ok(queue.receptions >= 6 && queue.receptions <= 8, 'ten at first, then a hundred each');
  assert.equal(calls.length, 0);
});
