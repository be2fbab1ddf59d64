/**
 * The lifecycle of an execution environment, as a pure state machine.
 *
 *   preparing ─▶ initialising ─▶ idle ⇄ invoking ─▶ finishing ─▶ idle
 *        └──────────────┴─▶ uninitialised ─▶ reviving ─▶ invoking          (init failed: it is run again inside the first invoke)
 *   any ─▶ stopping ─▶ gone
 *
 * Invariants: every `invoke` event leads to exactly one `answer`, `fail` or `not-started` effect; `created`, `refused` and `impossible`
 * come exactly once; `gone` comes exactly once, and only to an environment that was created; nothing follows it. A deadline is set
 * exactly in `initialising`, `reviving`, `invoking` and `finishing`.
 */
import { assert, unreachable } from '#lib/assert';
import type { ShutdownReason } from '../extensions/state-types.ts';
import type { Effect, Event, Failure, State, Terms, Turn } from './state-types.ts';

export type Step = readonly [State, readonly Effect[]];

const nothing: readonly Effect[] = [];
const ended: Effect = { kind: 'kill', why: 'spindown' };
const killed: Failure = { kind: 'exit', status: { kind: 'signal', signal: 'SIGKILL' } };

/** Where every environment begins; `start` is then under way. */
export const initial: State = { kind: 'preparing' };

/** The next state and what is to be done, at monotonic time `now`. Throws where the table forbids the event. */
export function step(state: State, event: Event, now: number, terms: Terms): Step {
  switch (state.kind) {
    case 'preparing':
      return preparing(state, event, now, terms);
    case 'initialising':
      return initialising(state, event, now, terms);
    case 'idle':
      return idle(state, event, now, terms);
    case 'uninitialised':
      return uninitialised(state, event, now, terms);
    case 'reviving':
      return reviving(state, event, now, terms);
    case 'invoking':
      return invoking(state, event, now, terms);
    case 'finishing':
      return finishing(state, event, now, terms);
    case 'stopping':
      return stopping(state, event);
    case 'gone':
      return forbidden(state, event);
    default:
      return unreachable(state);
  }
}

function preparing(state: State, event: Event, now: number, terms: Terms): Step {
  switch (event.kind) {
    case 'started':
      return [{ kind: 'initialising', sinceMs: now }, [{ kind: 'set-deadline', delayMs: terms.initLimitMs }]];
    case 'refused':
      return [stop(event.reason, false), [{ kind: 'refused', reason: event.reason }, ended]];
    case 'impossible':
      return [stop(event.message, false), [event, ended]];
    case 'failed':
      return initFailed(event.failure, 0, terms);
    case 'destroy':
      return [
        stop('destroyed', false),
        [{ kind: 'refused', reason: 'the environment was destroyed' }, ended],
      ];
    case 'ready':
    case 'invoke':
    case 'answered':
    case 'unsent':
    case 'deadline':
    case 'reaped':
      return forbidden(state, event);
    default:
      return unreachable(event);
  }
}

function initialising(
  state: State & { kind: 'initialising' },
  event: Event,
  now: number,
  terms: Terms,
): Step {
  switch (event.kind) {
    case 'ready':
      // What is initialised ahead is not the first invoke's to pay for.
      if (terms.isAhead === true)
        return [{ kind: 'idle' }, [{ kind: 'clear-deadline' }, { kind: 'created' }]];
      return [
        { kind: 'idle', initMs: now - state.sinceMs },
        [{ kind: 'clear-deadline' }, { kind: 'created' }],
      ];
    case 'failed':
      return initFailed(event.failure, now - state.sinceMs, terms);
    case 'deadline':
      return initFailed({ kind: 'timeout' }, now - state.sinceMs, terms);
    case 'destroy':
      return [
        stop('destroyed', false),
        [{ kind: 'clear-deadline' }, { kind: 'refused', reason: 'the environment was destroyed' }, ended],
      ];
    case 'started':
    case 'refused':
    case 'impossible':
    case 'invoke':
    case 'answered':
    case 'unsent':
    case 'reaped':
      return forbidden(state, event);
    default:
      return unreachable(event);
  }
}

