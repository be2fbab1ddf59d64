/**
 * What the catalogue keeps as documents:
 *
 *   logs/group/<id>          GroupRecord
 *   logs/stream/<partition>  StreamRecord
 */
import type { Documents, Json } from '#platform';

export interface GroupRecord {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
  /** Absent: the default retention. */
  readonly retentionDays?: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface StreamRecord {
  readonly groupId: string;
  readonly name: string;
  readonly partition: number;
  readonly from: number;
  readonly createdMs: number;
  /** Created by CreateLogStream: kept until it is deleted, also while it is empty. */
  readonly byClient: boolean;
}

const groupPrefix = 'logs/group/';
const streamPrefix = 'logs/stream/';

export class LogRecords {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** In no particular order. */
  async *groups(): AsyncGenerator<GroupRecord> {
    for await (const value of this.#below(groupPrefix)) yield value as unknown as GroupRecord;
  }

  async *streams(): AsyncGenerator<StreamRecord> {
    for await (const value of this.#below(streamPrefix)) yield value as unknown as StreamRecord;
  }

  putGroup(record: GroupRecord): Promise<void> {
    return this.#put(groupPrefix + record.id, record);
  }

  putStream(record: StreamRecord): Promise<void> {
    return this.#put(streamPrefix + record.partition, record);
  }

  deleteGroup({ id }: GroupRecord): Promise<void> {
    return this.#delete(groupPrefix + id);
  }

  deleteStream({ partition }: StreamRecord): Promise<void> {
    return this.#delete(streamPrefix + partition);
  }

  async #put(key: string, value: object): Promise<void> {
    const outcome = await this.#documents.commit([
      { kind: 'put', key, value: value as Json, expected: 'any' },
    ]);
    if (outcome.kind === 'conflict') throw new Error(`conflict at ${key}`);
  }

  async #delete(key: string): Promise<void> {
    const outcome = await this.#documents.commit([{ kind: 'delete', key, expected: 'any' }]);
    if (outcome.kind === 'conflict') throw new Error(`conflict at ${key}`);
  }

  async *#below(prefix: string): AsyncGenerator<Json> {
    let after: string | undefined;
    do {
      const listing = await this.#documents.list(prefix, after === undefined ? {} : { after });
      for (const { value } of listing.documents) yield value;
      after = listing.next;
    } while (after !== undefined);
  }
}
