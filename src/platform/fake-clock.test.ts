/** Tests of the clock that stands still. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '#lib/assert';
import { FakeClock } from '#platform';

test('timers fire in order of their time, then of being set, each at its own time', () => {
  const clock = new FakeClock();
  const fired: [string, number][] = [];
  const at = (name: string) => () => fired.push([name, clock.monotonicMs()]);
  clock.after(20, at('late'));
  clock.after(10, at('first'));
  clock.after(10, at('second'));
  clock.after(31, at('never'));
  assert.equal(clock.nextTimerMs, 10);
  clock.advance(30);
  assert.deepEqual(fired, [
    ['first', 10],
    ['second', 10],
    ['late', 20],
  ]);
  assert.equal(clock.monotonicMs(), 30);
  assert.equal(clock.timers, 1);
  assert.equal(clock.nextTimerMs, 1);
});

test('timers that are set by timers fire in the same advance when they fall due', () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  const tick = (): void => {
    fired.push(clock.monotonicMs());
    clock.after(10, tick);
  };
  clock.after(10, tick);
  clock.advance(35);
  assert.deepEqual(fired, [10, 20, 30]);
  clock.after(0, () => fired.push(-1));
  clock.advance(0);
  assert.deepEqual(fired, [10, 20, 30, -1]);
});

test('a cancelled timer never fires, and may be cancelled again', () => {
  const clock = new FakeClock();
  const cancel = clock.after(10, () => assert.fail('cancelled'));
  cancel();
  cancel();
  clock.advance(100);
  assert.equal(clock.timers, 0);
  assert.equal(clock.nextTimerMs, undefined);
});

test('the wall clock advances with time and jumps alone', () => {
  const clock = new FakeClock(1000);
  let fired = false;
  clock.after(10, () => {
    fired = true;
  });
  clock.advance(5.5);
  assert.equal(clock.wallMs(), 1005);
  clock.setWall(50);
  assert.equal(clock.wallMs(), 50);
  assert.equal(clock.monotonicMs(), 5.5);
  assert.ok(!fired);
  clock.advance(5);
  assert.equal(clock.wallMs(), 55);
  assert.ok(fired);
});

test('time does not go back', () => {
  assert.throws(() => new FakeClock().advance(-1), InvariantError);
  assert.throws(() => new FakeClock().after(Number.NaN, () => {}), InvariantError);
});
