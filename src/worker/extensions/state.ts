/**
 * The lifecycle of the extensions of one sandbox, as a pure state machine, beside the environment's: that one waits for `all-ready` after
 * init and for `all-done` after an invoke, instead of the runtime alone.
 *
 * Invariants: every `register`, `next` and `error` has at most one `accept`, `refuse` or `deliver` as its answer, and none only while a `next`
 * waits; `begin-runtime` comes at most once, `fail` at most once, `over` exactly once after `shutdown`; an `all-done` follows every
 * `invoke` unless something failed; nobody gets SHUTDOWN who has not asked for it at registration.
 */
import { assert, unreachable } from '#lib/assert';
import { registered } from './state-register.ts';
import { ending, leaving, shutdown } from './state-shutdown.ts';
import type { Effect, Event, Extension, Phase, State, Terms } from './state-types.ts';

export type Step = readonly [State, readonly Effect[]];

const nothing: readonly Effect[] = [];

/** Where a sandbox begins whose layers bring these programs; without any, the runtime begins at once. */
export function initial(programs: readonly { readonly id: string; readonly name: string }[]): State {
  return {
    phase: programs.length === 0 ? 'initialising' : 'launching',
    extensions: programs.map(({ id, name }) => ({
      id,
      name,
      kind: 'external',
      standing: 'Started',
      events: [],
      waits: false,
      alive: true,
    })),
    runtimeAlive: true,
    failed: false,
  };
}

/** The next state and what is to be done, at monotonic time `now`. Throws where the table forbids the event. */
export function step(state: State, event: Event, now: number, terms: Terms): Step {
  switch (event.kind) {
    case 'register':
      return registered(state, event, terms);
    case 'next':
      return asked(state, event.id);
    case 'abandoned':
      return [changed(state, event.id, { waits: false }), nothing];
    case 'error':
      return reported(state, event, terms);
    case 'unlaunched':
      return unlaunched(state, event, now);
    case 'exited':
      return exited(state, event, now);
    case 'runtime-ready':
      return runtimeReady(state, event);
    case 'runtime-gone':
      return runtimeGone(state, now);
    case 'invoke':
      return invoked(state, event);
    case 'shutdown':
      return shutdown(state, event.reason, now, terms);
    case 'time':
      return timeOver(state, event, now);
    default:
      return unreachable(event);
  }
}

/** Whether there is anybody that the environment has to wait for. */
export function isAlone(state: State): boolean {
  return state.extensions.length === 0;
}

/** An extension asks for its next event, which says that it is done with the one before. */
function asked(state: State, id: string): Step {
  const extension = state.extensions.find((one) => one.id === id);
  if (extension === undefined) return [state, [{ kind: 'refuse', refusal: { kind: 'unknown' } }]];
  const { standing, owed } = extension;
  const may =
    standing === 'Registered' || standing === 'Running' || (standing === 'Ready' && !extension.waits);
  if (!may) return [state, [refused(extension, 'Ready')]];
  if (owed !== undefined) {
    return [
      changed(state, id, { standing: 'Running', owed: undefined }),
      [{ kind: 'deliver', id, event: owed }],
    ];
  }
  return settled(changed(state, id, { standing: 'Ready', waits: true }));
}

/** Whether all are ready now for whom the environment waits. */
function settled(state: State): Step {
  if (state.failed) return [state, nothing];
  if (state.phase === 'settling' && state.extensions.every(isReady)) {
    return [{ ...state, phase: 'idle' }, [{ kind: 'all-ready' }]];
  }
  if (state.phase === 'finishing' && !state.extensions.some(isBusy)) {
    return [{ ...state, phase: 'idle' }, [{ kind: 'all-done' }]];
  }
  return [state, nothing];
}

const isReady = ({ standing }: Extension): boolean => standing === 'Ready';
const isBusy = ({ standing, owed }: Extension): boolean => standing === 'Running' || owed === 'INVOKE';

function runtimeReady(state: State, event: Event): Step {
  if (state.failed) return [state, nothing];
  switch (state.phase) {
    case 'initialising':
      return settled({ ...state, phase: 'settling' });
    case 'invoking':
      return settled({ ...state, phase: 'finishing' });
    case 'launching':
    case 'settling':
    case 'idle':
    case 'finishing':
      return forbidden(state.phase, event);
    // It said so before it was asked to end.
    case 'ending':
    case 'leaving':
    case 'over':
      return [state, nothing];
    default:
      return unreachable(state.phase);
  }
}

function invoked(state: State, event: Event): Step {
  if (state.phase !== 'idle') return forbidden(state.phase, event);
  const effects: Effect[] = [];
  const extensions = state.extensions.map((extension): Extension => {
    if (!extension.events.includes('INVOKE')) return extension;
    if (!extension.waits) return { ...extension, owed: 'INVOKE' };
    effects.push({ kind: 'deliver', id: extension.id, event: 'INVOKE' });
    return { ...extension, standing: 'Running', waits: false };
  });
  return [{ ...state, phase: 'invoking', extensions }, effects];
}

