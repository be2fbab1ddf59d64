/** The extensions' table: every phase meets every event, and each cell says where it leads, or that it must not happen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { initial, step } from './state.ts';
import type { Effect, Event, Extension, Phase, State, Terms } from './state-types.ts';

type EventKind = Event['kind'];

const terms: Terms = {
  extensionsMax: 3,
  errorGraceMs: 500,
  internalShutdownMs: 500,
  externalShutdownMs: 2_000,
  runtimeShutdownMs: 300,
};

const external: Extension = {
  id: 'e',
  name: 'ext',
  kind: 'external',
  standing: 'Ready',
  events: ['INVOKE', 'SHUTDOWN'],
  waits: true,
  alive: true,
};
const started: Extension = { ...external, standing: 'Started', events: [], waits: false };
const registered: Extension = { ...external, standing: 'Registered', waits: false };
const running: Extension = { ...external, standing: 'Running', waits: false };

const state = (phase: Phase, extension: Extension, more: Partial<State> = {}): State => ({
  phase,
  extensions: [extension],
  runtimeAlive: true,
  failed: false,
  ...more,
});
const shutdown = { reason: 'spindown', endsAtMs: 2_100 } as const;

const states: Readonly<Record<Phase, State>> = {
  launching: state('launching', started),
  initialising: state('initialising', registered),
  settling: state('settling', registered),
  idle: state('idle', external),
  invoking: state('invoking', running),
  finishing: state('finishing', running),
  ending: state('ending', external, { shutdown }),
  leaving: state('leaving', running, { shutdown, runtimeAlive: false }),
  over: state('over', { ...running, alive: false, standing: 'Exited' }, { runtimeAlive: false }),
};

const events: { readonly [Kind in EventKind]: Event & { kind: Kind } } = {
  unlaunched: { kind: 'unlaunched', id: 'e', why: 'PermissionDenied', message: 'm' },
  register: { kind: 'register', name: 'ext', id: 'i', events: ['INVOKE', 'SHUTDOWN'] },
  next: { kind: 'next', id: 'e' },
  abandoned: { kind: 'abandoned', id: 'e' },
  error: { kind: 'error', of: 'exit', id: 'e', errorType: 'Mine' },
  exited: { kind: 'exited', id: 'e', how: 'exit code 0', clean: true },
  'runtime-ready': { kind: 'runtime-ready' },
  'runtime-gone': { kind: 'runtime-gone' },
  invoke: { kind: 'invoke' },
  shutdown: { kind: 'shutdown', reason: 'spindown' },
  time: { kind: 'time' },
};

const no = 'forbidden';
type Row = { readonly [Kind in EventKind]: string };
const ends = 'ending: terminate-runtime set-time';

/** phase × event → `next phase: effects`. */
const table: { readonly [Kind in Phase]: Row } = {
  launching: {
    unlaunched: 'launching: fail',
    register: 'initialising: accept begin-runtime',
    next: 'launching: refuse',
    abandoned: 'launching:',
    error: 'launching: refuse',
    exited: 'launching: clear-time fail',
    'runtime-ready': no,
    'runtime-gone': 'launching:',
    invoke: no,
    shutdown: ends,
    time: no,
  },
  initialising: {
    unlaunched: 'initialising: fail',
    register: 'initialising: refuse',
    next: 'initialising:',
    abandoned: 'initialising:',
    error: 'initialising: accept set-time',
    exited: 'initialising: clear-time fail',
    'runtime-ready': 'settling:',
    'runtime-gone': 'initialising:',
    invoke: no,
    shutdown: ends,
    time: no,
  },
  settling: {
    unlaunched: 'settling: fail',
    register: 'settling: refuse',
    next: 'idle: all-ready',
    abandoned: 'settling:',
    error: 'settling: accept set-time',
    exited: 'settling: clear-time fail',
    'runtime-ready': no,
    'runtime-gone': 'settling:',
    invoke: no,
    shutdown: ends,
    time: no,
  },
  idle: {
    unlaunched: 'idle: fail',
    register: 'idle: refuse',
    next: 'idle: refuse',
    abandoned: 'idle:',
    error: 'idle: accept set-time',
    exited: 'idle: clear-time fail',
    'runtime-ready': no,
    'runtime-gone': 'idle:',
    invoke: 'invoking: deliver',
    shutdown: ends,
    time: no,
  },
  invoking: {
    unlaunched: 'invoking: fail',
    register: 'invoking: refuse',
    next: 'invoking:',
    abandoned: 'invoking:',
    error: 'invoking: accept set-time',
    exited: 'invoking: clear-time fail',
    'runtime-ready': 'finishing:',
    'runtime-gone': 'invoking:',
    invoke: no,
    shutdown: ends,
    time: no,
  },
  finishing: {
    unlaunched: 'finishing: fail',
    register: 'finishing: refuse',
    next: 'idle: all-done',
    abandoned: 'finishing:',
    error: 'finishing: accept set-time',
    exited: 'finishing: clear-time fail',
    'runtime-ready': no,
    'runtime-gone': 'finishing:',
    invoke: no,
    shutdown: ends,
    time: no,
  },
  ending: {
    unlaunched: 'ending:',
    register: 'ending: refuse',
    next: 'ending: refuse',
    abandoned: 'ending:',
    error: 'ending: accept',
    exited: 'ending:',
    'runtime-ready': 'ending:',
    'runtime-gone': 'leaving: set-time deliver',
    invoke: no,
    shutdown: 'ending:',
    time: 'leaving: kill-runtime set-time deliver',
  },
  leaving: {
    unlaunched: 'over: clear-time over',
    register: 'leaving: refuse',
    next: 'leaving:',
    abandoned: 'leaving:',
    error: 'leaving: accept',
    exited: 'over: clear-time over',
    'runtime-ready': 'leaving:',
    'runtime-gone': 'leaving:',
    invoke: no,
    shutdown: 'leaving:',
    time: 'over: clear-time kill over',
  },
  over: {
    unlaunched: 'over:',
    register: 'over: refuse',
    next: 'over: refuse',
    abandoned: 'over:',
    error: 'over: refuse',
    exited: 'over:',
    'runtime-ready': 'over:',
    'runtime-gone': 'over:',
    invoke: no,
    shutdown: 'over:',
    time: no,
  },
};

