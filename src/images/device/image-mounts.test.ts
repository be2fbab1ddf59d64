/** One mount however many use it; idle ones go after a while or when room is needed, broken ones at their last release. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FakeClock } from '#platform';
import { ImageMountTable, type MountDevice } from './image-mounts.ts';
import type { Mounted } from './messages.ts';
import type { MountCounts, MountedImage } from './mounted.ts';

const idleMs = 1000;

class FakeDevice implements MountDevice {
  readonly live = new Map<number, string>();
  readonly lost = new Map<number, () => void>();
  failing = false;
  closed = false;
  #numbered = 0;

  async mount(image: string, lost: () => void): Promise<Mounted> {
    await Promise.resolve();
    if (this.failing) throw new Error('no store');
    this.#numbered += 1;
    this.live.set(this.#numbered, image);
    this.lost.set(this.#numbered, lost);
    return { mount: this.#numbered, directory: `/mounts/${this.#numbered}` };
  }
  async unmount({ mount }: Mounted): Promise<void> {
    assert.ok(this.live.delete(mount), 'unmounted twice');
  }
  async counts(): Promise<MountCounts> {
    const zone = { wrongShards: 0, failures: 0, notKept: 0 };
    return {
      zone,
      memoryHits: 0,
      hits: {},
      corrupt: {},
      failures: {},
      hedged: 0,
      won: 0,
      mounted: this.live.size,
    };
  }
  async close(): Promise<void> {
    this.closed = true;
    this.live.clear();
  }
}

const world = (mountsMax = 3): { device: FakeDevice; clock: FakeClock; mounts: ImageMountTable } => {
  const device = new FakeDevice();
  const clock = new FakeClock();
  const mounts = new ImageMountTable({ device, clock, idleMs, mountsMax, warn: assert.fail });
  return { device, clock, mounts };
};
const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an image is mounted once, and unmounted a while after its last use', async () => {
  const { device, clock, mounts } = world();
  const uses = await Promise.all([mounts.mount('a'), mounts.mount('a'), mounts.mount('b')]);
  assert.deepEqual([...device.live.values()].sort(), ['a', 'b']);
  assert.equal(uses[0].directory, uses[1].directory);
  await uses[0].release();
  await uses[0].release();
  clock.advance(idleMs);
  await settled();
  assert.equal(device.live.size, 2, 'the other use counts');
  await uses[1].release();
  clock.advance(idleMs - 1);
  const again = await mounts.mount('a');
  assert.equal(again.directory, uses[0].directory);
  clock.advance(idleMs);
  await settled();
  assert.equal(device.live.size, 2);
  await again.release();
  clock.advance(idleMs);
  await settled();
  assert.deepEqual([...device.live.values()], ['b']);
});

test('a mount that fails is tried again by the next one', async () => {
  const { device, mounts } = world();
  device.failing = true;
  const both = await Promise.allSettled([mounts.mount('a'), mounts.mount('a')]);
  assert.ok(both.every(({ status }) => status === 'rejected'));
  device.failing = false;
  await (await mounts.mount('a')).release();
  assert.equal(device.live.size, 1);
});

test('when all places are taken the longest idle makes room, and none if all are used', async () => {
  const { device, mounts } = world(2);
  const [a, b] = [await mounts.mount('a'), await mounts.mount('b')];
  await assert.rejects(mounts.mount('c'), /2 images are mounted already/);
  await b.release();
  await a.release();
  await mounts.mount('c');
  await settled();
  assert.deepEqual([...device.live.values()], ['a', 'c']);
});

test('a mount that broke is not handed out again, and goes with its last user', async () => {
  const { device, mounts } = world();
  const first = await mounts.mount('a');
  device.lost.get(1)?.();
  const second = await mounts.mount('a');
  assert.notEqual(second.directory, first.directory);
  await first.release();
  await settled();
  assert.deepEqual([...device.live.keys()], [2]);
  await second.release();
  device.lost.get(2)?.();
  device.lost.get(2)?.();
  await settled();
  assert.equal(device.live.size, 0, 'an idle one goes at once');
});

test('closing takes everything down, and what is released later does nothing', async () => {
  const { device, clock, mounts } = world();
  const use = await mounts.mount('a');
  await mounts.close();
  assert.ok(device.closed);
  await use.release();
  clock.advance(idleMs);
  await settled();
  await assert.rejects(mounts.mount('a'), /closed/);
});

test('in any order of uses, what is used is mounted, once, and nothing stays for ever', async () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('mount', 'release', 'pass', 'lose'), fc.nat(9)), {
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (ops) => {
      const { device, clock, mounts } = world();
      const uses: { image: string; use: MountedImage }[] = [];
      for (const [op, pick] of ops) {
        const image = 'abcd'[pick % 4] ?? 'a';
        if (op === 'mount') {
          const used = new Set(uses.map((each) => each.image));
          const use = await mounts.mount(image).catch(() => undefined);
          if (use !== undefined) uses.push({ image, use });
          else assert.ok(used.size === 3 && !used.has(image));
        } else if (op === 'release') {
          for (const { use } of uses.splice(pick % Math.max(1, uses.length), 1)) await use.release();
        } else if (op === 'pass') clock.advance(pick * 200);
        else device.lost.get(pick)?.();
        await settled();
        for (const { use } of uses) {
          const number = Number(use.directory.split('/').at(-1));
          assert.ok(device.live.has(number), `${use.directory} is used`);
        }
      }
      for (const { use } of uses) await use.release();
      clock.advance(idleMs);
      await settled();
      assert.equal(device.live.size, 0);
      assert.equal(clock.timers, 0);
    }),
    { numRuns: 300 },
  );
});
