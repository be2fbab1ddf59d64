/**
 * Carries what is provisioned from the metadata to those who act on it: assignment keeps environments ready, counting sets slots apart. A
 * version that cannot run is not started; its slots are set apart all the same.
 */
import type { Counting } from '#counting';
import type { ProvisionedChange, VersionRecord } from '#metadata';
import type { Provisioning } from './assignment.ts';

export interface KeeperOptions {
  readonly metadata: {
    onProvisionedChange(listener: (change: ProvisionedChange) => void): () => void;
  };
  readonly assignment: Pick<Provisioning, 'want'>;
  readonly counting: Pick<Counting, 'setProvisioned'>;
}

/** Begins with what is provisioned now. Returns what ends it. */
export function keepProvisioned({ metadata, assignment, counting }: KeeperOptions): () => void {
  /** What was said last of each function that has something provisioned, by account and name, then by version. */
  const said = new Map<string, ReadonlyMap<string, VersionRecord>>();
  return metadata.onProvisionedChange(({ accountId, functionName, versions }) => {
    const key = `${accountId}/${functionName}`;
    const before = said.get(key) ?? new Map<string, VersionRecord>();
    const now = new Map(versions.map(({ version }) => [version.version, version]));
    if (now.size > 0) said.set(key, now);
    else said.delete(key);
    for (const [name, version] of before) {
      // The same version published anew (after its function was deleted and made again) is of another generation.
      if (now.get(name)?.generation !== version.generation) assignment.want(version, 0);
      if (!now.has(name)) counting.setProvisioned(accountId, functionName, name, 0);
    }
    for (const { version, count } of versions) {
      counting.setProvisioned(accountId, functionName, version.version, count);
      assignment.want(version, version.state === 'Active' ? count : 0);
    }
  });
}