const phases = Object.keys(states) as Phase[];
const eventKinds = Object.keys(events) as EventKind[];
const kindsOf = (effects: readonly Effect[]): string => effects.map((effect) => ` ${effect.kind}`).join('');

for (const phase of phases) {
  for (const event of eventKinds) {
    test(`${phase} × ${event}: ${table[phase][event]}`, () => {
      const take = () => step(states[phase], events[event], 200, terms);
      if (table[phase][event] === no) {
        assert.throws(take, /cannot take/);
        return;
      }
      const [next, effects] = take();
      assert.equal(`${next.phase}:${kindsOf(effects)}`, table[phase][event]);
    });
  }
}

test('without any extension init, invokes and the end are the runtime’s alone', () => {
  const none = initial([]);
  const [ready, effects] = step(none, events['runtime-ready'], 0, terms);
  assert.equal(ready.phase, 'idle');
  assert.deepEqual(effects, [{ kind: 'all-ready' }]);
  assert.equal(kindsOf(step(ready, events.shutdown, 0, terms)[1]), ' clear-time over');
});

test('an internal extension has half a second, and is not told of the end', () => {
  const register = { ...events.register, name: 'inner', events: ['INVOKE'] };
  const [one, accepted] = step(initial([]), register, 0, terms);
  assert.deepEqual(accepted, [{ kind: 'accept', id: 'i' }]);
  const [ended, effects] = step(one, events.shutdown, 0, terms);
  assert.deepEqual(effects, [{ kind: 'terminate-runtime' }, { kind: 'set-time', delayMs: 500 }]);
  assert.equal(kindsOf(step(ended, events['runtime-gone'], 10, terms)[1]), ' clear-time over');
});

test('internal ones: only while init runs, not for SHUTDOWN, each name once, and only so many', () => {
  const ask = (state: State, name: string, events = ['INVOKE']) =>
    step(state, { kind: 'register', name, id: name, events }, 0, terms);
  const [one] = ask(initial([]), 'a');
  assert.deepEqual(ask(one, 'a')[1], [{ kind: 'refuse', refusal: { kind: 'name-taken' } }]);
  assert.deepEqual(ask(one, 'b', ['SHUTDOWN'])[1], [
    { kind: 'refuse', refusal: { kind: 'invalid-event', event: 'SHUTDOWN', internal: true } },
  ]);
  const [two] = ask(one, 'b');
  const [three] = ask(two, 'c');
  assert.deepEqual(ask(three, 'd')[1], [{ kind: 'refuse', refusal: { kind: 'too-many' } }]);
  const [settling] = step(three, events['runtime-ready'], 0, terms);
  assert.equal(settling.phase, 'settling');
  assert.deepEqual(ask(settling, 'd')[1], [{ kind: 'refuse', refusal: { kind: 'closed' } }]);
});

