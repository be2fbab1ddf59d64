/**
 * PutFunctionEventInvokeConfig, UpdateFunctionEventInvokeConfig, GetFunctionEventInvokeConfig, ListFunctionEventInvokeConfigs,
 * DeleteFunctionEventInvokeConfig: retries and destinations of a function's, version's or alias's event invokes. Put
 * replaces all of them, Update what the request says.
 */
import {
  type EventInvokeRecord,
  eventInvokeKey,
  eventInvokesPrefix,
  functionArn,
  type FunctionName,
  isVersionNumber,
  latestVersion,
} from '#metadata';
import { holdRecord, putRecord, removeRecord } from '#platform';
import { type Handlers, type Input, type Output, type RequestContext, WireError } from '#wire';
import { invalidParameter } from './answers.ts';
import type { Context } from './context.ts';
import { type Destinations, destinationsOf, requireDestinations } from './event-destinations.ts';
import type { FunctionStore } from './function-store.ts';
import { page } from './pages.ts';
import { number, structure, type Target, targetOf } from './request.ts';

export function eventInvokeHandlers(context: Context): Handlers {
  const { store, region } = context;
  return {
    PutFunctionEventInvokeConfig: (input, request) =>
      write(context, input, request, 'PutFunctionEventInvokeConfig'),
    UpdateFunctionEventInvokeConfig: (input, request) =>
      write(context, input, request, 'UpdateFunctionEventInvokeConfig'),
    GetFunctionEventInvokeConfig: async (input, request) => {
      const target = targetOf(input, request, region, 'GetFunctionEventInvokeConfig');
      const found = await store.find<EventInvokeRecord>(keyOf(target));
      if (!found) throw noConfiguration(target);
      return eventInvokeConfiguration(found.value);
    },
    ListFunctionEventInvokeConfigs: async (input, request) => {
      const { name } = targetOf(input, request, region, 'ListFunctionEventInvokeConfigs');
      if (!(await store.findFunction(name))) throw noFunction();
      const { items, nextMarker } = await page(store.documents, eventInvokesPrefix(name), input, (value) =>
        eventInvokeConfiguration(value as EventInvokeRecord),
      );
      return { FunctionEventInvokeConfigs: items, NextMarker: nextMarker };
    },
    DeleteFunctionEventInvokeConfig: async (input, request) => {
      const target = targetOf(input, request, region, 'DeleteFunctionEventInvokeConfig');
      await store.change(target.name, async () => {
        const record = await store.findFunction(target.name);
        const found = await store.find(keyOf(target));
        if (!record || !found) throw noConfiguration(target);
        return { writes: [holdRecord(record), removeRecord(found)], result: undefined };
      });
      return {};
    },
  };
}

async function write(
  { store, clock, region }: Context,
  input: Input,
  request: RequestContext,
  operation: 'PutFunctionEventInvokeConfig' | 'UpdateFunctionEventInvokeConfig',
): Promise<Output> {
  const target = targetOf(input, request, region, operation);
  const { name } = target;
  const retriesMax = number(input, 'MaximumRetryAttempts');
  const eventAgeSecondsMax = number(input, 'MaximumEventAgeInSeconds');
  if (
    retriesMax === undefined &&
    eventAgeSecondsMax === undefined &&
    !structure(input, 'DestinationConfig')
  ) {
    throw invalidParameter('You must specify at least one of error handling or destination setting.');
  }
  const destinations = destinationsOf(input);
  const after = await store.change(name, async () => {
    const record = await store.findFunction(name);
    if (!record || !(await isThere(store, target))) throw noFunction();
    const before = await store.find<EventInvokeRecord>(keyOf(target));
    if (!before && operation === 'UpdateFunctionEventInvokeConfig') throw noConfiguration(target);
    await requireDestinations(store, name, destinations);
    const kept = operation === 'UpdateFunctionEventInvokeConfig' ? before?.value : undefined;
    const after: EventInvokeRecord = {
      ...name,
      qualifier: target.qualifier ?? latestVersion,
      ...defined('retriesMax', retriesMax ?? kept?.retriesMax),
      ...defined('eventAgeSecondsMax', eventAgeSecondsMax ?? kept?.eventAgeSecondsMax),
      ...mergedDestinations(destinations, kept),
      lastModifiedMs: clock.wallMs(),
    };
    return { writes: [holdRecord(record), putRecord(keyOf(target), before, after)], result: after };
  });
  return eventInvokeConfiguration(after);
}

function mergedDestinations(
  { onSuccess, onFailure }: Destinations,
  kept: EventInvokeRecord | undefined,
): Pick<EventInvokeRecord, 'onSuccess' | 'onFailure'> {
  return {
    ...defined('onSuccess', (onSuccess ?? kept?.onSuccess) || undefined),
    ...defined('onFailure', (onFailure ?? kept?.onFailure) || undefined),
  };
}

function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [Member in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [Member in Name]?: Value });
}

function eventInvokeConfiguration(record: EventInvokeRecord): Output {
  const { qualifier, onSuccess, onFailure } = record;
  return {
    LastModified: new Date(record.lastModifiedMs),
    FunctionArn: functionArn(record, qualifier),
    MaximumRetryAttempts: record.retriesMax,
    MaximumEventAgeInSeconds: record.eventAgeSecondsMax,
    DestinationConfig: { OnSuccess: { Destination: onSuccess }, OnFailure: { Destination: onFailure } },
  };
}

/** Whether the version or alias is there; of an alias no more is asked. */
async function isThere(store: FunctionStore, { name, qualifier }: Target): Promise<boolean> {
  if (qualifier === undefined || qualifier === latestVersion) return true;
  const found = isVersionNumber(qualifier)
    ? await store.findVersion(name, qualifier)
    : await store.findAlias(name, qualifier);
  return found !== undefined;
}

const keyOf = ({ name, qualifier }: Target): string => eventInvokeKey(name, qualifier ?? latestVersion);

const noFunction = (): WireError => new WireError('ResourceNotFoundException', "The function doesn't exist.");

function noConfiguration({
  name,
  qualifier,
}: {
  name: FunctionName;
  qualifier: string | undefined;
}): WireError {
  return new WireError(
    'ResourceNotFoundException',
    `The function ${functionArn(name, qualifier ?? latestVersion)} doesn't have an EventInvokeConfig`,
  );
}
