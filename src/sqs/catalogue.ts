/**
 * Which queues there are, in memory and as documents.
 *
 *   sqs/queue/<name>    QueueRecord
 *   sqs/deleted/<name>  a name that is not free yet (deleted-names.ts)
 *   sqs/dropped/<id>    a queue that is gone for everyone, and whose messages are being deleted
 */
import type { Clock, Documents, Entropy, Json, Queue as MessageQueue, Write } from '#platform';
import { settingsOf } from './attributes.ts';
import { type DeletedRecord, DeletedNames, deletedPrefix } from './deleted-names.ts';
import type { SqsLimits } from './limits.ts';
import { type Place, type Queue, queueArn, type QueueRecord, storedName } from './queue.ts';

const queuePrefix = 'sqs/queue/';
const droppedPrefix = 'sqs/dropped/';

export type Created =
  | { readonly kind: 'created' | 'exists'; readonly queue: Queue }
  | { readonly kind: 'too-many' }
  /** A queue of this name was deleted a moment ago. */
  | { readonly kind: 'deleted-recently' };

export class Catalogue {
  readonly place: Place;
  readonly #documents: Documents;
  readonly #messages: MessageQueue;
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #queuesMax: number;
  readonly #onFault: (error: unknown) => void;
  readonly #queues = new Map<string, Queue>();
  readonly #deleted: DeletedNames;
  /** Names by the dead-letter queue that they name. */
  readonly #sources = new Map<string, Set<string>>();
  /** One change at a time: the next builds on it. */
  #changing: Promise<unknown> = Promise.resolve();
  #dropping: Promise<unknown> = Promise.resolve();
  #loaded: Promise<void> | undefined;
  #closed = false;

  constructor(options: {
    readonly place: Place;
    readonly documents: Documents;
    readonly messages: MessageQueue;
    readonly clock: Clock;
    readonly entropy: Entropy;
    readonly limits: Pick<SqsLimits, 'queuesMax' | 'nameWaitMs'>;
    readonly onFault: (error: unknown) => void;
  }) {
    this.place = options.place;
    this.#documents = options.documents;
    this.#messages = options.messages;
    this.#clock = options.clock;
    this.#entropy = options.entropy;
    this.#queuesMax = options.limits.queuesMax;
    this.#onFault = options.onFault;
    this.#deleted = new DeletedNames(options.clock, options.limits);
  }

  /** Resolves once what the store holds is known; a failed attempt is made again by the next call. */
  async loaded(): Promise<void> {
    this.#loaded ??= this.#load().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  find(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  findByArn(arn: string): Queue | undefined {
    const queue = this.#queues.get(arn.slice(arn.lastIndexOf(':') + 1));
    return queue?.arn === arn ? queue : undefined;
  }

  /** In order of their names. */
  queues(): readonly Queue[] {
    return [...this.#queues.values()].sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
  }

  /** The queues whose dead-letter queue that is, in order of their names. */
  sourcesOf(arn: string): readonly Queue[] {
    const names = [...(this.#sources.get(arn) ?? [])].sort();
    return names.map((name) => this.#queues.get(name)).filter((queue) => queue !== undefined);
  }

  async create(
    name: string,
    attributes: Readonly<Record<string, string>>,
    tags: Readonly<Record<string, string>>,
  ): Promise<Created> {
    return this.#inTurn(async () => {
      const known = this.#queues.get(name);
      if (known !== undefined) return { kind: 'exists', queue: known };
      if (this.#deleted.has(name)) return { kind: 'deleted-recently' };
      if (this.#queues.size >= this.#queuesMax) return { kind: 'too-many' };
      const createdMs = this.#clock.wallMs();
      const id = this.#entropy.uuid();
      const record: QueueRecord = { id, name, createdMs, modifiedMs: createdMs, attributes, tags };
      await this.#commit([put(record)]);
      return { kind: 'created', queue: this.#enter(record) };
    });
  }

  /** `change` sees the newest record, and may throw to leave everything as it is. */
  async update(
    queue: Queue,
    change: (record: QueueRecord) => Pick<QueueRecord, 'attributes' | 'tags'>,
  ): Promise<'updated' | 'no-queue'> {
    return this.#inTurn(async () => {
      const current = this.#current(queue);
      if (current === undefined) return 'no-queue';
      const record = { ...current.record, ...change(current.record), modifiedMs: this.#clock.wallMs() };
      await this.#commit([put(record)]);
      this.#enter(record);
      return 'updated';
    });
  }

  async delete(queue: Queue): Promise<'deleted' | 'no-queue'> {
    return this.#inTurn(async () => {
      const current = this.#current(queue);
      if (current === undefined) return 'no-queue';
      const { id, name } = current.record;
      await this.#commit([
        { kind: 'delete', key: queuePrefix + name, expected: 'any' },
        { kind: 'put', key: droppedPrefix + id, value: name, expected: 'any' },
        ...this.#deleted.adding(name),
      ]);
      this.#deleted.added(name);
      this.#leave(current);
      this.#drop(id);
      return 'deleted';
    });
  }

  /** Resolves once nothing is being changed any more. What is being dropped goes on after the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#changing;
  }

  #current({ record }: Queue): Queue | undefined {
    const current = this.#queues.get(record.name);
    return current?.record.id === record.id ? current : undefined;
  }

  #inTurn<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = this.#changing.then(change);
    this.#changing = result.catch(() => undefined);
    return result;
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    await this.#documents.commit(writes);
  }

  #enter(record: QueueRecord): Queue {
    const before = this.#queues.get(record.name);
    if (before !== undefined) this.#leave(before);
    const queue: Queue = {
      record,
      settings: settingsOf(record.attributes),
      arn: queueArn(this.place, record.name),
      stored: storedName(record.id),
    };
    this.#queues.set(record.name, queue);
    const target = queue.settings.redrive?.deadLetterTargetArn;
    if (target !== undefined) {
      this.#sources.set(target, (this.#sources.get(target) ?? new Set()).add(record.name));
    }
    return queue;
  }

  #leave({ record: { name }, settings }: Queue): void {
    this.#queues.delete(name);
    const target = settings.redrive?.deadLetterTargetArn;
    if (target === undefined) return;
    const sources = this.#sources.get(target);
    sources?.delete(name);
    if (sources?.size === 0) this.#sources.delete(target);
  }

  async #load(): Promise<void> {
    for await (const { value } of this.#listed(queuePrefix)) this.#enter(value as unknown as QueueRecord);
    for await (const { key, value } of this.#listed(deletedPrefix)) {
      this.#deleted.enter(key.slice(deletedPrefix.length), value as unknown as DeletedRecord);
    }
    for await (const { key } of this.#listed(droppedPrefix)) this.#drop(key.slice(droppedPrefix.length));
  }

  async *#listed(prefix: string): AsyncGenerator<{ readonly key: string; readonly value: Json }> {
    let after: string | undefined;
    do {
      const listing = await this.#documents.list(prefix, after === undefined ? {} : { after });
      yield* listing.documents;
      after = listing.next;
    } while (after !== undefined);
  }

  /** What cannot be deleted now is deleted after the next start. */
  #drop(id: string): void {
    this.#dropping = this.#dropping.then(async () => {
      if (this.#closed) return;
      try {
        await this.#messages.drop(storedName(id));
        await this.#commit([{ kind: 'delete', key: droppedPrefix + id, expected: 'any' }]);
      } catch (error) {
        if (!this.#closed) this.#onFault(error);
      }
    });
  }
}

function put(record: QueueRecord): Write {
  const value = record as unknown as Json;
  return { kind: 'put', key: queuePrefix + record.name, value, expected: 'any' };
}
