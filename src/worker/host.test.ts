/** What the host and its operator do to a worker: it stands still, directories are closed or removed, memory is counted. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { answerOf, World } from './fixtures/world.ts';
import { removeTree } from './sandbox/process/removal.ts';

const nobody = 65_534;

test('an answer that was there in time counts, although it is read after the deadline', async () => {
  await using world = new World();
  const worker = await world.open();
  const environmentId = world.id();
  await worker.create({ environmentId, version: world.version() });
  const path = join(world.root, 'answered');
  const outcome = worker.invoke(environmentId, world.request({ do: 'answer-and-mark', path }));
  // Nothing of this process runs until the function has answered, and then the timer is first.
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let looks = 0; !existsSync(path); looks += 1) {
    assert.ok(looks < 20_000, 'the function answers');
    Atomics.wait(pause, 0, 0, 1);
  }
  world.clock.leap(20_000);
  assert.equal(answerOf(await outcome), 'answered');
  await world.until(() => world.log.includes('REPORT'));
  assert.match(world.log, /\tDuration: 3000\.00 ms\t/, 'no more than the timeout is charged');
  assert.deepEqual(
    world.events.map(({ kind }) => kind),
    ['idle'],
  );
});

test('the memory of a first invoke counts, however short it is', async () => {
  await using world = new World();
  const worker = await world.open();
  const environmentId = world.id();
  await worker.create({ environmentId, version: world.version() });
  await worker.invoke(environmentId, world.request({ do: 'allocate', mb: 96 }));
  await world.until(() => world.log.includes('REPORT'));
  const used = Number(/Max Memory Used: (\d+) MB/.exec(world.log)?.[1]);
  assert.ok(used >= 96, `${used} MB`);
});

test('environments start although the directory of all sandboxes was removed', async () => {
  await using world = new World();
  const worker = await world.open();
  rmSync(world.directory, { recursive: true });
  const environmentId = world.id();
  assert.deepEqual(await worker.create({ environmentId, version: world.version() }), { kind: 'created' });
  await worker.destroy(environmentId);
  assert.deepEqual(world.directories, []);
});

test('directories that a function closed are removed, also where Lambkin is not root', async () => {
  const root = mkdtempSync(join(tmpdir(), 'lambkin-closed-'));
  const path = join(root, 'sandbox');
  const isRoot = process.geteuid?.() === 0;
  try {
    chmodSync(root, 0o755);
    if (isRoot) {
      chownSync(root, nobody, nobody);
      process.seteuid?.(nobody); // root could look into any
    }
    mkdirSync(join(path, 'tmp', 'inner'), { recursive: true });
    writeFileSync(join(path, 'tmp', 'inner', 'file'), 'x');
    chmodSync(join(path, 'tmp', 'inner'), 0);
    chmodSync(join(path, 'tmp'), 0);
    await removeTree(path);
    assert.equal(existsSync(path), false);
  } finally {
    if (isRoot) process.seteuid?.(0);
    rmSync(root, { recursive: true, force: true });
  }
});