/** The extension says that it cannot go on. An external one ends by itself, which says how; else time does. */
function reported(state: State, event: Event & { kind: 'error' }, terms: Terms): Step {
  const extension = state.extensions.find((one) => one.id === event.id);
  if (extension === undefined) return [state, [{ kind: 'refuse', refusal: { kind: 'unknown' } }]];
  const { id } = extension;
  const to = event.of === 'init' ? 'InitError' : 'ExitError';
  const accept: Effect = { kind: 'accept', id };
  if (extension.standing === to) return [state, [accept]];
  const may =
    extension.standing === 'Registered' ||
    (event.of === 'exit' && (extension.standing === 'Ready' || extension.standing === 'Running'));
  if (!may) return [state, [refused(extension, event.of === 'init' ? 'InitError' : 'Exited')]];
  const after = changed(state, id, {
    standing: to,
    errorType: event.errorType,
    waits: false,
    owed: undefined,
  });
  if (isShuttingDown(state.phase) || state.failed || state.reported !== undefined) return [after, [accept]];
  const errorType = `Extension.${to}` as const;
  const reportedBy = { id, errorType };
  if (extension.kind === 'external') {
    return [{ ...after, reported: reportedBy }, [accept, { kind: 'set-time', delayMs: terms.errorGraceMs }]];
  }
  return [
    { ...after, reported: reportedBy, failed: true },
    [accept, { kind: 'fail', errorType, message: event.errorType }],
  ];
}

function unlaunched(state: State, event: Event & { kind: 'unlaunched' }, now: number): Step {
  const after = changed(state, event.id, { standing: 'LaunchError', errorType: event.why, alive: false });
  if (isShuttingDown(state.phase)) return someoneEnded(after, now);
  if (state.failed) return [after, nothing];
  return [
    { ...after, failed: true },
    [{ kind: 'fail', errorType: 'Extension.LaunchError', message: event.message }],
  ];
}

function exited(state: State, event: Event & { kind: 'exited' }, now: number): Step {
  const { id } = event;
  const gone = { alive: false, waits: false, owed: undefined };
  if (isShuttingDown(state.phase)) {
    const standing = event.clean ? 'Exited' : 'ShutdownFailed';
    return someoneEnded(changed(state, id, { ...gone, standing }), now);
  }
  const after = changed(state, id, gone);
  if (state.failed) return [after, nothing];
  const errorType = state.reported?.errorType ?? 'Extension.Crash';
  return [
    { ...after, failed: true },
    [{ kind: 'clear-time' }, { kind: 'fail', errorType, message: event.how }],
  ];
}

function runtimeGone(state: State, now: number): Step {
  return someoneEnded({ ...state, runtimeAlive: false }, now);
}

/** In a shutdown, the next share begins as soon as all of this one have ended. */
function someoneEnded(state: State, now: number): Step {
  if (state.phase === 'ending' && !state.runtimeAlive) return leaving(state, now);
  if (state.phase === 'leaving' && !state.extensions.some(({ alive }) => alive)) {
    return [{ ...state, phase: 'over' }, [{ kind: 'clear-time' }, { kind: 'over' }]];
  }
  return [state, nothing];
}

function timeOver(state: State, event: Event, now: number): Step {
  switch (state.phase) {
    case 'ending':
    case 'leaving':
      return ending(state, now);
    case 'launching':
    case 'initialising':
    case 'settling':
    case 'idle':
    case 'invoking':
    case 'finishing': {
      const { reported: first } = state;
      if (state.failed) return [state, nothing];
      if (first === undefined) return forbidden(state.phase, event);
      const message = state.extensions.find(({ id }) => id === first.id)?.errorType ?? '';
      return [{ ...state, failed: true }, [{ kind: 'fail', errorType: first.errorType, message }]];
    }
    case 'over':
      return forbidden(state.phase, event);
    default:
      return unreachable(state.phase);
  }
}

function isShuttingDown(phase: Phase): boolean {
  return phase === 'ending' || phase === 'leaving' || phase === 'over';
}

type Change = { readonly [Key in keyof Extension]?: Extension[Key] | undefined };

function changed(state: State, id: string, change: Change): State {
  return {
    ...state,
    extensions: state.extensions.map((one) => {
      if (one.id !== id) return one;
      const { owed, ...rest } = { ...one, ...change } as Extension;
      return owed === undefined ? rest : { ...rest, owed };
    }),
  };
}

function refused(extension: Extension, to: Extension['standing']): Effect {
  return {
    kind: 'refuse',
    refusal: { kind: 'transition', from: extension.standing, to, whom: extension.id },
  };
}

function forbidden(phase: Phase, event: Event): never {
  assert(false, `extensions that are ${phase} cannot take "${event.kind}"`);
  throw new Error('unreachable');
}
