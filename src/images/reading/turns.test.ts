/** Turns: bounded, what is waited for first, and what was only ahead gets its turn when somebody waits for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Turns, type Turn } from './turns.ts';

const limits = { runningMax: 3, waitingMax: 4, aheadMax: 1, aheadWaitingMax: 4 };
const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function recorded(turns: Turns, name: string, ahead: boolean, begun: string[]): Turn {
  const turn = turns.take(ahead);
  turn.begun.then(
    () => begun.push(name),
    () => begun.push(`${name} refused`),
  );
  return turn;
}

test('fetches ahead have their few places, and wait while somebody waits', async () => {
  const turns = new Turns(limits);
  const begun: string[] = [];
  const take = (name: string, ahead: boolean): Turn => recorded(turns, name, ahead, begun);
  const first = take('ahead 1', true);
  take('ahead 2', true);
  const now = [take('now 1', false), take('now 2', false), take('now 3', false)];
  await settled();
  assert.deepEqual(begun, ['ahead 1', 'now 1', 'now 2']);
  first.end();
  await settled();
  assert.deepEqual(begun.slice(3), ['now 3']);
  now[0]?.end();
  await settled();
  assert.deepEqual(begun.slice(4), ['ahead 2']);
});

test('a fetch ahead that somebody waits for now goes before the others, and leaves its place to them', async () => {
  const turns = new Turns(limits);
  const begun: string[] = [];
  const ahead = ['a', 'b', 'c', 'd'].map((name) => recorded(turns, name, true, begun));
  ahead[2]?.hurry();
  await settled();
  assert.deepEqual(begun, ['a', 'c']);
  ahead[0]?.hurry();
  await settled();
  assert.deepEqual(begun, ['a', 'c', 'b']);
});

test('no more run or wait than may, whatever happens, and all that was taken begins in the end', async () => {
  const op = fc.tuple(fc.constantFrom('now', 'ahead', 'end', 'hurry'), fc.nat(9));
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 80 }), async (ops) => {
      const turns = new Turns(limits);
      const live: { turn: Turn; state: 'waiting' | 'running' }[] = [];
      for (const [what, pick] of ops) {
        const some = live[pick % Math.max(1, live.length)];
        if (what === 'now' || what === 'ahead') {
          const entry: (typeof live)[number] = { turn: turns.take(what === 'ahead'), state: 'waiting' };
          live.push(entry);
          entry.turn.begun.then(
            () => (entry.state = 'running'),
            () => live.splice(live.indexOf(entry), 1),
          );
        } else if (what === 'hurry') some?.turn.hurry();
        else if (some?.state === 'running') {
          some.turn.end();
          live.splice(live.indexOf(some), 1);
        }
        await settled();
        const running = live.filter(({ state }) => state === 'running').length;
        assert.ok(running <= limits.runningMax);
        assert.ok(live.length - running <= limits.waitingMax + limits.aheadWaitingMax);
      }
      while (live.length > 0) {
        const running = live.find(({ state }) => state === 'running');
        assert.ok(running !== undefined, 'those that wait are forgotten');
        running.turn.end();
        live.splice(live.indexOf(running), 1);
        await settled();
      }
    }),
    { numRuns: 100 },
  );
});
