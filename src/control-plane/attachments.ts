/**
 * What hangs on a function besides its versions and aliases: policies, URLs, event invoke configurations, provisioned
 * concurrency, runtime management. Each stands under the function's name and a qualifier (`$LATEST`, a version, an alias)
 * and goes with whatever the qualifier names.
 *
 *   control-plane/runtime-management/<account>/<region>/<name>/<qualifier>    RuntimeManagementRecord
 *
 * The others are metadata (#metadata says where), because invokes need them. Whoever writes one holds the function's record,
 * so that none appears while its function is being deleted.
 */
import {
  eventInvokeKey,
  eventInvokesPrefix,
  type FunctionName,
  functionPolicyKey,
  type FunctionPolicyRecord,
  functionUrlIdKey,
  functionUrlKey,
  type FunctionUrlRecord,
  functionUrlsPrefix,
  provisionedKey,
  provisionedPrefix,
} from '#metadata';
import { removeRecord, replaceRecord, type Stored, type Write } from '#platform';
import type { FunctionStore } from './function-store.ts';

const prefixOf = (collection: string, name: FunctionName): string =>
  `control-plane/${collection}/${name.accountId}/${name.region}/${name.functionName}/`;

export const runtimeManagementPrefix = (name: FunctionName): string => prefixOf('runtime-management', name);
export const runtimeManagementKey = (name: FunctionName, qualifier: string): string =>
  runtimeManagementPrefix(name) + qualifier;

/** Everything that hangs on the function and on its qualifiers, for its deletion. */
export async function attachmentsOf(
  store: FunctionStore,
  name: FunctionName,
): Promise<readonly Stored<unknown>[]> {
  const [policies, urls, ...others] = await Promise.all([
    store.find<FunctionPolicyRecord>(functionPolicyKey(name)),
    store.below<FunctionUrlRecord>(functionUrlsPrefix(name)),
    store.below(eventInvokesPrefix(name)),
    store.below(provisionedPrefix(name)),
    store.below(runtimeManagementPrefix(name)),
  ]);
  const urlIds = await Promise.all(
    urls.map(({ value }) => store.find(functionUrlIdKey(value.region, value.urlId))),
  );
  return [policies, ...urls, ...urlIds, ...others.flat()].filter((found) => found !== undefined);
}

/** The writes that take away what hangs on one version or alias, for the commit that deletes it. At most 6. */
export async function detach(
  store: FunctionStore,
  name: FunctionName,
  qualifier: string,
): Promise<readonly Write[]> {
  const [policies, url, ...others] = await Promise.all([
    store.find<FunctionPolicyRecord>(functionPolicyKey(name)),
    store.find<FunctionUrlRecord>(functionUrlKey(name, qualifier)),
    store.find(eventInvokeKey(name, qualifier)),
    store.find(provisionedKey(name, qualifier)),
    store.find(runtimeManagementKey(name, qualifier)),
  ]);
  const urlId = url && (await store.find(functionUrlIdKey(url.value.region, url.value.urlId)));
  const gone = [url, urlId, ...others].filter((found) => found !== undefined).map(removeRecord);
  return policies && Object.hasOwn(policies.value.policies, qualifier)
    ? [withoutPolicy(policies, qualifier), ...gone]
    : gone;
}

/** Takes one qualifier's policy away; the record goes with its last. */
export function withoutPolicy(before: Stored<FunctionPolicyRecord>, qualifier: string): Write {
  const policies = Object.fromEntries(
    Object.entries(before.value.policies).filter(([name]) => name !== qualifier),
  );
  return Object.keys(policies).length === 0
    ? removeRecord(before)
    : replaceRecord(before, { ...before.value, policies });
}
