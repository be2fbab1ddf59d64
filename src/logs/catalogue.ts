/**
 * Catalogue: which log groups and streams there are, in memory and as documents (records.ts), which are written only when a
 * group or stream comes, changes or goes.
 *
 * A group is gone when its document is; streams that it leaves behind (a crash in the middle) are cleared at the next
 * start. A partition is free for another stream once its stream's document is gone, which is after its records are.
 */
import type { Clock, Documents, Entropy, Journal } from '#platform';
import type { LogsLimits } from './limits.ts';
import { type GroupRecord, LogRecords, type StreamRecord } from './records.ts';
import { LogStream, partitionName } from './stream.ts';

export interface LogGroup {
  readonly record: GroupRecord;
  readonly streams: ReadonlyMap<string, LogStream>;
  /** Sum of the stored bytes of the streams that were looked up so far. */
  readonly bytes: number;
}

interface Group extends LogGroup {
  record: GroupRecord;
  readonly streams: Map<string, LogStream>;
  bytes: number;
  gone: boolean;
  /** The change under way: the next builds on it. */
  changing: Promise<unknown>;
}

export type Created = 'created' | 'exists' | 'no-group' | 'too-many';

function emptyGroup(record: GroupRecord): Group {
  return { record, streams: new Map(), bytes: 0, gone: false, changing: Promise.resolve() };
}

function clearKey(partition: number): string {
  return `clear ${partition}`;
}

export class Catalogue {
  readonly #records: LogRecords;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #limits: LogsLimits;
  readonly #groups = new Map<string, Group>();
  readonly #creating = new Map<string, Promise<unknown>>();
  /** Clearing what is gone already for everyone. */
  readonly #clearing = new Set<Promise<unknown>>();
  readonly #freePartitions: number[] = [];
  #nextPartition = 0;
  #streamCount = 0;
  #bytes = 0;
  #loaded: Promise<void> | undefined;

  constructor(ports: {
    readonly documents: Documents;
    readonly journal: Journal;
    readonly clock: Clock;
    readonly entropy: Entropy;
    readonly limits: LogsLimits;
  }) {
    this.#records = new LogRecords(ports.documents);
    this.#journal = ports.journal;
    this.#clock = ports.clock;
    this.#entropy = ports.entropy;
    this.#limits = ports.limits;
  }

  /** Stored bytes of the streams that were looked up so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves once what the store holds is known; a failed attempt is made again by the next call. */
  async loaded(): Promise<void> {
    this.#loaded ??= this.#load().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  /** In no particular order. */
  groups(): Iterable<LogGroup> {
    return this.#groups.values();
  }

  group(name: string): LogGroup | undefined {
    return this.#groups.get(name);
  }

  async createGroup(
    name: string,
    tags: Readonly<Record<string, string>> = {},
  ): Promise<'created' | 'exists' | 'too-many'> {
    if (this.#groups.has(name)) return 'exists';
    if (this.#groups.size >= this.#limits.groupsMax) return 'too-many';
    return this.#once(`group ${name}`, 'exists' as const, async () => {
      const record: GroupRecord = {
        id: this.#entropy.uuid(),
        name,
        createdMs: this.#clock.wallMs(),
        tags,
      };
      await this.#records.putGroup(record);
      this.#groups.set(name, emptyGroup(record));
      return 'created' as const;
    });
  }

  /** Changes retention and tags. */
  async updateGroup(
    name: string,
    change: (record: GroupRecord) => GroupRecord,
  ): Promise<'updated' | 'no-group'> {
    const group = this.#groups.get(name);
    if (group === undefined) return 'no-group';
    const changed = group.changing.then(async () => {
      if (group.gone) return 'no-group' as const;
      const record = change(group.record);
      await this.#records.putGroup(record);
      group.record = record;
      return 'updated' as const;
    });
    group.changing = changed.catch(() => {});
    return changed;
  }

  async deleteGroup(name: string): Promise<'deleted' | 'no-group'> {
    const group = this.#groups.get(name);
    if (group === undefined) return 'no-group';
    group.gone = true;
    this.#groups.delete(name);
    await group.changing;
    try {
      await this.#records.deleteGroup(group.record);
    } catch (error) {
      group.gone = false;
      if (!this.#groups.has(name)) this.#groups.set(name, group);
      throw error;
    }
    for (const stream of group.streams.values()) this.#background(this.#clear(group, stream));
    return 'deleted';
  }

  async createStream(groupName: string, name: string, byClient: boolean): Promise<Created> {
    const group = this.#groups.get(groupName);
    if (group === undefined) return 'no-group';
    const present = group.streams.get(name);
    if (present?.isGone === true) await this.#creating.get(clearKey(present.record.partition));
    if (group.streams.has(name)) return 'exists';
    if (this.#streamCount >= this.#limits.streamsMax && !this.#forgetOldest()) return 'too-many';
    return this.#once(`stream ${group.record.id} ${name}`, 'exists' as const, async () => {
      this.#streamCount += 1;
      const partition = this.#freePartitions.pop() ?? this.#nextPartition++;
      try {
        const { next } = await this.#journal.bounds(partitionName(partition));
        const record: StreamRecord = {
          groupId: group.record.id,
          name,
          partition,
          from: next,
          createdMs: this.#clock.wallMs(),
          byClient,
        };
        await this.#records.putStream(record);
        const stream = this.#stream(group, record, true);
        group.streams.set(name, stream);
        if (!group.gone) return 'created' as const;
        await this.#clear(group, stream);
        return 'no-group' as const;
      } catch (error) {
        // The partition is not used again before the next start: its document may stand there or not.
        this.#streamCount -= 1;
        throw error;
      }
    });
  }

  async deleteStream(groupName: string, name: string): Promise<'deleted' | 'no-group' | 'no-stream'> {
    const group = this.#groups.get(groupName);
    if (group === undefined) return 'no-group';
    const stream = group.streams.get(name);
    if (stream === undefined) return 'no-stream';
    await this.#clear(group, stream);
    return 'deleted';
  }

  /** The stream to write to, created with its group where it is not there. */
  async streamToWrite(groupName: string, name: string): Promise<LogStream> {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const stream = this.#groups.get(groupName)?.streams.get(name);
      if (stream !== undefined && !stream.isGone) return stream;
      await this.loaded();
      const group = await this.createGroup(groupName);
      if (group === 'too-many') throw new Error('there are too many log groups');
      const created = await this.createStream(groupName, name, false);
      if (created === 'too-many') throw new Error('there are too many log streams');
    }
    throw new Error('the log group is deleted as fast as it is created');
  }

