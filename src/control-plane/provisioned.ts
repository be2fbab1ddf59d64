/**
 * PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig, ListProvisionedConcurrencyConfigs,
 * DeleteProvisionedConcurrencyConfig: how many environments a version or alias asks to be kept ready. They count against the
 * function's reservation, or the account's concurrency. Lambkin keeps none ready yet, and says so: the status stays IN_PROGRESS with none allocated.
 */
import {
  functionArn,
  type FunctionName,
  isVersionNumber,
  latestVersion,
  provisionedKey,
  provisionedPrefix,
  type ProvisionedRecord,
} from '#metadata';
import type { Write } from '#platform';
import { type Handlers, type Input, type Output, type RequestContext, WireError } from '#wire';
import { aliasNotFound, conflict, functionNotFound, invalidParameter } from './answers.ts';
import type { Context } from './context.ts';
import { type FunctionStore, hold, remove, upsert } from './function-store.ts';
import { page } from './pages.ts';
import { provisionedConcurrency } from './provisioned-record.ts';
import { number, required, targetOf } from './request.ts';
import { take } from './reservations.ts';

export function provisionedHandlers(context: Context): Handlers {
  const { store } = context;
  return {
    PutProvisionedConcurrencyConfig: (input, request) => putProvisioned(context, input, request),
    GetProvisionedConcurrencyConfig: async (input, request) => {
      const { name, qualifier } = configured(context, input, request, 'GetProvisionedConcurrencyConfig');
      await versionOf(store, name, qualifier);
      const found = await store.find<ProvisionedRecord>(provisionedKey(name, qualifier));
      if (!found) {
        throw new WireError(
          'ProvisionedConcurrencyConfigNotFoundException',
          'No Provisioned Concurrency Config found for this function',
        );
      }
      return provisionedConfiguration(found.value);
    },
    ListProvisionedConcurrencyConfigs: async (input, request) => {
      const { name } = targetOf(input, request, context.region, 'ListProvisionedConcurrencyConfigs');
      await store.getFunction(name);
      const { items, nextMarker } = await page(store.documents, provisionedPrefix(name), input, (value) => ({
        FunctionArn: functionArn(name, (value as ProvisionedRecord).qualifier),
        ...provisionedConfiguration(value as ProvisionedRecord),
      }));
      return { ProvisionedConcurrencyConfigs: items, NextMarker: nextMarker };
    },
    DeleteProvisionedConcurrencyConfig: (input, request) => deleteProvisioned(context, input, request),
  };
}

async function putProvisioned(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store, clock, limits } = context;
  const { name, qualifier } = targetOf(input, request, context.region, 'PutProvisionedConcurrencyConfig');
  if (qualifier === undefined || qualifier === latestVersion) throw unpublished();
  const requested = number(input, 'ProvisionedConcurrentExecutions') ?? 0;
  const after: ProvisionedRecord = { ...name, qualifier, requested, lastModifiedMs: clock.wallMs() };
  await store.change(name, async () => {
    const function_ = await store.getFunction(name, qualifier);
    const version = await versionOf(store, name, qualifier);
    if (version === latestVersion) throw unpublished();
    await requireAlone(store, name, qualifier, version);
    const { reservedConcurrency } = function_.value;
    const total = (await provisionedConcurrency(store, name, qualifier)) + requested;
    let taking: readonly Write[] = [];
    if (reservedConcurrency === undefined) {
      taking = [await take(store, name, total, limits, 'ConcurrentExecutions')];
    } else if (total > reservedConcurrency) {
      throw invalidParameter(
        'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
      );
    }
    const before = await store.find<ProvisionedRecord>(provisionedKey(name, qualifier));
    const writing = upsert(provisionedKey(name, qualifier), before, after);
    return { writes: [hold(function_), writing, ...taking], result: undefined };
  });
  return provisionedConfiguration(after);
}

async function deleteProvisioned(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { store } = context;
  const { name, qualifier } = configured(context, input, request, 'DeleteProvisionedConcurrencyConfig');
  await store.change(name, async () => {
    const record = await store.getFunction(name, qualifier);
    await versionOf(store, name, qualifier);
    const found = await store.find(provisionedKey(name, qualifier));
    if (!found) return { writes: [], result: undefined }; // gone already: as asked
    const release = await releaseProvisioned(context, name, qualifier);
    return { writes: [hold(record), remove(found), ...release], result: undefined };
  });
  return {};
}

/** The writes that give back to the account what is provisioned for a version or alias, for the commit that deletes it. */
export async function releaseProvisioned(
  { store, limits }: Pick<Context, 'store' | 'limits'>,
  name: FunctionName,
  qualifier: string,
): Promise<readonly Write[]> {
  const record = await store.findFunction(name);
  if (!record || record.value.reservedConcurrency !== undefined) return [];
  if (!(await store.find(provisionedKey(name, qualifier)))) return [];
  const rest = await provisionedConcurrency(store, name, qualifier);
  return [await take(store, name, rest, limits, 'ConcurrentExecutions')];
}

function configured(
  { region }: Context,
  input: Input,
  request: RequestContext,
  operation: string,
): { readonly name: FunctionName; readonly qualifier: string } {
  const { name } = targetOf(input, request, region, operation);
  const qualifier = required(input, 'Qualifier');
  if (qualifier === latestVersion) {
    throw invalidParameter('The function resource provided must be an alias or a published version.');
  }
  return { name, qualifier };
}

/** The version that a qualifier means now. Throws ResourceNotFoundException. */
async function versionOf(store: FunctionStore, name: FunctionName, qualifier: string): Promise<string> {
  if (isVersionNumber(qualifier)) {
    const version = await store.findVersion(name, qualifier);
    if (!version) throw functionNotFound(name, qualifier);
    return qualifier;
  }
  const alias = await store.findAlias(name, qualifier);
  if (!alias) throw aliasNotFound(name, qualifier);
  return alias.value.version;
}

/** Throws where both a version and an alias of it would be provisioned. */
async function requireAlone(
  store: FunctionStore,
  name: FunctionName,
  qualifier: string,
  version: string,
): Promise<void> {
  if (qualifier !== version) {
    if (!(await store.find(provisionedKey(name, version)))) return;
    throw conflict(
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    );
  }
  for (const { value } of await store.aliases(name)) {
    if (value.version === version && (await store.find(provisionedKey(name, value.name)))) {
      throw conflict('Version is pointed by a Provisioned Concurrency alias');
    }
  }
}

const unpublished = (): WireError =>
  invalidParameter('Provisioned Concurrency Configs cannot be applied to unpublished function versions.');

function provisionedConfiguration({ requested, lastModifiedMs }: ProvisionedRecord): Output {
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AvailableProvisionedConcurrentExecutions: 0,
    AllocatedProvisionedConcurrentExecutions: 0,
    Status: 'IN_PROGRESS',
    StatusReason:
      'Lambkin does not keep provisioned environments yet; the configuration is stored and counted.',
    LastModified: new Date(lastModifiedMs).toISOString().replace(/\.[0-9]+Z$/, '+0000'),
  };
}