function initFailed(failure: Failure, durationMs: number, terms: Terms): Step {
  if (terms.isAhead === true) {
    return [
      stop(nameOf(failure), false),
      [
        { kind: 'clear-deadline' },
        { kind: 'init-report', durationMs, phase: 'init', failure },
        { kind: 'init-failed' },
        { kind: 'kill', why: whyOf(failure) },
      ],
    ];
  }
  return [
    { kind: 'uninitialised' },
    [
      { kind: 'clear-deadline' },
      { kind: 'kill', why: whyOf(failure) },
      { kind: 'init-report', durationMs, phase: 'init', failure },
      { kind: 'created' },
    ],
  ];
}

function idle(state: State & { kind: 'idle' }, event: Event, now: number, terms: Terms): Step {
  switch (event.kind) {
    case 'invoke': {
      const turn = state.initMs === undefined ? { startedMs: now } : { startedMs: now, initMs: state.initMs };
      return [
        { kind: 'invoking', turn },
        [{ kind: 'set-deadline', delayMs: terms.timeoutMs }, { kind: 'begin' }, { kind: 'send' }],
      ];
    }
    case 'failed':
      return [stop(nameOf(event.failure)), [{ kind: 'kill', why: whyOf(event.failure) }]];
    case 'destroy':
      return [stop('destroyed'), [ended]];
    case 'started':
    case 'refused':
    case 'impossible':
    case 'ready':
    case 'answered':
    case 'unsent':
    case 'deadline':
    case 'reaped':
      return forbidden(state, event);
    default:
      return unreachable(event);
  }
}

function uninitialised(state: State, event: Event, now: number, terms: Terms): Step {
  switch (event.kind) {
    case 'invoke':
      return [
        { kind: 'reviving', turn: { startedMs: now }, sinceMs: now },
        [{ kind: 'set-deadline', delayMs: terms.timeoutMs }, { kind: 'start' }],
      ];
    case 'destroy':
      return [stop('destroyed'), [ended]];
    case 'started':
    case 'refused':
    case 'impossible':
    case 'ready':
    case 'failed':
    case 'answered':
    case 'unsent':
    case 'deadline':
    case 'reaped':
      return forbidden(state, event);
    default:
      return unreachable(event);
  }
}

function reviving(state: State & { kind: 'reviving' }, event: Event, now: number, terms: Terms): Step {
  const fail = (failure: Failure, endMs: number): Step => [
    stop(nameOf(failure)),
    [
      { kind: 'init-report', durationMs: endMs - state.sinceMs, phase: 'invoke', failure },
      { kind: 'begin' },
      ...over(state.turn, failure, endMs),
    ],
  ];
  switch (event.kind) {
    case 'started':
      return [{ ...state, sinceMs: now }, nothing];
    case 'ready':
      return [{ kind: 'invoking', turn: state.turn }, [{ kind: 'begin' }, { kind: 'send' }]];
    case 'failed':
      return fail(event.failure, now);
    case 'deadline':
      return fail({ kind: 'timeout' }, state.turn.startedMs + terms.timeoutMs);
    case 'refused':
      return [stop(event.reason), [{ kind: 'clear-deadline' }, { kind: 'not-started' }, ended]];
    case 'impossible':
      return fail({ kind: 'entrypoint', message: event.message }, now);
    case 'destroy':
      return [stop('destroyed'), [{ kind: 'clear-deadline' }, { kind: 'not-started' }, ended]];
    case 'invoke':
    case 'answered':
    case 'unsent':
    case 'reaped':
      return forbidden(state, event);
    default:
      return unreachable(event);
  }
}

