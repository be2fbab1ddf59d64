/** How a poller turns from shard to shard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Rotation, type Turn } from './rotation.ts';

const dedicated = 'event-invoke/dedicated/1/noisy';

test('shards take turns, however long they are', () => {
  const rotation = new Rotation(8, 2);
  for (const shard of ['a', 'b', 'c']) {
    rotation.add(shard);
    rotation.ready(shard);
  }
  const turns: string[] = [];
  for (let index = 0; index < 9; index += 1) {
    const turn = rotation.next();
    assert.ok(turn !== undefined);
    turns.push(turn.shard);
    rotation.received(turn, turn.count);
    for (let event = 0; event < turn.count; event += 1) rotation.done(turn.shard);
  }
  assert.deepEqual(turns, ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']);
});

test('a shard that had less than asked for is idle until somebody rings', () => {
  const rotation = new Rotation(8, 4);
  rotation.add('a');
  rotation.ready('a');
  const turn = rotation.next();
  assert.deepEqual(turn, { shard: 'a', count: 3 });
  rotation.received(turn, 1);
  assert.equal(rotation.next(), undefined);
  rotation.ready('a');
  assert.deepEqual(rotation.next(), { shard: 'a', count: 2 });
});

test('a bell that rings while a shard is being received from is not lost', () => {
  const rotation = new Rotation(8, 2);
  rotation.add('a');
  rotation.ready('a');
  const turn = rotation.next() as Turn;
  rotation.ready('a');
  rotation.received(turn, 0);
  assert.equal(rotation.next()?.shard, 'a');
});

test('a shard takes half as many slots as it leaves free, and a single function a quarter as many', () => {
  const rotation = new Rotation(64, 1_000);
  rotation.add('a');
  rotation.add(dedicated);
  for (const shard of ['a', dedicated]) rotation.ready(shard);
  const counts = new Map<string, number>();
  for (let turn = rotation.next(); turn !== undefined; turn = rotation.next()) {
    counts.set(turn.shard, (counts.get(turn.shard) ?? 0) + turn.count);
    rotation.received(turn, turn.count);
  }
  assert.deepEqual([...counts.values()], [22, 9]);
  assert.equal(rotation.hasReady, true);
});

test('functions with shards of their own together take no more than half', () => {
  const rotation = new Rotation(32, 1_000);
  for (let index = 0; index < 20; index += 1) {
    rotation.add(`${dedicated}-${index}`);
    rotation.ready(`${dedicated}-${index}`);
  }
  for (let turn = rotation.next(); turn !== undefined; turn = rotation.next())
    rotation.received(turn, turn.count);
  assert.equal(rotation.busy, 16);
  rotation.add('a');
  rotation.ready('a');
  assert.equal(rotation.next()?.count, 6);
});

test('a shard that was given up brings nothing more, and may come back while events of it are in work', () => {
  const rotation = new Rotation(8, 2);
  rotation.add('a');
  rotation.ready('a');
  const turn = rotation.next() as Turn;
  rotation.received(turn, 2);
  rotation.remove('a');
  assert.equal(rotation.next(), undefined);
  rotation.add('a');
  rotation.done('a');
  rotation.ready('a');
  assert.deepEqual(rotation.next(), { shard: 'a', count: 2 });
  assert.equal(rotation.busy, 3);
});

test('whatever happens, no more is in work than there are slots, and nothing is lost from the rotation', () => {
  const step = fc.record({
    kind: fc.constantFrom('next', 'received', 'done', 'ready', 'leave', 'join'),
    pick: fc.nat(99),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(step, { maxLength: 200 }), (slots, steps) => {
      const rotation = new Rotation(slots, 5);
      const names = ['a', 'b', 'c', dedicated];
      const turns: Turn[] = [];
      const working: string[] = [];
      for (const name of names) rotation.add(name);
      for (const { kind, pick } of steps) {
        const name = names[pick % names.length] ?? '';
        if (kind === 'ready') rotation.ready(name);
        if (kind === 'leave') rotation.remove(name);
        if (kind === 'join') rotation.add(name);
        if (kind === 'next') {
          const turn = rotation.next();
          if (turn !== undefined) turns.push(turn);
        }
        const [turn] = kind === 'received' ? turns.splice(pick % Math.max(1, turns.length), 1) : [];
        if (turn !== undefined) {
          const events = pick % (turn.count + 1);
          rotation.received(turn, events);
          for (let event = 0; event < events; event += 1) working.push(turn.shard);
        }
        const [done] = kind === 'done' ? working.splice(pick % Math.max(1, working.length), 1) : [];
        if (done !== undefined) rotation.done(done);
        const promised = turns.reduce((sum, { count }) => sum + count, 0);
        assert.equal(rotation.busy, promised + working.length);
        assert.ok(rotation.busy <= Math.max(slots, 1));
      }
      for (const turn of turns) rotation.received(turn, 0);
      for (const name of working) rotation.done(name);
      for (const name of names) {
        rotation.add(name);
        rotation.ready(name);
      }
      const seen = new Set<string>();
      for (let index = 0; index < 20; index += 1) {
        const turn = rotation.next();
        if (turn === undefined) break;
        seen.add(turn.shard);
        rotation.received(turn, 0);
      }
      assert.equal(seen.size, names.length);
    }),
  );
});
