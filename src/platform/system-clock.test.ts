/** Tests of the machine's clock and chance. What they wait for is a millisecond or so, and no duration is asserted from above. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { seededEntropy, seededRandom, systemClock, systemEntropy, systemRandom } from '#platform';

/** Keeps the process alive, which the clock's timers do not. */
async function awake<Result>(waiting: Promise<Result>): Promise<Result> {
  const keeper = setInterval(() => {}, 60_000);
  try {
    return await waiting;
  } finally {
    clearInterval(keeper);
  }
}

test('a timer never fires early', async () => {
  const delaysMs = [0, 0.1, 0.9, 1, 1.5, 2.01, 3, 4.999];
  await awake(
    Promise.all(
      delaysMs.map(async (delayMs) => {
        const startMs = systemClock.monotonicMs();
        await new Promise<void>((resolve) => {
          systemClock.after(delayMs, resolve);
        });
        assert.ok(systemClock.monotonicMs() - startMs >= delayMs);
      }),
    ),
  );
});

test('a timer that is cancelled, or due in months, does not fire now', async () => {
  const fired: string[] = [];
  const cancels = [
    systemClock.after(1, () => fired.push('cancelled')),
    systemClock.after(2 ** 31 + 1000, () => fired.push('months')),
    systemClock.after(Infinity, () => fired.push('never')),
  ];
  cancels[0]?.();
  await awake(
    new Promise<void>((resolve) => {
      systemClock.after(5, resolve);
    }),
  );
  for (const cancel of cancels) cancel();
  assert.deepEqual(fired, []);
});

test('timers do not keep the process alive', () => {
  const module = JSON.stringify(new URL('system-clock.ts', import.meta.url).href);
  const program = `import(${module}).then(({ systemClock }) => systemClock.after(3_600_000, () => {}))`;
  const { status } = spawnSync(process.execPath, ['-e', program], { timeout: 60_000 });
  assert.equal(status, 0);
});

test('wall time is whole milliseconds', () => {
  assert.ok(Number.isInteger(systemClock.wallMs()));
});

const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('entropy gives bytes of any count and UUIDs of version 4', () => {
  for (const entropy of [systemEntropy, seededEntropy(7)]) {
    assert.equal(entropy.bytes(0).byteLength, 0);
    assert.equal(entropy.bytes(33).byteLength, 33);
    const uuids = Array.from({ length: 100 }, () => entropy.uuid());
    assert.equal(new Set(uuids).size, 100);
    for (const uuid of uuids) assert.match(uuid, uuid4);
  }
  assert.notDeepEqual(systemEntropy.bytes(16), systemEntropy.bytes(16));
});

test('seeded chance repeats itself', () => {
  assert.deepEqual(seededEntropy(3).bytes(20), seededEntropy(3).bytes(20));
  assert.equal(seededEntropy(3).uuid(), seededEntropy(3).uuid());
  assert.notEqual(seededEntropy(3).uuid(), seededEntropy(4).uuid());
  assert.equal(seededRandom(3).next(), seededRandom(3).next());
  const number = systemRandom.next();
  assert.ok(number >= 0 && number < 1);
});