test('who is not waiting when an event comes gets it with the next call', () => {
  const away = state('idle', { ...external, waits: false });
  const [invoking, effects] = step(away, events.invoke, 0, terms);
  assert.deepEqual(effects, []);
  const [, [delivered]] = step(invoking, events.next, 0, terms);
  assert.deepEqual(delivered, { kind: 'deliver', id: 'e', event: 'INVOKE' });
});

test('who reported an error first names the failure, when it ends or its grace is over', () => {
  const [reported] = step(states.invoking, events.error, 0, terms);
  const [, gone] = step(reported, events.exited, 10, terms);
  assert.deepEqual(gone.at(-1), { kind: 'fail', errorType: 'Extension.ExitError', message: 'exit code 0' });
  const [, late] = step(reported, events.time, 500, terms);
  assert.deepEqual(late, [{ kind: 'fail', errorType: 'Extension.ExitError', message: 'Mine' }]);
});

test('on any path: one failure, one beginning, one end, and SHUTDOWN only for who asked for it', () => {
  const ids = ['a', 'b', 'i'];
  const anEvent: fc.Arbitrary<Event> = fc.oneof(
    fc.constantFrom<Event>(events['runtime-ready'], events['runtime-gone'], events.invoke, events.time, {
      kind: 'shutdown',
      reason: 'failure',
    }),
    fc.record({ kind: fc.constant('next'), id: fc.constantFrom(...ids) }),
    fc.record({ kind: fc.constant('abandoned'), id: fc.constantFrom(...ids) }),
    fc.record({
      kind: fc.constant('register'),
      name: fc.constantFrom('A', 'B', 'I'),
      id: fc.constant('i'),
      events: fc.subarray(['INVOKE', 'SHUTDOWN']),
    }),
    fc.record({
      kind: fc.constant('error'),
      of: fc.constantFrom('init', 'exit'),
      id: fc.constantFrom(...ids),
      errorType: fc.constant('E'),
    }),
    fc.record({
      kind: fc.constant('exited'),
      id: fc.constantFrom('a', 'b'),
      how: fc.constant('h'),
      clean: fc.boolean(),
    }),
  ) as fc.Arbitrary<Event>;
  fc.assert(
    fc.property(fc.array(anEvent, { maxLength: 80 }), (path) => {
      let now = initial([
        { id: 'a', name: 'A' },
        { id: 'b', name: 'B' },
      ]);
      const done: Effect[] = [];
      let timer = false;
      path.forEach((event, index) => {
        if (event.kind === 'time' && !timer) return;
        if (event.kind === 'invoke' && (now.phase !== 'idle' || now.failed)) return;
        const readies = now.failed || ['initialising', 'invoking'].includes(now.phase);
        if (event.kind === 'runtime-ready' && !readies) return;
        const exits =
          event.kind === 'exited' && now.extensions.some(({ id, alive }) => id === event.id && alive);
        if (event.kind === 'exited' && !exits) return;
        if (event.kind === 'time') timer = false;
        const [next, effects] = step(now, event, index * 10, terms);
        for (const effect of effects) {
          if (effect.kind === 'set-time') timer = true;
          if (effect.kind === 'clear-time') timer = false;
          if (effect.kind === 'deliver' && effect.event === 'SHUTDOWN') {
            const whom = now.extensions.find(({ id }) => id === effect.id);
            assert.ok(whom?.events.includes('SHUTDOWN'));
          }
        }
        now = next;
        done.push(...effects);
      });
      const count = (kind: Effect['kind']) => done.filter((effect) => effect.kind === kind).length;
      assert.ok(count('fail') <= 1);
      assert.ok(count('begin-runtime') <= 1);
      assert.equal(count('over'), now.phase === 'over' ? 1 : 0);
      if (['ending', 'leaving'].includes(now.phase)) assert.ok(timer, 'a shutdown ends in any case');
    }),
  );
});
