/**
 * CreateEventSourceMapping, GetEventSourceMapping, ListEventSourceMappings, UpdateEventSourceMapping, DeleteEventSourceMapping. Queues
 * of SQS are polled (`#event-sources`); of other sources these are records that nothing reads yet. A mapping outlives its function, as on AWS.
 */
import { mappingRecordsPrefix, type MappingRecord, type Transition } from '#event-sources';
import { unreachable } from '#lib/assert';
import { type Configuration, type FunctionName, isVersionNumber, latestVersion } from '#metadata';
import type { Handlers, Input, Output, RequestContext } from '#wire';
import { invalidParameter } from '../answers.ts';
import type { Context } from '../context.ts';
import { mappingsPageMax } from '../limits.ts';
import { page } from '../pages.ts';
import { required, type Target, targetOf, text } from '../request.ts';
import { checkTags } from '../tag-set.ts';
import { isSqs, kindOf } from './kinds.ts';
import { mappingConfiguration } from './representation.ts';
import { noPermission, requireAccess } from './role-permissions.ts';
import { createdSettings, updatedSettings } from './settings.ts';
import { byFunctionPrefix, byPairPrefix, bySourcePrefix, type Pointer } from './store.ts';

export function eventSourceHandlers(context: Context): Handlers {
  const { mappings, region } = context;
  const shown = (record: MappingRecord): Output => shownMapping(context, record, context.clock.wallMs());
  // Who changes it is told what has begun, however long the store took.
  const begun = (record: MappingRecord): Output => shownMapping(context, record, record.changedAtMs);
  const placeOf = (request: RequestContext) => ({ accountId: request.principal.accountId, region });
  return {
    CreateEventSourceMapping: async (input, request) => begun(await createMapping(context, input, request)),
    GetEventSourceMapping: async (input, request) =>
      shown((await mappings.get(placeOf(request), required(input, 'UUID'))).value),
    ListEventSourceMappings: (input, request) => listMappings(context, input, request),
    UpdateEventSourceMapping: async (input, request) => begun(await updateMapping(context, input, request)),
    DeleteEventSourceMapping: async (input, request) =>
      begun(await mappings.delete(placeOf(request), required(input, 'UUID'))),
  };
}

const shownMapping = ({ eventSources }: Context, record: MappingRecord, nowMs: number): Output =>
  mappingConfiguration(record, nowMs, eventSources?.problemOf(record.uuid));

async function createMapping(
  context: Context,
  input: Input,
  request: RequestContext,
): Promise<MappingRecord> {
  const { mappings, clock, entropy, region } = context;
  const { name, qualifier } = targetOf(input, request, region, 'CreateEventSourceMapping');
  const kind = kindOf(input, region);
  const uuid = entropy.uuid();
  const nowMs = clock.wallMs();
  const eventSourceArn = text(input, 'EventSourceArn');
  const record: MappingRecord = {
    ...name,
    uuid,
    kind,
    ...(eventSourceArn !== undefined && { eventSourceArn }),
    ...(qualifier !== undefined && { qualifier }),
    settings: createdSettings(kind, input, uuid, nowMs),
    enabled: input['Enabled'] !== false,
    transition: 'Creating',
    changedAtMs: nowMs,
    tags: checkTags({}, (input['Tags'] ?? {}) as Input),
  };
  await requireQueue(context, record, await requireFunction(context, record));
  await mappings.create(record);
  return record;
}

async function updateMapping(
  context: Context,
  input: Input,
  request: RequestContext,
): Promise<MappingRecord> {
  const { mappings, clock, region } = context;
  const place = { accountId: request.principal.accountId, region };
  const target: Target | undefined =
    text(input, 'FunctionName') === undefined
      ? undefined
      : targetOf(input, request, region, 'UpdateEventSourceMapping');
  return mappings.update(place, required(input, 'UUID'), async (before) => {
    const enabled = typeof input['Enabled'] === 'boolean' ? input['Enabled'] : before.enabled;
    const { qualifier: _before, ...rest } = before;
    const after: MappingRecord = {
      ...(target ? { ...rest, functionName: target.name.functionName } : before),
      ...(target?.qualifier !== undefined && { qualifier: target.qualifier }),
      settings: updatedSettings(before.kind, before.settings, input),
      enabled,
      transition: transitionOf(before.enabled, enabled),
      changedAtMs: clock.wallMs(),
    };
    // A mapping whose function is gone can still be disabled, or given to another.
    const isEnabling = enabled && !before.enabled;
    if (!target && !isEnabling && !input['DestinationConfig']) return after;
    const configuration = await requireFunction(context, after);
    if (enabled) await requireQueue(context, after, configuration);
    return after;
  });
}

