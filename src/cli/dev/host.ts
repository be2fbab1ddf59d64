/** The Lambkin that `lambkin dev` uses: the one that runs on the data directory, or one that it starts and stops. */
import { join } from 'node:path';
import type { LambkinOptions, Running, RunningLambkin } from '#roles';
import { systemClock } from '#platform';
import { openRuntimes } from '#runtimes';
import { Failure } from '../failure.ts';
import { findRunning } from '../running.ts';
import { notStarted } from '../up.ts';

/** Where it is now: one that was restarted may be elsewhere. Throws a Failure while none runs. */
export type Found = () => Running;

export interface DevHost {
  /** The runtimes that can start, or can be got. */
  readonly runtimes: () => Promise<readonly string[]>;
  /** Starts one if none runs. Throws a Failure where it cannot, or where the one that runs does not debug this function. */
  readonly running: (debug: LambkinOptions['debug']) => Promise<Found>;
  readonly stop: (graceMs: number) => Promise<void>;
}

export async function host(
  { lambkin }: { readonly lambkin: LambkinOptions },
  signal: AbortSignal,
): Promise<DevHost> {
  const { dataDirectory } = lambkin;
  let own: RunningLambkin | undefined;
  return {
    async runtimes() {
      const catalogue = openRuntimes({ directory: join(dataDirectory, 'runtimes'), clock: systemClock });
      const statuses = await catalogue.list();
      return statuses
        .filter(({ availability }) => availability.kind === 'ready' || availability.kind === 'installable')
        .map(({ runtime }) => runtime);
    },
    async running(debug) {
      const there = runningOn(dataDirectory);
      if (there !== undefined) {
        if (debug === undefined) return () => findRunning(dataDirectory);
        throw new Failure(
          `a Lambkin runs on ${dataDirectory} already: start it with "lambkin up --debug ${debug.functionName}", or stop it and let dev start its own.`,
        );
      }
      const { startLambkin } = await import('#roles');
      const outcome = await startLambkin({ ...lambkin, ...(debug === undefined ? {} : { debug }) });
      if (outcome.kind !== 'started') throw notStarted(outcome);
      own = outcome.lambkin;
      if (signal.aborted) throw new Failure('stopped while starting.');
      return () => findRunning(dataDirectory);
    },
    stop: async (graceMs) => own?.stop(graceMs),
  };
}

function runningOn(dataDirectory: string): Running | undefined {
  try {
    return findRunning(dataDirectory);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
