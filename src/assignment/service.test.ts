/** Assignment as a whole: real journals, a worker without sandboxes, restarts, failures, and a second leader. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { FakeWorker } from './fixtures/fake-worker.ts';
import { partitionOfEnvironment, partitionOfVersion } from './partitioning.ts';
import { someVersion } from '#metadata/fixtures';
import { someRequest as request } from './fixtures/some-request.ts';

import { environmentOf, journaled, leader, name, settle, shared, version } from './fixtures/leader.ts';

test('a warm invoke writes nothing and gets the most recently used environment', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  const { assignment } = await leader(world);
  const first = await environmentOf(assignment.assign(version));
  const second = await environmentOf(assignment.assign(version));
  assert.notEqual(first, second);
  assert.equal(partitionOfEnvironment(first), partitionOfVersion(version));
  await worker?.invoke(second, request);
  await worker?.invoke(first, request);
  const before = world.journal.appends;
  for (let i = 0; i < 100; i++) {
    assert.equal(await environmentOf(assignment.assign(version)), first);
    await worker?.invoke(first, request);
  }
  assert.equal(world.journal.appends, before);
  assert.equal(world.clock.timers, 1, 'one timer for the partition');
});

test('the journal and the worker are asked at the same time, and both must have answered', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  const { assignment } = await leader(world);
  assert.ok(worker);
  const starts: (() => void)[] = [];
  worker.onCreate = () => new Promise((resolve) => void starts.push(() => resolve({ kind: 'created' })));
  let answered = false;
  const assigned = assignment.assign(version);
  void assigned.then(() => (answered = true));
  await settle();
  assert.equal((await journaled(world.journal)).length, 1);
  assert.equal(answered, false);
  for (const start of starts) start();
  await environmentOf(assigned);
});

test('the appends of one partition are grouped while one is on its way', async () => {
  const world = shared('w');
  const { assignment } = await leader(world);
  const before = world.journal.appends;
  await Promise.all(Array.from({ length: 50 }, () => environmentOf(assignment.assign(version))));
  assert.ok(world.journal.appends - before <= 3, `${world.journal.appends - before} appends`);
  assert.equal((await journaled(world.journal)).length, 50);
});

test('after a restart what the worker still has is adopted, what it lost is removed, what nobody knows is destroyed', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  assert.ok(worker);
  const before = await leader(world);
  const ids = await Promise.all([1, 2, 3].map(() => environmentOf(before.assignment.assign(version))));
  const [idle = '', busy = '', lost = ''] = ids;
  await worker.invoke(idle, request);
  const ends: (() => void)[] = [];
  worker.onInvoke = ({ payload }) =>
    new Promise((resolve) => void ends.push(() => resolve({ kind: 'answered', payload })));
  const running = worker.invoke(busy, request);
  before.stop();
  worker.crash(lost);
  const orphan = `${idle.slice(0, 2)}${'0'.repeat(30)}`;
  await worker.create({ environmentId: orphan, version });

  const after = await leader(world);
  await settle();
  assert.deepEqual(worker.destroyed, [orphan]);
  assert.deepEqual(await journaled(world.journal), [idle, busy].sort());
  assert.equal(await environmentOf(after.assignment.assign(version)), idle);
  const waiting = environmentOf(after.assignment.assign(version));
  for (const end of ends) end();
  await running;
  assert.notEqual(await waiting, idle);
});

test('after a restart without its worker every environment is removed from the journal', async () => {
  const world = shared('w');
  const before = await leader(world);
  await environmentOf(before.assignment.assign(version));
  before.stop();
  await leader({ ...world, workers: new Map([['w', new FakeWorker('w')]]) });
  await settle();
  assert.deepEqual(await journaled(world.journal), []);
});

test('a journal that cannot be written refuses new environments, not warm ones', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  const { assignment } = await leader(world);
  const warm = await environmentOf(assignment.assign(version));
  await worker?.invoke(warm, request);
  world.journal.broken = true;
  assert.equal(await environmentOf(assignment.assign(version)), warm);
  const refused = await assignment.assign(version);
  assert.deepEqual(refused, { kind: 'unavailable', message: 'the journal cannot be written: disk full' });
  assert.equal(worker?.size, 1, 'what could not be journaled is destroyed');
  world.journal.broken = false;
  const fresh = await environmentOf(assignment.assign(version));
  assert.deepEqual(await journaled(world.journal), [warm, fresh].sort());
});

test('a leader that cannot renew its lease stops handing out when it ends, and goes on when it can', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  const { assignment } = await leader(world, { limits: { idleMs: 1e9 } });
  const warm = await environmentOf(assignment.assign(version));
  await worker?.invoke(warm, request);
  const before = world.journal.appends;
  world.clock.advance(5 * 60_000);
  await settle();
  assert.equal(world.journal.appends, before + 1, 'renewed after five minutes');
  world.journal.broken = true;
  world.clock.advance(10 * 60_000 - 1);
  await settle();
  assert.equal(await environmentOf(assignment.assign(version)), warm, 'the lease still holds');
  await worker?.invoke(warm, request);
  world.clock.advance(2);
  assert.equal((await assignment.assign(version)).kind, 'unavailable');
  world.journal.broken = false;
  for (let i = 0; i < 3; i++) {
    world.clock.advance(1_000);
    await settle();
  }
  assert.equal(await environmentOf(assignment.assign(version)), warm);
});

test('a second leader takes the partition over, and the first steps down at its next record', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  assert.ok(worker);
  const first = await leader(world, { holder: 'first' });
  const warm = await environmentOf(first.assignment.assign(version));
  await worker.invoke(warm, request);
  const second = await leader(world, { holder: 'second', takeover: 'at-once' });
  assert.equal(await environmentOf(second.assignment.assign(version)), warm, 'adopted from the journal');
  await worker.invoke(warm, request);
  assert.equal(
    await environmentOf(first.assignment.assign(version)),
    warm,
    'until its lease ends it cannot know',
  );
  const conflict = await first.assignment.assign(version);
  assert.deepEqual(conflict, { kind: 'unavailable', message: 'another leader has taken over' });
  await settle();
  assert.equal((await first.assignment.assign(version)).kind, 'unavailable');
  assert.equal(worker.size, 1, 'what the fenced leader began is destroyed');
  // The second is gone, and after its lease has run out without a word the first leads again.
  second.stop();
  for (let i = 0; i < 3; i++) {
    world.clock.advance(10 * 60_000);
    await settle();
  }
  assert.equal((await first.assignment.assign(version)).kind, 'assigned');
});

test('a leader that may be alive is waited out for a whole silent lease', async () => {
  const world = shared('w');
  const first = await leader(world, { holder: 'first' });
  first.stop();
  const starting = leader(world, { holder: 'second', takeover: 'after-lease' });
  let started = false;
  void starting.then(() => (started = true));
  await settle();
  world.clock.advance(10 * 60_000 - 1);
  await settle();
  assert.equal(started, false);
  world.clock.advance(1);
  await settle();
  assert.equal(started, true);
  (await starting).stop();
});

test('idle environments are stopped after their time, and the journal forgets them', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  const { assignment } = await leader(world, { limits: { idleMs: 1_000 } });
  const id = await environmentOf(assignment.assign(version));
  await worker?.invoke(id, request);
  world.clock.advance(999);
  assert.equal(worker?.size, 1);
  world.clock.advance(1);
  assert.equal(worker?.size, 0);
  await settle();
  assert.deepEqual(await journaled(world.journal), []);
});

test('more idle environments than may be are stopped, the longest idle first', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  const { assignment } = await leader(world, { limits: { idleEnvironmentsMax: 2 } });
  const ids = await Promise.all([1, 2, 3].map(() => environmentOf(assignment.assign(version))));
  for (const id of ids) await worker?.invoke(id, request);
  assert.deepEqual(worker?.destroyed, [ids[0]]);
});

test('a worker that refuses is asked again only when all have; a version that can start nowhere is not tried twice', async () => {
  const world = shared('a', 'b');
  const [a, b] = [world.workers.get('a'), world.workers.get('b')];
  assert.ok(a && b);
  const { assignment } = await leader(world);
  a.onCreate = () => ({ kind: 'refused', reason: 'draining' });
  b.onCreate = () => ({ kind: 'refused', reason: 'draining' });
  const assigned = assignment.assign(version);
  await settle();
  assert.deepEqual([a.created.length, b.created.length], [1, 1]);
  world.clock.advance(100);
  assert.deepEqual(await assigned, { kind: 'unavailable', message: 'draining' });
  assert.equal(a.created.length + b.created.length, 3);
  a.onCreate = () => Promise.reject(new Error('broken pipe'));
  b.onCreate = () => ({ kind: 'created' });
  assert.equal((await assignment.assign(version)).kind, 'assigned');
  const other = someVersion({ generation: 'other' });
  const impossible = { kind: 'impossible', errorType: 'InvalidZipFile', message: 'broken' } as const;
  a.onCreate = () => impossible;
  b.onCreate = () => impossible;
  assert.deepEqual(await Promise.all([assignment.assign(other), assignment.assign(other)]), [
    impossible,
    impossible,
  ]);
});

test('a worker that is lost takes its environments with it', async () => {
  const world = shared('w');
  const { assignment } = await leader(world);
  await environmentOf(assignment.assign(version));
  assignment.workerLost('w');
  await settle();
  assert.deepEqual(await journaled(world.journal), []);
});

test('a start that takes too long is given up, and its environment destroyed when it comes', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  assert.ok(worker);
  const { assignment } = await leader(world);
  const starts: (() => void)[] = [];
  worker.onCreate = () => new Promise((resolve) => void starts.push(() => resolve({ kind: 'created' })));
  const assigned = assignment.assign(version);
  await settle();
  world.clock.advance(60_000);
  assert.deepEqual(await assigned, {
    kind: 'unavailable',
    message: 'no environment became free within 60 s',
  });
  for (const start of starts) start();
  await settle();
  assert.equal(worker.size, 0);
  assert.deepEqual(await journaled(world.journal), []);
});

test('more waiting invokes of a version than may be are throttled', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  assert.ok(worker);
  worker.onCreate = () => new Promise(() => undefined);
  const { assignment, stop } = await leader(world, { limits: { waitersPerGenerationMax: 2 } });
  const waiting = [assignment.assign(version), assignment.assign(version)];
  assert.equal((await assignment.assign(version)).kind, 'throttled');
  stop();
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ kind }) => kind),
    ['unavailable', 'unavailable'],
  );
});

test('a retired generation is handed out no more, also to an invoke that looked it up before', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  assert.ok(worker);
  const { assignment } = await leader(world);
  const [idle = '', busy = ''] = await Promise.all(
    [1, 2].map(() => environmentOf(assignment.assign(version))),
  );
  await worker.invoke(idle, request);
  assignment.retire(version.generation);
  assert.deepEqual(worker.destroyed, [idle], 'idle ones stop now');
  assert.deepEqual(await assignment.assign(version), { kind: 'retired' });
  await worker.invoke(busy, request);
  assert.deepEqual(worker.destroyed, [idle, busy], 'busy ones after their invoke');
});

test('the journal is trimmed behind snapshots, and a restart reads the same from what is left', async () => {
  const world = shared('w');
  const worker = world.workers.get('w');
  assert.ok(worker);
  const { assignment, stop } = await leader(world);
  const kept = await environmentOf(assignment.assign(version));
  for (let i = 0; i < 500; i++) {
    const id = await environmentOf(assignment.assign(version));
    worker.crash(id);
    await setImmediate();
  }
  const { first, next } = await world.journal.bounds(name);
  assert.ok(next > 1_000 && next - first < 520, `${first}..${next}`);
  assert.deepEqual(await journaled(world.journal), [kept]);
  stop();
  const after = await leader(world);
  await worker.invoke(kept, request);
  assert.equal(await environmentOf(after.assignment.assign(version)), kept);
});

test('a journal that this release does not understand is not led', async () => {
  const world = shared('w');
  await world.journal.append(name, 0, [new TextEncoder().encode('{"v":2,"kind":"led"}')]);
  await assert.rejects(leader(world), /has format 2, this release reads 1/);
});

test('events of environments that assignment has not made are ignored', async () => {
  const world = shared('w');
  const { assignment } = await leader(world);
  for (const environmentId of ['', 'zz', 'ff'.repeat(16), '00'.repeat(16)]) {
    assignment.workerEvent('w', { kind: 'idle', environmentId });
    assignment.workerEvent('w', { kind: 'gone', environmentId, reason: 'x' });
  }
});
