/** Seals the environment variables that release 0.1 stored in clear: once, at the first start after it. */
import type { VariableSeal, VersionRecord } from '#metadata';
import type { Document, Documents, Json, Revision, Write } from '#platform';
import { writesPerCommitMax } from './limits.ts';

/** Seals those of a page of versions. Resolves with the revision of the last change; undefined where there was nothing to do. */
export async function sealVersions(
  documents: Documents,
  page: readonly Document[],
  variables: VariableSeal,
): Promise<Revision | undefined> {
  const writes = page.flatMap(({ key, value, revision }): Write[] => {
    const version = value as unknown as VersionRecord;
    const sealed = sealedVersion(version, variables);
    return sealed === version
      ? []
      : [{ kind: 'put', key, value: sealed as unknown as Json, expected: revision }];
  });
  let last: Revision | undefined;
  for (let start = 0; start < writes.length; start += writesPerCommitMax) {
    const outcome = await documents.commit(writes.slice(start, start + writesPerCommitMax));
    // A conflict is somebody else's change, which is sealed.
    if (outcome.kind === 'committed') last = outcome.revision;
  }
  return last;
}

function sealedVersion(version: VersionRecord, variables: VariableSeal): VersionRecord {
  const { configuration } = version;
  const { environment } = configuration;
  if (typeof environment === 'string' || Object.keys(environment).length === 0) return version;
  return {
    ...version,
    configuration: { ...configuration, environment: variables.seal(version, environment) },
  };
}