function transitionOf(before: boolean, after: boolean): Transition {
  if (before === after) return 'Updating';
  return after ? 'Enabling' : 'Disabling';
}

async function listMappings(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { mappings, region } = context;
  const place = { accountId: request.principal.accountId, region };
  const source = text(input, 'EventSourceArn');
  const target =
    text(input, 'FunctionName') === undefined
      ? undefined
      : targetOf(input, request, region, 'ListEventSourceMappings');
  const { items, nextMarker } = await page(
    mappings.store.documents,
    target || source !== undefined ? indexPrefix(place, target, source) : mappingRecordsPrefix(place),
    input,
    (value) => (value as Pointer).uuid, // of a pointer, and of a record
    0,
    mappingsPageMax,
  );
  const found = await Promise.all(items.map((uuid) => mappings.store.find(place, uuid)));
  return {
    EventSourceMappings: found
      .filter((each) => each !== undefined && !mappings.isGone(each.value))
      .map((each) => each && shownMapping(context, each.value, context.clock.wallMs())),
    NextMarker: nextMarker,
  };
}

function indexPrefix(
  place: { readonly accountId: string; readonly region: string },
  target: Target | undefined,
  source: string | undefined,
): string {
  if (target === undefined) return bySourcePrefix(place, source ?? '');
  if (source === undefined) return byFunctionPrefix(target.name, target.qualifier);
  return byPairPrefix(target.name, target.qualifier, source);
}

/** Gives the function's configuration. Throws InvalidParameterValueException unless it is there and its role may do what the mapping will. */
async function requireFunction(context: Context, record: MappingRecord): Promise<Configuration> {
  const name = { accountId: record.accountId, region: record.region, functionName: record.functionName };
  const configuration = await configurationOf(context, name, record.qualifier);
  if (configuration === undefined) throw invalidParameter('Function does not exist');
  if (!context.roleMay) return configuration;
  const destination = record.settings.DestinationConfig?.OnFailure.Destination;
  requireAccess(context.roleMay, configuration.role, record.kind, record.eventSourceArn, destination);
  return configuration;
}

/** Throws InvalidParameterValueException unless the queue is there and hides messages for as long as the function may run. */
async function requireQueue(
  { eventSources }: Context,
  { kind, eventSourceArn }: MappingRecord,
  { role, timeoutSeconds }: Configuration,
): Promise<void> {
  if (!eventSources || eventSourceArn === undefined || !isSqs(kind)) return;
  const queue = await eventSources.describeQueue(eventSourceArn, role);
  switch (queue.kind) {
    case 'queue': {
      const visibilitySeconds = queue.visibilityTimeoutMs / 1_000;
      if (visibilitySeconds >= timeoutSeconds) return;
      throw invalidParameter(
        `Queue visibility timeout: ${visibilitySeconds} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
      );
    }
    case 'absent':
      throw invalidParameter(
        'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.',
      );
    case 'denied':
      throw noPermission(queue.call, 'SQS');
    case 'unavailable':
      throw invalidParameter(`Error occurred while ReceiveMessage. SQS Error Message: ${queue.reason}`);
    default:
      unreachable(queue);
  }
}

async function configurationOf(
  { store }: Context,
  name: FunctionName,
  qualifier: string = latestVersion,
): Promise<Configuration | undefined> {
  const alias =
    qualifier === latestVersion || isVersionNumber(qualifier)
      ? undefined
      : await store.findAlias(name, qualifier);
  const version = alias?.value.version ?? qualifier;
  if (version !== latestVersion && !isVersionNumber(version)) return undefined;
  return (await store.findVersion(name, version))?.value.configuration;
}
