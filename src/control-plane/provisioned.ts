/**
 * PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig, ListProvisionedConcurrencyConfigs,
 * DeleteProvisionedConcurrencyConfig: how many environments a version or alias asks to be kept ready. They count against the
 * function's reservation, or the account's concurrency. Assignment keeps them ready, and is asked how far it has come.
 */
import {
  type AliasRecord,
  allotment,
  functionArn,
  type FunctionName,
  isVersionNumber,
  latestVersion,
  provisionedKey,
  provisionedPrefix,
  type ProvisionedRecord,
} from '#metadata';
import { holdRecord, putRecord, removeRecord, type Write } from '#platform';
import { type Handlers, type Input, type Output, type RequestContext, WireError } from '#wire';
import { aliasNotFound, conflict, functionNotFound, invalidParameter } from './answers.ts';
import type { Context } from './context.ts';
import type { FunctionStore } from './function-store.ts';
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
      await targetsOf(store, name, qualifier);
      const found = await store.find<ProvisionedRecord>(provisionedKey(name, qualifier));
      if (!found) {
        throw new WireError(
          'ProvisionedConcurrencyConfigNotFoundException',
          'No Provisioned Concurrency Config found for this function',
        );
      }
      return provisionedConfiguration(context, found.value);
    },
    ListProvisionedConcurrencyConfigs: async (input, request) => {
      const { name } = targetOf(input, request, context.region, 'ListProvisionedConcurrencyConfigs');
      await store.getFunction(name);
      const { items, nextMarker } = await page(
        store.documents,
        provisionedPrefix(name),
        input,
        async (value) => ({
          FunctionArn: functionArn(name, (value as ProvisionedRecord).qualifier),
          ...(await provisionedConfiguration(context, value as ProvisionedRecord)),
        }),
      );
      return { ProvisionedConcurrencyConfigs: await Promise.all(items), NextMarker: nextMarker };
    },
    DeleteProvisionedConcurrencyConfig: (input, request) => deleteProvisioned(context, input, request),
  };
}

async function putProvisioned(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { name, qualifier } = targetOf(input, request, context.region, 'PutProvisionedConcurrencyConfig');
  if (qualifier === undefined || qualifier === latestVersion) throw unpublished();
  const requested = number(input, 'ProvisionedConcurrentExecutions') ?? 0;
  const after = await setProvisioned(context, name, qualifier, requested);
  // Whatever there is already, it has only just been asked for.
  const { StatusReason: _reason, ...answer } = await provisionedConfiguration(context, after);
  return { ...answer, Status: 'IN_PROGRESS' };
}

async function setProvisioned(
  { store, clock, limits }: Context,
  name: FunctionName,
  qualifier: string,
  requested: number,
): Promise<ProvisionedRecord> {
  const { accountId, region, functionName } = name;
  const lastModifiedMs = clock.wallMs();
  const after: ProvisionedRecord = { accountId, region, functionName, qualifier, requested, lastModifiedMs };
  await store.change(name, async () => {
    const function_ = await store.getFunction(name, qualifier);
    const { version, weights } = await targetsOf(store, name, qualifier);
    if (version === latestVersion) throw unpublished();
    if (Object.keys(weights).length > 0) {
      throw invalidParameter('Alias with weights can not be used with Provisioned Concurrency');
    }
    await requireAlone(store, name, qualifier, [version]);
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
    const writing = putRecord(provisionedKey(name, qualifier), before, after);
    return { writes: [holdRecord(function_), writing, ...taking], result: undefined };
  });
  return after;
}

async function deleteProvisioned(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { name, qualifier } = configured(context, input, request, 'DeleteProvisionedConcurrencyConfig');
  await removeProvisioned(context, name, qualifier);
  return {};
}

async function removeProvisioned(context: Context, name: FunctionName, qualifier: string): Promise<void> {
  const { store } = context;
  await store.change(name, async () => {
    const record = await store.getFunction(name);
    await targetsOf(store, name, qualifier);
    const found = await store.find(provisionedKey(name, qualifier));
    if (!found) return { writes: [], result: undefined }; // gone already: as asked
    const release = await releaseProvisioned(context, name, qualifier);
    return { writes: [holdRecord(record), removeRecord(found), ...release], result: undefined };
  });
}

type Provisionable = FunctionName & { readonly qualifier: string };

/** For those who set provisioned concurrency without a request: auto scaling. */
export interface ProvisionedCapacity {
  /** Undefined: nothing is provisioned for the version or alias. */
  read(
    target: Provisionable,
  ): Promise<{ readonly requested: number; readonly available: number; readonly busy: number } | undefined>;
  /** Rejects as PutProvisionedConcurrencyConfig does; 0 removes the configuration. */
  set(target: Provisionable, requested: number): Promise<void>;
}