function invoking(state: State & { kind: 'invoking' }, event: Event, now: number, terms: Terms): Step {
  switch (event.kind) {
    case 'answered':
      return [{ kind: 'finishing', turn: state.turn }, [{ kind: 'answer' }]];
    case 'unsent':
      return [
        stop('its runtime was gone'),
        [{ kind: 'clear-deadline' }, { kind: 'not-started' }, { kind: 'kill', why: 'failure' }],
      ];
    case 'failed':
      return [stop(nameOf(event.failure)), over(state.turn, event.failure, now)];
    case 'deadline':
      // The clock's last fraction is not the function's: what was given is what is reported.
      return [stop('timeout'), over(state.turn, { kind: 'timeout' }, state.turn.startedMs + terms.timeoutMs)];
    case 'destroy':
      return [stop('destroyed'), over(state.turn, killed, now, 'spindown')];
    case 'started':
    case 'refused':
    case 'impossible':
    case 'ready':
    case 'invoke':
    case 'reaped':
      return forbidden(state, event);
    default:
      return unreachable(event);
  }
}

function finishing(state: State & { kind: 'finishing' }, event: Event, now: number, terms: Terms): Step {
  // An answer that was there in time may be read late: nobody is charged for more than the timeout.
  const within = (endMs: number): number => Math.min(endMs, state.turn.startedMs + terms.timeoutMs);
  const end = (failure: Failure, endMs: number): Step => [
    stop(nameOf(failure)),
    [
      { kind: 'clear-deadline' },
      reportOf(state.turn, within(endMs), failure),
      { kind: 'kill', why: whyOf(failure) },
    ],
  ];
  switch (event.kind) {
    case 'ready':
      return [
        { kind: 'idle' },
        [{ kind: 'clear-deadline' }, reportOf(state.turn, within(now), undefined), { kind: 'idle' }],
      ];
    case 'failed':
      return end(event.failure, now);
    case 'deadline':
      return end({ kind: 'timeout' }, state.turn.startedMs + terms.timeoutMs);
    case 'destroy':
      return [
        stop('destroyed'),
        [{ kind: 'clear-deadline' }, reportOf(state.turn, within(now), undefined), ended],
      ];
    case 'started':
    case 'refused':
    case 'impossible':
    case 'invoke':
    case 'answered':
    case 'unsent':
    case 'reaped':
      return forbidden(state, event);
    default:
      return unreachable(event);
  }
}

/** What still comes from a sandbox that is being killed changes nothing. */
function stopping(state: State & { kind: 'stopping' }, event: Event): Step {
  switch (event.kind) {
    case 'reaped':
      return [{ kind: 'gone' }, state.created ? [{ kind: 'gone', reason: state.reason }] : nothing];
    case 'invoke':
      return [state, [{ kind: 'not-started' }]];
    case 'destroy':
      return [state, nothing];
    case 'started':
    case 'refused':
    case 'impossible':
    case 'ready':
    case 'failed':
    case 'answered':
    case 'unsent':
    case 'deadline':
      return forbidden(state, event);
    default:
      return unreachable(event);
  }
}

function stop(reason: string, created = true): State {
  return { kind: 'stopping', reason, created };
}

function over(turn: Turn, failure: Failure, endMs: number, why = whyOf(failure)): readonly Effect[] {
  return [
    { kind: 'clear-deadline' },
    { kind: 'kill', why },
    { kind: 'fail', failure },
    reportOf(turn, endMs, failure),
  ];
}

function reportOf(turn: Turn, endMs: number, failure: Failure | undefined): Effect {
  return {
    kind: 'report',
    durationMs: endMs - turn.startedMs,
    ...(turn.initMs === undefined ? {} : { initMs: turn.initMs }),
    ...(failure === undefined ? {} : { failure }),
  };
}

function nameOf(failure: Failure): string {
  return failure.kind === 'reported' || failure.kind === 'extension' ? failure.errorType : failure.kind;
}

/** What its extensions are told. */
function whyOf(failure: Failure): ShutdownReason {
  return failure.kind === 'timeout' ? 'timeout' : 'failure';
}

function forbidden(state: State, event: Event): never {
  assert(false, `an environment that is ${state.kind} cannot take "${event.kind}"`);
  throw new Error('unreachable');
}
