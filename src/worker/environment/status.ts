/** What others are told of an environment's state. */
import type { EnvironmentStatus } from '../worker.ts';
import type { State } from './state-types.ts';

export function statusOf(state: State): EnvironmentStatus['status'] {
  switch (state.kind) {
    case 'preparing':
    case 'initialising':
      return 'starting';
    case 'idle':
    case 'uninitialised':
      return 'idle';
    case 'reviving':
    case 'invoking':
    case 'finishing':
      return 'busy';
    case 'stopping':
    case 'gone':
      return 'stopping';
    default:
      return state satisfies never;
  }
}
