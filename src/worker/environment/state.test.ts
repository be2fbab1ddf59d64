/** The lifecycle's table: every state meets every event, and each cell says where it leads, or that it must not happen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { initial, step } from './state.ts';
import type { Effect, Event, State, Terms } from './state-types.ts';

type StateKind = State['kind'];
type EventKind = Event['kind'];

const terms: Terms = { initLimitMs: 10_000, timeoutMs: 3_000 };

const states: { readonly [Kind in StateKind]: State & { kind: Kind } } = {
  preparing: { kind: 'preparing' },
  initialising: { kind: 'initialising', sinceMs: 100 },
  idle: { kind: 'idle', initMs: 50 },
  uninitialised: { kind: 'uninitialised' },
  reviving: { kind: 'reviving', turn: { startedMs: 100 }, sinceMs: 120 },
  invoking: { kind: 'invoking', turn: { startedMs: 100, initMs: 50 } },
  finishing: { kind: 'finishing', turn: { startedMs: 100 } },
  stopping: { kind: 'stopping', reason: 'why', created: true },
  gone: { kind: 'gone' },
};

const events: { readonly [Kind in EventKind]: Event & { kind: Kind } } = {
  started: { kind: 'started' },
  refused: { kind: 'refused', reason: 'full' },
  impossible: { kind: 'impossible', errorType: 'X', message: 'm' },
  ready: { kind: 'ready' },
  failed: { kind: 'failed', failure: { kind: 'exit', status: { kind: 'code', code: 1 } } },
  invoke: { kind: 'invoke' },
  answered: { kind: 'answered' },
  unsent: { kind: 'unsent' },
  deadline: { kind: 'deadline' },
  destroy: { kind: 'destroy' },
  reaped: { kind: 'reaped' },
};

const no = 'forbidden';
type Row = { readonly [Kind in EventKind]: string };
const none: Row = {
  started: no,
  refused: no,
  impossible: no,
  ready: no,
  failed: no,
  invoke: no,
  answered: no,
  unsent: no,
  deadline: no,
  destroy: no,
  reaped: no,
};

/** state × event → `next state: effects`. */
const table: { readonly [Kind in StateKind]: Row } = {
  preparing: {
    ...none,
    started: 'initialising: set-deadline',
    refused: 'stopping: refused kill',
    impossible: 'stopping: impossible kill',
    failed: 'uninitialised: clear-deadline kill init-report created',
    destroy: 'stopping: refused kill',
  },
  initialising: {
    ...none,
    ready: 'idle: clear-deadline created',
    failed: 'uninitialised: clear-deadline kill init-report created',
    deadline: 'uninitialised: clear-deadline kill init-report created',
    destroy: 'stopping: clear-deadline refused kill',
  },
  idle: {
    ...none,
    invoke: 'invoking: set-deadline begin send',
    failed: 'stopping: kill',
    destroy: 'stopping: kill',
  },
  uninitialised: { ...none, invoke: 'reviving: set-deadline start', destroy: 'stopping: kill' },
  reviving: {
    ...none,
    started: 'reviving:',
    ready: 'invoking: begin send',
    failed: 'stopping: init-report begin clear-deadline kill fail report',
    deadline: 'stopping: init-report begin clear-deadline kill fail report',
    refused: 'stopping: clear-deadline not-started kill',
    impossible: 'stopping: init-report begin clear-deadline kill fail report',
    destroy: 'stopping: clear-deadline not-started kill',
  },
  invoking: {
    ...none,
    answered: 'finishing: answer',
    unsent: 'stopping: clear-deadline not-started kill',
    failed: 'stopping: clear-deadline kill fail report',
    deadline: 'stopping: clear-deadline kill fail report',
    destroy: 'stopping: clear-deadline kill fail report',
  },
  finishing: {
    ...none,
    ready: 'idle: clear-deadline report idle',
    failed: 'stopping: clear-deadline report kill',
    deadline: 'stopping: clear-deadline report kill',
    destroy: 'stopping: clear-deadline report kill',
  },
  stopping: { ...none, reaped: 'gone: gone', invoke: 'stopping: not-started', destroy: 'stopping:' },
  gone: none,
};

