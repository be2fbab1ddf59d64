/** Registration: who may register when, and for what. A part of the extensions' machine. */
import type { Effect, Event, EventName, Extension, Refusal, State, Terms } from './state-types.ts';

type Step = readonly [State, readonly Effect[]];

/** An external extension is known by its name; every other name is an internal one's. */
export function registered(state: State, event: Event & { kind: 'register' }, terms: Terms): Step {
  const external = state.extensions.find(({ kind, name }) => kind === 'external' && name === event.name);
  const events = event.events.filter(isEventName);
  const wrong = event.events.find(
    (name) => !isEventName(name) || (external === undefined && name === 'SHUTDOWN'),
  );
  if (wrong !== undefined) {
    return refuse(state, { kind: 'invalid-event', event: wrong, internal: external === undefined });
  }
  return external === undefined
    ? registerInternal(state, event, events, terms)
    : registerExternal(state, external, events);
}

function registerExternal(state: State, extension: Extension, events: readonly EventName[]): Step {
  const { id, name, standing } = extension;
  if (standing !== 'Started') {
    return refuse(state, { kind: 'transition', from: standing, to: 'Registered', whom: name });
  }
  const extensions = state.extensions.map((one): Extension =>
    one.id === id ? { ...one, standing: 'Registered', events: once(events) } : one,
  );
  const after = { ...state, extensions };
  const accept: Effect = { kind: 'accept', id };
  const waiting = extensions.some((one) => one.kind === 'external' && one.standing === 'Started');
  if (state.phase !== 'launching' || waiting) return [after, [accept]];
  return [{ ...after, phase: 'initialising' }, [accept, { kind: 'begin-runtime' }]];
}

function registerInternal(
  state: State,
  { id, name }: Event & { kind: 'register' },
  events: readonly EventName[],
  terms: Terms,
): Step {
  if (state.phase !== 'launching' && state.phase !== 'initialising') return refuse(state, { kind: 'closed' });
  if (state.extensions.length >= terms.extensionsMax) return refuse(state, { kind: 'too-many' });
  if (state.extensions.some((one) => one.name === name)) return refuse(state, { kind: 'name-taken' });
  const extension: Extension = {
    id,
    name,
    kind: 'internal',
    standing: 'Registered',
    events: once(events),
    waits: false,
    alive: false,
  };
  return [{ ...state, extensions: [...state.extensions, extension] }, [{ kind: 'accept', id }]];
}

function isEventName(name: string): name is EventName {
  return name === 'INVOKE' || name === 'SHUTDOWN';
}

function once(events: readonly EventName[]): readonly EventName[] {
  return [...new Set(events)];
}

function refuse(state: State, refusal: Refusal): Step {
  return [state, [{ kind: 'refuse', refusal }]];
}
