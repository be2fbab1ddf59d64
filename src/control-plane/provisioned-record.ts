/** What versions and aliases ask to be kept ready, summed up; and where earlier releases kept it. */
import { type FunctionName, metadataPrefix, provisionedPrefix, type ProvisionedRecord } from '#metadata';
import type { Documents } from '#platform';
import type { FunctionStore } from './function-store.ts';

/** What is provisioned for all versions and aliases of a function but one. */
export async function provisionedConcurrency(
  store: FunctionStore,
  name: FunctionName,
  butFor?: string,
): Promise<number> {
  const records = await store.below<ProvisionedRecord>(provisionedPrefix(name));
  return records
    .filter(({ value }) => value.qualifier !== butFor)
    .reduce((total, { value }) => total + value.requested, 0);
}

const formerPrefix = 'control-plane/provisioned/';

/** Moves what a release wrote that kept no environments ready. To be called before requests are served. */
export async function moveFormerRecords(documents: Documents): Promise<void> {
  for (;;) {
    const { documents: found } = await documents.list(formerPrefix, { limit: 50 });
    if (found.length === 0) return;
    await documents.commit(
      found.flatMap(({ key, value }) => [
        { kind: 'delete', key, expected: 'any' },
        {
          kind: 'put',
          key: `${metadataPrefix}provisioned/${key.slice(formerPrefix.length)}`,
          value,
          expected: 'any',
        },
      ]),
    );
  }
}
