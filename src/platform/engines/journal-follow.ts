/** Following a journal, the same for every engine: pull pages of records, sleep at the end until an append wakes. */
import { StoreUnavailableError } from '../unavailable.ts';
import type { JournalRecord } from '../journal.ts';
import { Bell } from './bell.ts';

export interface RecordPage {
  readonly records: readonly JournalRecord[];
  /** The sequence that the partition's next record will get. */
  readonly next: number;
}

export class Followers {
  readonly #followersMax: number;
  #followers = 0;
  readonly #bells = new Map<string, Set<Bell>>();

  constructor(followersMax: number) {
    this.#followersMax = followersMax;
  }

  appended(partition: string): void {
    for (const bell of this.#bells.get(partition) ?? []) bell.ring();
  }

  fail(error: Error): void {
    for (const bells of this.#bells.values()) for (const bell of bells) bell.fail(error);
  }

  /** `read` gives the page of records from a sequence on. */
  async *follow(
    partition: string,
    from: number,
    signal: AbortSignal,
    read: (from: number) => Promise<RecordPage>,
  ): AsyncGenerator<JournalRecord, void> {
    if (this.#followers >= this.#followersMax) {
      throw new StoreUnavailableError('overloaded', { message: 'too many followers' });
    }
    const bell = new Bell();
    this.#add(partition, bell);
    try {
      let position = from;
      while (!signal.aborted) {
        bell.muffle();
        const page = await read(position);
        for (const record of page.records) {
          if (signal.aborted) return;
          yield record;
          position = record.sequence + 1;
        }
        if (page.records.length === 0 || position >= page.next) await bell.wait(signal);
      }
    } finally {
      this.#remove(partition, bell);
    }
  }

  #add(partition: string, bell: Bell): void {
    const bells = this.#bells.get(partition) ?? new Set();
    this.#bells.set(partition, bells.add(bell));
    this.#followers += 1;
  }

  #remove(partition: string, bell: Bell): void {
    const bells = this.#bells.get(partition);
    bells?.delete(bell);
    if (bells?.size === 0) this.#bells.delete(partition);
    this.#followers -= 1;
  }
}
