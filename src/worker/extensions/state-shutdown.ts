/**
 * The shutdown phase: the runtime is asked to end and has its share of the time, then the extensions are told, and have the rest.
 *
 *     no extension          over at once
 *     internal ones alone   ending (the whole time) ─▶ over
 *     an external one       ending (the runtime's share) ─▶ leaving (the rest) ─▶ over
 *
 * A part of the extensions' machine.
 */
import type { Effect, Extension, ShutdownReason, State, Terms } from './state-types.ts';

type Step = readonly [State, readonly Effect[]];

export function shutdown(state: State, reason: ShutdownReason, now: number, terms: Terms): Step {
  if (state.phase === 'ending' || state.phase === 'leaving' || state.phase === 'over') return [state, []];
  const external = state.extensions.some(({ kind }) => kind === 'external');
  const wholeMs = external ? terms.externalShutdownMs : terms.internalShutdownMs;
  const phase: State = { ...state, phase: 'ending', shutdown: { reason, endsAtMs: now + wholeMs } };
  if (state.extensions.length === 0) return over(phase);
  if (!state.runtimeAlive) return leaving(phase, now);
  const shareMs = external ? terms.runtimeShutdownMs : wholeMs;
  return [phase, [{ kind: 'terminate-runtime' }, { kind: 'set-time', delayMs: shareMs }]];
}

/** A share of the time is over. */
export function ending(state: State, now: number): Step {
  if (state.phase !== 'ending') return over(state);
  const [after, effects] = leaving(state, now);
  return [after, [{ kind: 'kill-runtime' }, ...effects]];
}

/** The extensions' share: those who asked for SHUTDOWN get it, all others are killed. */
export function leaving(state: State, now: number): Step {
  const effects: Effect[] = [];
  const extensions = state.extensions.map((extension): Extension => {
    const { id, alive, events, waits } = extension;
    if (!alive) return extension;
    if (!events.includes('SHUTDOWN')) {
      effects.push({ kind: 'kill', id });
      return extension;
    }
    if (!waits) return { ...extension, owed: 'SHUTDOWN' };
    effects.push({ kind: 'deliver', id, event: 'SHUTDOWN' });
    return { ...extension, standing: 'Running', waits: false };
  });
  const after: State = { ...state, phase: 'leaving', extensions };
  if (!extensions.some(({ alive }) => alive)) return over(after);
  const leftMs = Math.max(0, (state.shutdown?.endsAtMs ?? now) - now);
  return [after, [{ kind: 'set-time', delayMs: leftMs }, ...effects]];
}

function over(state: State): Step {
  const killed = state.extensions
    .filter(({ alive }) => alive)
    .map(({ id }): Effect => ({ kind: 'kill', id }));
  return [{ ...state, phase: 'over' }, [{ kind: 'clear-time' }, ...killed, { kind: 'over' }]];
}
