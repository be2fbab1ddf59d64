/**
 * CreateEventSourceMapping, GetEventSourceMapping, ListEventSourceMappings, UpdateEventSourceMapping, DeleteEventSourceMapping. The
 * records only: nothing reads the sources yet. A mapping outlives its function, as on AWS.
 */
import { mappingRecordsPrefix, type MappingRecord, type Transition } from '#event-sources';
import { type FunctionName, isVersionNumber, latestVersion } from '#metadata';
import type { Handlers, Input, Output, RequestContext } from '#wire';
import { invalidParameter } from '../answers.ts';
import type { Context } from '../context.ts';
import { mappingsPageMax } from '../limits.ts';
import { page } from '../pages.ts';
import { required, type Target, targetOf, text } from '../request.ts';
import { checkTags } from '../tag-set.ts';
import { kindOf } from './kinds.ts';
import { mappingConfiguration } from './representation.ts';
import { requireAccess } from './role-permissions.ts';
import { createdSettings, updatedSettings } from './settings.ts';
import { byFunctionPrefix, byPairPrefix, bySourcePrefix, type Pointer } from './store.ts';

export function eventSourceHandlers(context: Context): Handlers {
  const { mappings, clock, region } = context;
  const shown = (record: MappingRecord): Output => mappingConfiguration(record, clock.wallMs());
  const placeOf = (request: RequestContext) => ({ accountId: request.principal.accountId, region });
  return {
    CreateEventSourceMapping: async (input, request) => shown(await createMapping(context, input, request)),
    GetEventSourceMapping: async (input, request) =>
      shown((await mappings.get(placeOf(request), required(input, 'UUID'))).value),
    ListEventSourceMappings: (input, request) => listMappings(context, input, request),
    UpdateEventSourceMapping: async (input, request) => shown(await updateMapping(context, input, request)),
    DeleteEventSourceMapping: async (input, request) =>
      shown(await mappings.delete(placeOf(request), required(input, 'UUID'))),
  };
}

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
  await requireFunction(context, record);
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
    if (target ?? input['DestinationConfig']) await requireFunction(context, after);
    return after;
  });
}

function transitionOf(before: boolean, after: boolean): Transition {
  if (before === after) return 'Updating';
  return after ? 'Enabling' : 'Disabling';
}

async function listMappings(context: Context, input: Input, request: RequestContext): Promise<Output> {
  const { mappings, clock, region } = context;
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
      .map((each) => each && mappingConfiguration(each.value, clock.wallMs())),
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

/** Throws InvalidParameterValueException unless the function is there and its role may do what the mapping will. */
async function requireFunction(context: Context, record: MappingRecord): Promise<void> {
  const name = { accountId: record.accountId, region: record.region, functionName: record.functionName };
  const role = await roleOf(context, name, record.qualifier);
  if (role === undefined) throw invalidParameter('Function does not exist');
  if (!context.roleMay) return;
  const destination = record.settings.DestinationConfig?.OnFailure.Destination;
  requireAccess(context.roleMay, role, record.kind, record.eventSourceArn, destination);
}

async function roleOf(
  { store }: Context,
  name: FunctionName,
  qualifier: string = latestVersion,
): Promise<string | undefined> {
  const alias =
    qualifier === latestVersion || isVersionNumber(qualifier)
      ? undefined
      : await store.findAlias(name, qualifier);
  const version = alias?.value.version ?? qualifier;
  if (version !== latestVersion && !isVersionNumber(version)) return undefined;
  return (await store.findVersion(name, version))?.value.configuration.role;
}
