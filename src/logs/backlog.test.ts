/** What waits to be written: order, bounds, and the line that tells of a loss. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Backlog, droppedLine } from './backlog.ts';
import { eventOverheadBytes } from './limits.ts';

const event = (message: string, timestampMs = 1) => ({ timestampMs, message });
const sizeOf = (message: string) => message.length + eventOverheadBytes;

test('events are taken in the order in which they came', () => {
  const backlog = new Backlog({ waitingBytesPerStreamMax: 1_000, waitingBytesMax: 1_000 });
  const waiting = backlog.add('g', 's', [event('1'), event('2')]);
  assert.equal(backlog.add('g', 's', [event('3')]), waiting);
  assert.deepEqual(
    backlog.take(waiting).events.map(({ message }) => message),
    ['1', '2', '3'],
  );
  assert.equal(backlog.done(waiting), false);
  assert.equal(backlog.bytes, 0);
});

test('a batch that failed comes before what came meanwhile', () => {
  const backlog = new Backlog({ waitingBytesPerStreamMax: 1_000, waitingBytesMax: 1_000 });
  const waiting = backlog.add('g', 's', [event('1')]);
  backlog.take(waiting);
  backlog.add('g', 's', [event('2')]);
  assert.equal(backlog.giveBack(waiting), true);
  assert.deepEqual(
    backlog.take(waiting).events.map(({ message }) => message),
    ['1', '2'],
  );
});

test('the oldest are dropped where there is no room, and a line says how many', () => {
  const backlog = new Backlog({ waitingBytesPerStreamMax: 5 * sizeOf('1'), waitingBytesMax: 10_000 });
  let waiting = backlog.add('g', 's', [event('0', 10)]);
  for (let index = 1; index < 8; index += 1)
    waiting = backlog.add('g', 's', [event(String(index), 10 + index)]);
  assert.deepEqual(backlog.take(waiting).events, [
    { timestampMs: 13, message: droppedLine(3) },
    ...[3, 4, 5, 6, 7].map((index) => event(String(index), 10 + index)),
  ]);
});

test('events that somebody waits for are refused rather than dropped', () => {
  const backlog = new Backlog({ waitingBytesPerStreamMax: 100, waitingBytesMax: 100 });
  assert.notEqual(
    backlog.addSettled('g', 's', [event('x'.repeat(50))], () => {}),
    undefined,
  );
  assert.equal(
    backlog.addSettled('g', 't', [event('x'.repeat(50))], () => {}),
    undefined,
  );
});

test('when a batch fails, those that are waited for are not tried again', () => {
  const backlog = new Backlog({ waitingBytesPerStreamMax: 100, waitingBytesMax: 100 });
  const waiting = backlog.addSettled('g', 's', [event('x')], () => {});
  assert.ok(waiting !== undefined);
  assert.equal(backlog.take(waiting).settles.length, 1);
  assert.equal(backlog.giveBack(waiting), false);
  assert.equal(backlog.bytes, 0);
});

test('whatever happens, bounds hold, order is kept, and every event is stored or counted as dropped', () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('add' as const),
        stream: fc.nat(2),
        length: fc.nat(60),
        count: fc.integer({ min: 1, max: 3 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const), stream: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('done' as const), stream: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), stream: fc.nat(2) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const backlog = new Backlog({ waitingBytesPerStreamMax: 300, waitingBytesMax: 600 });
      const waiting = new Map<number, ReturnType<Backlog['add']>>();
      const taken = new Map<number, readonly { message: string }[]>();
      const added = [0, 0, 0];
      const stored: number[][] = [[], [], []];
      const lost = [0, 0, 0];
      const store = (stream: number) => {
        for (const { message } of taken.get(stream) ?? []) {
          const dropped = /^\[lambkin\] (\d+)/.exec(message)?.[1];
          if (dropped === undefined) stored[stream]?.push(Number(message.split(' ')[0]));
          else lost[stream] = (lost[stream] ?? 0) + Number(dropped);
        }
        taken.delete(stream);
      };
      const finish = (stream: number) => {
        const held = waiting.get(stream);
        if (held === undefined) return;
        if (!taken.has(stream)) taken.set(stream, backlog.take(held).events);
        store(stream);
        if (!backlog.done(held)) waiting.delete(stream);
      };
      for (const { stream, ...action } of steps) {
        const held = waiting.get(stream);
        if (action.kind === 'add') {
          const events = Array.from({ length: action.count }, () => {
            const number = added[stream] ?? 0;
            added[stream] = number + 1;
            return event(`${number} ${'x'.repeat(action.length)}`);
          });
          waiting.set(stream, backlog.add('g', String(stream), events));
        } else if (held !== undefined && action.kind === 'take' && !taken.has(stream)) {
          taken.set(stream, backlog.take(held).events);
        } else if (held !== undefined && action.kind === 'done' && taken.has(stream)) finish(stream);
        else if (held !== undefined && action.kind === 'fail' && taken.has(stream)) {
          taken.delete(stream);
          if (!backlog.giveBack(held)) waiting.delete(stream);
        }
        assert.ok(backlog.bytes <= 600);
        assert.ok((waiting.get(stream)?.bytes ?? 0) <= 300);
      }
      for (const stream of [0, 1, 2]) {
        finish(stream);
        finish(stream);
        assert.equal((stored[stream]?.length ?? 0) + (lost[stream] ?? 0), added[stream]);
        assert.deepEqual(
          stored[stream],
          stored[stream]?.toSorted((a, b) => a - b),
        );
      }
      assert.equal(backlog.bytes, 0);
    }),
  );
});