const stateKinds = Object.keys(states) as StateKind[];
const eventKinds = Object.keys(events) as EventKind[];

for (const state of stateKinds) {
  for (const event of eventKinds) {
    test(`${state} × ${event}: ${table[state][event]}`, () => {
      const take = () => step(states[state], events[event], 200, terms);
      if (table[state][event] === no) {
        assert.throws(take, /cannot take/);
        return;
      }
      const [next, effects] = take();
      assert.equal(
        `${next.kind}:${effects.map((effect) => ` ${effect.kind}`).join('')}`,
        table[state][event],
      );
    });
  }
}

test('what is initialised ahead must succeed, and no invoke pays for it', () => {
  const ahead: Terms = { ...terms, isAhead: true };
  const after = (state: State, event: Event): string => {
    const [next, effects] = step(state, event, 200, ahead);
    return `${next.kind}:${effects.map((effect) => ` ${effect.kind}`).join('')}`;
  };
  assert.equal(after(states.initialising, events.ready), 'idle: clear-deadline created');
  const failed = 'stopping: clear-deadline init-report init-failed kill';
  assert.equal(after(states.initialising, events.failed), failed);
  assert.equal(after(states.initialising, events.deadline), failed);
  assert.equal(after(states.preparing, events.failed), failed);
  const [idle] = step(states.initialising, events.ready, 200, ahead);
  const [, effects] = step(idle, events.invoke, 300, ahead);
  assert.equal(effects.length, 3);
  assert.deepEqual(idle, { kind: 'idle' }, 'no invoke is billed for its init');
});

function count(effects: readonly Effect[], ...kinds: Effect['kind'][]): number {
  return effects.filter((effect) => kinds.includes(effect.kind)).length;
}

test('on any path: one outcome of create, one outcome per invoke, one gone, and a deadline just where one is due', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...eventKinds), { maxLength: 60 }), (kinds) => {
      let state: State = initial;
      let deadline = false;
      const done: Effect[] = [];
      let invokes = 0;
      kinds.forEach((kind, index) => {
        if (table[state.kind][kind] === no) return;
        // A stopping environment answers for itself.
        if (kind === 'invoke') invokes += 1;
        const [next, effects] = step(state, events[kind], index * 10, terms);
        state = next;
        for (const effect of effects) {
          done.push(effect);
          if (effect.kind === 'set-deadline') deadline = true;
          if (effect.kind === 'clear-deadline') deadline = false;
        }
        const due = ['initialising', 'reviving', 'invoking', 'finishing'].includes(state.kind);
        assert.equal(deadline, due, state.kind);
        const open = ['reviving', 'invoking'].includes(state.kind) ? 1 : 0;
        assert.equal(count(done, 'answer', 'fail', 'not-started') + open, invokes);
        const creating = ['preparing', 'initialising'].includes(state.kind) ? 1 : 0;
        assert.equal(count(done, 'created', 'refused', 'impossible') + creating, 1);
        const gone = state.kind === 'gone' && count(done, 'created') === 1 ? 1 : 0;
        assert.equal(count(done, 'gone'), gone);
      });
    }),
  );
});

test('an invoke’s report counts what the invoke took, and init only the first time', () => {
  const [, timeout] = step(states.invoking, events.deadline, 3_104, terms);
  assert.deepEqual(timeout.at(-1), {
    kind: 'report',
    durationMs: 3_000,
    initMs: 50,
    failure: { kind: 'timeout' },
  });
  const [idle, effects] = step(states.finishing, events.ready, 350, terms);
  assert.deepEqual(effects[1], { kind: 'report', durationMs: 250 });
  assert.deepEqual(idle, { kind: 'idle' });
});
