/**
 * Changes of mappings: create, update, tag, delete. A change is decided on what was read, and anew whenever somebody else was faster.
 * Deleted records are removed once they are gone; what a crash leaves of that, the next start removes.
 */
import {
  type EventSources,
  functionOf,
  mappingTransitionMs,
  type MappingRecord,
  stateAt,
} from '#event-sources';
import { functionArn, type Place } from '#metadata';
import {
  type Cancel,
  changeRecords,
  type Clock,
  type Decision,
  type Documents,
  type Stored,
} from '#platform';
import { WireError } from '#wire';
import { conflict } from '../answers.ts';
import { commitAttemptsMax } from '../limits.ts';
import { isKafka, isSqs, serviceName } from './kinds.ts';
import { changed, created, MappingStore, removed, sourceOf } from './store.ts';

export interface MappingsOptions {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly warn: (message: string, error: unknown) => void;
  /** A change is answered once the pollers act on it: of a mapping that was deleted or disabled nothing is received any more. */
  readonly eventSources?: Pick<EventSources, 'reached'>;
}

export class Mappings {
  readonly store: MappingStore;
  readonly #clock: Clock;
  readonly #warn: (message: string, error: unknown) => void;
  readonly #eventSources: MappingsOptions['eventSources'];
  /** One per mapping that is being deleted. */
  readonly #removals = new Set<Cancel>();
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  constructor(options: MappingsOptions) {
    this.store = new MappingStore(options.documents);
    this.#clock = options.clock;
    this.#warn = options.warn;
    this.#eventSources = options.eventSources;
  }

  /** Throws ResourceNotFoundException. */
  async get(place: Place, uuid: string): Promise<Stored<MappingRecord>> {
    const found = await this.store.find(place, uuid);
    if (!found || this.isGone(found.value)) throw mappingNotFound();
    return found;
  }

  isGone(record: MappingRecord): boolean {
    return stateAt(record, this.#clock.wallMs()) === 'gone';
  }

  /** Throws ResourceConflictException where there is one already. */
  async create(record: MappingRecord): Promise<void> {
    await this.#commit(async () => {
      await this.#makeWay(record);
      return { writes: created(record), result: undefined };
    });
  }

  /** Gives the mapping as `change` makes it. Throws ResourceInUseException while another change is under way. */
  async update(
    place: Place,
    uuid: string,
    change: (before: MappingRecord) => Promise<MappingRecord>,
  ): Promise<MappingRecord> {
    return this.#commit(async () => {
      const before = await this.get(place, uuid);
      this.#requireSettled(before.value, 'update');
      const after = await change(before.value);
      await this.#makeWay(after);
      return { writes: changed(before, after), result: after };
    });
  }

  /** Changes nothing that has states: tags. */
  async retag(
    place: Place,
    uuid: string,
    next: (tags: MappingRecord['tags']) => MappingRecord['tags'],
  ): Promise<void> {
    await this.#commit(async () => {
      const before = await this.get(place, uuid);
      const after = { ...before.value, tags: next(before.value.tags) };
      return { writes: changed(before, after), result: undefined };
    });
  }

  async delete(place: Place, uuid: string): Promise<MappingRecord> {
    const record = await this.#commit(async () => {
      const before = await this.get(place, uuid);
      this.#requireSettled(before.value, 'delete');
      const after: MappingRecord = {
        ...before.value,
        transition: 'Deleting',
        changedAtMs: this.#clock.wallMs(),
      };
      return { writes: changed(before, after), result: after };
    });
    this.#removeLater(place, uuid);
    return record;
  }

  /** Removes what was being deleted when an earlier run ended. */
  async resume(): Promise<void> {
    for (const { place, uuid } of await this.store.deleting()) await this.#remove(place, uuid);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#removals) cancel();
    this.#removals.clear();
    await Promise.all(this.#running);
  }

  #requireSettled(record: MappingRecord, what: 'update' | 'delete'): void {
    const state = stateAt(record, this.#clock.wallMs());
    if (state === 'Enabled' || state === 'Disabled') return;
    throw new WireError(
      'ResourceInUseException',
      `Cannot ${what} the event source mapping because it is in use.`,
    );
  }

  /** Throws where another mapping stands in the place of this one; one that is gone, and not removed yet, is removed. */
  async #makeWay(record: MappingRecord): Promise<void> {
    const rival = await this.store.rival(record);
    if (!rival || rival.value.uuid === record.uuid) return;
    if (!this.isGone(rival.value)) throw alreadyExists(rival.value);
    await this.store.documents.commit(removed(rival));
  }

  async #commit<Result>(decide: () => Promise<Decision<Result>>): Promise<Result> {
    const outcome = await changeRecords(
      {
        documents: this.store.documents,
        attemptsMax: commitAttemptsMax,
        reached: async (revision) => this.#eventSources?.reached(revision),
      },
      decide,
    );
    if (outcome.kind === 'done') return outcome.result;
    throw conflict(
      'The operation cannot be performed at this time. Other changes are being made to this mapping.',
    );
  }

  #removeLater(place: Place, uuid: string): void {
    if (this.#closed) return;
    const cancel = this.#clock.after(mappingTransitionMs, () => {
      this.#removals.delete(cancel);
      const run = this.#remove(place, uuid)
        .catch((error: unknown) => this.#warn(`cannot remove event source mapping ${uuid} now`, error))
        .finally(() => this.#running.delete(run));
      this.#running.add(run);
    });
    this.#removals.add(cancel);
  }

  async #remove(place: Place, uuid: string): Promise<void> {
    const found = await this.store.find(place, uuid);
    if (found?.value.transition === 'Deleting') await this.store.documents.commit(removed(found));
  }
}

export const mappingNotFound = (): WireError =>
  new WireError('ResourceNotFoundException', 'The resource you requested does not exist.');

/** AWS's messages, which differ between sources. */
function alreadyExists(rival: MappingRecord): WireError {
  const { kind, uuid, functionName, qualifier, settings } = rival;
  const source = sourceOf(rival);
  const target = qualifier === undefined ? functionName : `${functionName}:${qualifier}`;
  const advice = `Please update or delete the existing mapping with UUID ${uuid}`;
  if (isSqs(kind)) {
    return conflict(
      `An event source mapping with SQS arn (" ${source} ") and function (" ${target} ") already exists. ${advice}`,
    );
  }
  if (isKafka(kind)) {
    const arn = functionArn(functionOf(rival), qualifier);
    const topics = settings.Topics?.join(',') ?? '';
    return conflict(
      `An event source mapping with event source ("${source}"), function ("${arn}"), topics ("${topics}") already exists. ${advice}`,
    );
  }
  if (kind === 'kinesis' || kind === 'dynamodb') {
    return conflict(
      `The event source arn (" ${source} ") and function (" ${target} ") provided mapping already exists. ${advice}`,
    );
  }
  return conflict(
    `An event source mapping with ${serviceName(kind)} arn (" ${source} ") and function (" ${target} ") already exists. ${advice}`,
  );
}
