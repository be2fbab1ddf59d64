/**
 * What a new leader makes of the difference between the journal and the workers:
 *
 *     journaled | on the worker      | becomes
 *     ----------+--------------------+-----------------------------------------------
 *     yes       | idle               | adopted, idle
 *     yes       | busy               | adopted, busy: its `idle` event will come
 *     yes       | stopping           | adopted, retiring: its `gone` event will come
 *     yes       | starting           | destroyed and removed: nobody waits for its start
 *     yes       | not there          | removed
 *     no        | anything           | destroyed: its creation was never acknowledged
 */
import type { EnvironmentStatus } from '#worker';
import type { EnvironmentRecord } from './records.ts';

export interface Adopted {
  readonly record: EnvironmentRecord;
  readonly state: 'idle' | 'busy' | 'retiring';
}

export interface Reconciled {
  readonly adopted: readonly Adopted[];
  /** Ids to be removed from the journal. */
  readonly lost: readonly string[];
  readonly orphans: readonly { readonly workerId: string; readonly environmentId: string }[];
}

/** `listed`: per worker id, those of its environments that belong to this partition. Workers that cannot be asked are left out. */
export function reconcile(
  journaled: ReadonlyMap<string, EnvironmentRecord>,
  listed: ReadonlyMap<string, readonly EnvironmentStatus[]>,
): Reconciled {
  const adopted: Adopted[] = [];
  const orphans: { workerId: string; environmentId: string }[] = [];
  for (const [workerId, statuses] of listed) {
    for (const { environmentId, status } of statuses) {
      const record = journaled.get(environmentId);
      if (record === undefined || record.workerId !== workerId || status === 'starting') {
        orphans.push({ workerId, environmentId });
      } else {
        adopted.push({ record, state: status === 'stopping' ? 'retiring' : status });
      }
    }
  }
  const kept = new Set(adopted.map(({ record }) => record.id));
  return { adopted, lost: [...journaled.keys()].filter((id) => !kept.has(id)), orphans };
}