export function provisionedCapacity(context: Context): ProvisionedCapacity {
  return {
    async read(target) {
      const found = await context.store.find<ProvisionedRecord>(provisionedKey(target, target.qualifier));
      if (!found) return undefined;
      const { available, busy } = await progressOf(context, found.value);
      return { requested: found.value.requested, available, busy };
    },
    async set(target, requested) {
      if (requested === 0) await removeProvisioned(context, target, target.qualifier);
      else await setProvisioned(context, target, target.qualifier, requested);
    },
  };
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

interface Targets {
  readonly version: string;
  readonly weights: AliasRecord['additionalWeights'];
}

/** The versions that a qualifier means now. Throws ResourceNotFoundException. */
async function targetsOf(store: FunctionStore, name: FunctionName, qualifier: string): Promise<Targets> {
  if (isVersionNumber(qualifier)) {
    const version = await store.findVersion(name, qualifier);
    if (!version) throw functionNotFound(name, qualifier);
    return { version: qualifier, weights: {} };
  }
  const alias = await store.findAlias(name, qualifier);
  if (!alias) throw aliasNotFound(name, qualifier);
  return { version: alias.value.version, weights: alias.value.additionalWeights };
}

/** For UpdateAlias: throws where the alias has provisioned concurrency that its new versions cannot take. */
export async function requireProvisionable(store: FunctionStore, alias: AliasRecord): Promise<void> {
  if (!(await store.find(provisionedKey(alias, alias.name)))) return;
  if (alias.version === latestVersion) {
    throw invalidParameter('Invalid alias configuration for Provisioned Concurrency');
  }
  await requireAlone(store, alias, alias.name, [alias.version, ...Object.keys(alias.additionalWeights)]);
}

/** Throws where a version would be provisioned twice: by itself and by an alias, or by two aliases. */
async function requireAlone(
  store: FunctionStore,
  name: FunctionName,
  qualifier: string,
  versions: readonly string[],
): Promise<void> {
  for (const version of versions) {
    if (version === qualifier || !(await store.find(provisionedKey(name, version)))) continue;
    throw conflict(
      "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    );
  }
  for (const { value } of await store.aliases(name)) {
    if (value.name === qualifier) continue;
    const isShared = [value.version, ...Object.keys(value.additionalWeights)].some((version) =>
      versions.includes(version),
    );
    if (isShared && (await store.find(provisionedKey(name, value.name)))) {
      throw conflict('Version is pointed by a Provisioned Concurrency alias');
    }
  }
}

const unpublished = (): WireError =>
  invalidParameter('Provisioned Concurrency Configs cannot be applied to unpublished function versions.');

async function provisionedConfiguration(context: Context, record: ProvisionedRecord): Promise<Output> {
  const { requested, lastModifiedMs } = record;
  const { available, status, reason } = await progressOf(context, record);
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AvailableProvisionedConcurrentExecutions: available,
    // What was reached once stays set apart, also while one that died is being replaced.
    AllocatedProvisionedConcurrentExecutions: status === 'READY' ? requested : available,
    Status: status,
    ...(reason !== undefined && { StatusReason: reason }),
    LastModified: new Date(lastModifiedMs).toISOString().replace(/\.[0-9]+Z$/, '+0000'),
  };
}

interface Progress {
  readonly available: number;
  readonly busy: number;
  readonly status: 'IN_PROGRESS' | 'READY' | 'FAILED';
  readonly reason: string | undefined;
}

/** How far what a version or alias asks for is there: of all the versions that it means. */
async function progressOf({ store, provisioned }: Context, record: ProvisionedRecord): Promise<Progress> {
  const { qualifier, requested } = record;
  const alias = isVersionNumber(qualifier) ? undefined : (await store.findAlias(record, qualifier))?.value;
  const counts = allotment(requested, alias?.version ?? qualifier, alias?.additionalWeights);
  let available = 0;
  let busy = 0;
  let isReady = true;
  let reason: string | undefined;
  for (const [name, count] of counts) {
    const version = await store.findVersion(record, name);
    const state = version && (await provisioned(version.value));
    available += Math.min(count, state?.available ?? 0);
    busy += state?.busy ?? 0;
    if (state?.kind !== 'ready') isReady = false;
    if (state?.kind === 'failed') ({ reason } = state);
    if (version?.value.state === 'Failed') reason = version.value.stateReason ?? 'the version has failed';
  }
  if (reason !== undefined) return { available, busy, status: 'FAILED', reason };
  return { available, busy, status: isReady ? 'READY' : 'IN_PROGRESS', reason: undefined };
}