  /** Waits for what is being read and cleared. */
  async settled(): Promise<void> {
    await this.#loaded?.catch(() => {});
    await Promise.all(this.#clearing);
  }

  #stream(group: Group, record: StreamRecord, isNew: boolean): LogStream {
    return new LogStream(record, this.#journal, {
      isNew,
      batchBytesMax: this.#limits.batchBytesMax,
      onBytes: (change) => {
        group.bytes += change;
        this.#bytes += change;
      },
    });
  }

  /** Records, then document, then memory. Calls for one stream share the work. */
  async #clear(group: Group, stream: LogStream): Promise<void> {
    const { name, partition } = stream.record;
    await this.#once(clearKey(partition), undefined, async () => {
      if (group.streams.get(name) !== stream) return; // it was cleared before
      try {
        await stream.clear();
        await this.#records.deleteStream(stream.record);
      } catch (error) {
        stream.revive();
        throw error;
      }
      group.streams.delete(name);
      this.#streamCount -= 1;
      this.#freePartitions.push(partition);
    });
  }

  /** Makes room for a new stream. */
  #forgetOldest(): boolean {
    let oldest: { readonly group: Group; readonly stream: LogStream } | undefined;
    for (const group of this.#groups.values()) {
      for (const stream of group.streams.values()) {
        if (stream.record.byClient || stream.isGone) continue;
        if (oldest === undefined || stream.lastUsedMs < oldest.stream.lastUsedMs) oldest = { group, stream };
      }
    }
    if (oldest === undefined) return false;
    this.#background(this.#clear(oldest.group, oldest.stream));
    return true;
  }

  /** Calls with one key share one run of `work`; those that come second get `second`. */
  async #once<T, S>(key: string, second: S, work: () => Promise<T>): Promise<T | S> {
    const running = this.#creating.get(key);
    if (running !== undefined) {
      await running;
      return second;
    }
    const promise = work();
    this.#creating.set(key, promise);
    try {
      return await promise;
    } finally {
      this.#creating.delete(key);
    }
  }

  #background(work: Promise<void>): void {
    // What fails here is found and cleared at the next start.
    const tracked = work
      .catch(() => {})
      .finally(() => {
        this.#clearing.delete(tracked);
      });
    this.#clearing.add(tracked);
  }

  async #load(): Promise<void> {
    const groups = new Map<string, Group>();
    for await (const record of this.#records.groups()) {
      groups.set(record.id, emptyGroup(record));
    }
    const used = new Set<number>();
    const orphans: StreamRecord[] = [];
    for await (const record of this.#records.streams()) {
      used.add(record.partition);
      const group = groups.get(record.groupId);
      if (group === undefined) orphans.push(record);
      else group.streams.set(record.name, this.#stream(group, record, false));
    }
    for (const group of groups.values()) {
      this.#groups.set(group.record.name, group);
      this.#streamCount += group.streams.size;
    }
    for (const partition of used) this.#nextPartition = Math.max(this.#nextPartition, partition + 1);
    for (let partition = 0; partition < this.#nextPartition; partition += 1) {
      if (!used.has(partition)) this.#freePartitions.push(partition);
    }
    for (const record of orphans) {
      const none = emptyGroup({ id: record.groupId, name: '', createdMs: 0, tags: {} });
      none.gone = true;
      const stream = this.#stream(none, record, false);
      none.streams.set(record.name, stream);
      this.#streamCount += 1;
      this.#background(this.#clear(none, stream));
    }
  }
}
