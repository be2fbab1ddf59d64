/** Pollers of one queue and one leasing service: what one had when it died is taken over by another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryQueue } from '#engines/memory';
import { accountId } from '#frontend/fixtures';
import { FakeClock, type Queue, seededEntropy } from '#platform';
import { Depths } from './depths.ts';
import { encodeEvent, type QueuedEvent } from './event.ts';
import { settled } from './fixtures/world.ts';
import { Leasing } from './leasing.ts';
import { limitsDefault } from './limits.ts';
import { firstLayout, Placement, shardsOf } from './placement.ts';
import { Poller } from './poller.ts';

const layout = firstLayout(8);
const shards = shardsOf(layout);
const clock = new FakeClock();
const queue = memoryQueue({ clock, entropy: seededEntropy(1) });
const leasing = new Leasing(shards, limitsDefault.leaseMs);
const names = (prefix: string): string[] => shards.map((_, index) => `${prefix}-${index}`);
const never = (): Promise<never> => new Promise(() => {});

interface Member {
  readonly poller: Poller;
  readonly processed: string[];
  /** From now on nothing that it asks is answered, and nothing that it began ends. */
  die(): void;
}

/** A poller that is a process of its own as far as the others can see. */
function member(id: string): Member {
  const processed: string[] = [];
  let alive = true;
  const mortal = <Args extends readonly unknown[], Result>(
    call: (...args: Args) => Promise<Result>,
  ): ((...args: Args) => Promise<Result>) => {
    return (...args) => (alive ? call(...args).then((result) => (alive ? result : never())) : never());
  };
  const own: Pick<Queue, 'receive' | 'delete' | 'move' | 'changeVisibility' | 'nextVisibleMs'> = {
    receive: mortal(queue.receive.bind(queue)),
    delete: mortal(queue.delete.bind(queue)),
    move: mortal(queue.move.bind(queue)),
    changeVisibility: mortal(queue.changeVisibility.bind(queue)),
    nextVisibleMs: mortal(queue.nextVisibleMs.bind(queue)),
  };
  leasing.join(id, clock.monotonicMs());
  const poller = new Poller({
    id,
    queue: own,
    clock,
    limits: limitsDefault,
    placement: new Placement(layout, 3),
    depths: new Depths(),
    heartbeat: mortal((held: readonly string[]) =>
      Promise.resolve(leasing.heartbeat(id, held, clock.monotonicMs())),
    ),
    process: mortal(async ({ requestId }: QueuedEvent) => {
      processed.push(requestId);
      // In work for a while.
      await new Promise<void>((resolve) => void clock.after(500, resolve));
      return { effect: { kind: 'delete' }, outcome: 'succeeded' } as const;
    }),
    place: () => shards[0] ?? '',
    isFlooded: () => false,
    onReturned: () => {},
    onProcessed: () => {},
    onTrouble: (message, error) => assert.fail(`${message}: ${String(error)}`),
  });
  return { poller, processed, die: () => void (alive = false) };
}

async function send(requestId: string, shard: string): Promise<void> {
  const event: QueuedEvent = {
    requestId,
    accountId,
    functionName: 'f',
    functionId: 'f',
    callerArn: '',
    acceptedAtMs: 0,
    traceId: '',
    invokes: 0,
    refusals: 0,
    payload: new Uint8Array(0),
  };
  await queue.send(shard, [{ body: encodeEvent(event) }]);
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    clock.advance(250);
    await settled();
  }
}

test('the shards of a poller that dies, and what it had in hand, are taken over when its lease and its hold on them end', async () => {
  const [first, second] = [member('first'), member('second')];
  for (const { poller } of [first, second]) poller.start();
  await pass(2 * limitsDefault.heartbeatMs);
  for (const [index, shard] of shards.entries()) await send(`before-${index}`, shard);
  for (const { poller } of [first, second]) for (const shard of shards) poller.ring(shard, 0);
  await settled();
  assert.equal(first.processed.length, 4, 'each has half of the shards');
  assert.equal(second.processed.length, 4);
  first.die();
  for (const [index, shard] of shards.entries()) await send(`after-${index}`, shard);
  for (const shard of shards) second.poller.ring(shard, 0);
  await pass(limitsDefault.leaseMs - 2 * limitsDefault.heartbeatMs);
  assert.equal(second.processed.length, 8, 'not before the lease has ended');
  await pass(2 * limitsDefault.leaseMs + limitsDefault.lookMs);
  assert.deepEqual([...new Set(second.processed)].sort(), [...names('after'), ...names('before')].sort());
  assert.equal(second.processed.length, 16, 'none ran twice with the one that lived');
  for (const shard of shards) {
    assert.deepEqual(await queue.depth(shard), { visible: 0, inFlight: 0, delayed: 0 });
  }
  await second.poller.stop(0);
});
