/** Provisioned concurrency as it is stored: how many environments a version or alias asks for. */
import type { FunctionName } from '#metadata';
import { provisionedPrefix } from './attachments.ts';
import type { FunctionStore } from './function-store.ts';

export interface ProvisionedRecord {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** A version number or an alias. */
  readonly qualifier: string;
  readonly requested: number;
  /** Epoch milliseconds. */
  readonly lastModifiedMs: number;
}

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
