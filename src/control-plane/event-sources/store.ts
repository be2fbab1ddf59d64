/**
 * Mappings in Documents, with what finds them, so that no list reads more than it shows:
 *
 *   control-plane/event-source-mappings/
 *     records/<account>/<region>/<uuid>                                     MappingRecord
 *     by-function/<account>/<region>/<function>/<qualifier or .>/<uuid>     { uuid }
 *     by-source/<account>/<region>/<digest of source>/<uuid>                { uuid }, where the source has an ARN
 *     by-pair/<account>/<region>/<digest of source and function>/<digest>   { uuid }: the last digest is of the topics or queues, so
 *                                                                           that a mapping which exists already cannot be made again
 *     deleting/<account>/<region>/<uuid>                                    { uuid }: records that are to be removed
 *
 * The first four are always written together, and every write of them expects the record that it has read.
 */
import { createHash } from 'node:crypto';
import { functionOf, mappingRecordsPrefix, type MappingRecord, mappingsRoot } from '#event-sources';
import { functionArn, type FunctionName, type Place } from '#metadata';
import {
  type Documents,
  type Json,
  removeRecord,
  replaceRecord,
  type Stored,
  storedRecord,
  type Write,
} from '#platform';

const placed = (collection: string, { accountId, region }: Place): string =>
  `${mappingsRoot}${collection}/${accountId}/${region}/`;

const recordKey = (place: Place, uuid: string): string => mappingRecordsPrefix(place) + uuid;
const deletingPrefix = `${mappingsRoot}deleting/`;
const deletingKey = (record: MappingRecord): string => placed('deleting', record) + record.uuid;

/** No qualifier is a dot. */
export const byFunctionPrefix = (name: FunctionName, qualifier: string | undefined): string =>
  `${placed('by-function', name)}${name.functionName}/${qualifier ?? '.'}/`;

export const bySourcePrefix = (place: Place, eventSourceArn: string): string =>
  `${placed('by-source', place)}${digest(eventSourceArn)}/`;

/** `source` is an ARN, or what `sourceOf` says. */
export const byPairPrefix = (name: FunctionName, qualifier: string | undefined, source: string): string =>
  `${placed('by-pair', name)}${digest(`${source}\n${functionArn(name, qualifier)}`)}/`;

export interface Pointer {
  readonly uuid: string;
}

export class MappingStore {
  readonly documents: Documents;

  constructor(documents: Documents) {
    this.documents = documents;
  }

  async find(place: Place, uuid: string): Promise<Stored<MappingRecord> | undefined> {
    if (!/^[0-9a-f-]{36}$/.test(uuid)) return undefined;
    const document = await this.documents.get(recordKey(place, uuid));
    return document && storedRecord<MappingRecord>(document);
  }

  /** The mapping that stands where this one would: of the same source, topics or queues, and function. */
  async rival(record: MappingRecord): Promise<Stored<MappingRecord> | undefined> {
    const pointer = await this.documents.get(pairKey(record));
    return pointer && this.find(record, storedRecord<Pointer>(pointer).value.uuid);
  }

  /** The mappings that are to be removed, of every place; all of them at the start, when there are few. */
  async deleting(): Promise<readonly { readonly place: Place; readonly uuid: string }[]> {
    const all: { readonly place: Place; readonly uuid: string }[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.documents.list(deletingPrefix, after === undefined ? {} : { after });
      for (const { key } of page.documents) {
        const [accountId = '', region = '', uuid = ''] = key.slice(deletingPrefix.length).split('/');
        all.push({ place: { accountId, region }, uuid });
      }
      after = page.next;
      if (after === undefined) return all;
    }
  }
}

/** Writes a mapping that was not there. */
export function created(record: MappingRecord): readonly Write[] {
  return [
    put(recordKey(record, record.uuid), record, 'absent'),
    put(pairKey(record), { uuid: record.uuid }, 'absent'),
    ...indexKeys(record).map((key) => put(key, { uuid: record.uuid }, 'any')),
  ];
}

/** Writes a mapping over the one that was read, which may have been another function's. */
export function changed(before: Stored<MappingRecord>, after: MappingRecord): readonly Write[] {
  const writes: Write[] = [replaceRecord(before, after)];
  if (after.transition === 'Deleting') writes.push(put(deletingKey(after), { uuid: after.uuid }, 'any'));
  if (pairKey(before.value) === pairKey(after)) return writes;
  const [stale, fresh] = [indexKeys(before.value), indexKeys(after)];
  return [
    ...writes,
    drop(pairKey(before.value)),
    put(pairKey(after), { uuid: after.uuid }, 'absent'),
    ...stale.filter((key) => !fresh.includes(key)).map(drop),
    ...fresh.filter((key) => !stale.includes(key)).map((key) => put(key, { uuid: after.uuid }, 'any')),
  ];
}

/** Removes a mapping with everything that points at it. */
export function removed(before: Stored<MappingRecord>): readonly Write[] {
  const { value } = before;
  return [removeRecord(before), ...[pairKey(value), ...indexKeys(value), deletingKey(value)].map(drop)];
}

/** How the source is told from others: its ARN, or its bootstrap servers in any order. */
export function sourceOf({ eventSourceArn, settings }: MappingRecord): string {
  if (eventSourceArn !== undefined) return eventSourceArn;
  const servers = settings.SelfManagedEventSource?.Endpoints?.['KAFKA_BOOTSTRAP_SERVERS'] ?? [];
  return servers.toSorted().join(',');
}

function pairKey(record: MappingRecord): string {
  const { Topics, Queues, SourceAccessConfigurations, DocumentDBEventSourceConfig } = record.settings;
  const virtualHost = SourceAccessConfigurations?.find(({ Type: type }) => type === 'VIRTUAL_HOST')?.URI;
  const { DatabaseName, CollectionName } = DocumentDBEventSourceConfig ?? {};
  const parts = [Topics, Queues, Queues && virtualHost, DatabaseName, CollectionName];
  const prefix = byPairPrefix(functionOf(record), record.qualifier, sourceOf(record));
  return prefix + digest(JSON.stringify(parts.map((part) => part ?? null)));
}

function indexKeys(record: MappingRecord): readonly string[] {
  const { eventSourceArn, qualifier, uuid } = record;
  return [
    byFunctionPrefix(functionOf(record), qualifier) + uuid,
    ...(eventSourceArn === undefined ? [] : [bySourcePrefix(record, eventSourceArn) + uuid]),
  ];
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

const put = (key: string, value: MappingRecord | Pointer, expected: Write['expected']): Write => ({
  kind: 'put',
  key,
  value: value as unknown as Json,
  expected,
});

const drop = (key: string): Write => ({ kind: 'delete', key, expected: 'any' });
