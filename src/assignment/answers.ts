/** The answers that an invoke gets from its partition. */
import { assert } from '#lib/assert';
import type { Assigned } from './assignment.ts';
import type { Environment } from './pool.ts';

/** AWS's reason why provisioned concurrency has failed. */
export const initFailure = 'FUNCTION_ERROR_INIT_FAILURE';

export const retired: Assigned = { kind: 'retired' };

/** As many invokes of the generation wait as may, or all workers are full. */
export const crowded: Assigned = {
  kind: 'throttled',
  reason: 'ConcurrentInvocationLimitExceeded',
  retryAfterSeconds: 1,
};

export function unavailable(message: string): Assigned {
  return { kind: 'unavailable', message };
}

/** Where a worker has refused before, its reason says more than that no other was left. */
export function noRoom({ refusal }: Environment, message: string): Assigned {
  return unavailable(refusal === undefined ? message : `${message}: ${refusal}`);
}

/** Made once per environment, not per invoke. */
export function assignedOf(environment: Environment): Assigned {
  assert(environment.workerId !== undefined, 'an environment that is handed out is on a worker');
  environment.assigned ??= {
    kind: 'assigned',
    environmentId: environment.id,
    workerId: environment.workerId,
  };
  return environment.assigned;
}
