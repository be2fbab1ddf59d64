/** Journals in memory: an array of records per partition. */
import { engineLimits, requestLimits } from '../../limits.ts';
import type { EngineLimits } from '../../limits.ts';
import type { AppendOutcome, Journal, JournalBounds, JournalRecord } from '../../journal.ts';
import { checkBodies, checkLimit, checkName, checkPosition } from '../checks.ts';
import { Followers } from '../journal-follow.ts';

interface Partition {
  first: number;
  /** Records `first` to `first + bodies.length - 1`. */
  bodies: Uint8Array[];
}

export class MemoryJournal implements Journal {
  readonly #partitions = new Map<string, Partition>();
  readonly #followers: Followers;
  readonly #limits: EngineLimits;

  constructor(limits: Partial<EngineLimits> = {}) {
    this.#limits = { ...engineLimits, ...limits };
    this.#followers = new Followers(this.#limits.watchersMax);
  }

  async append(
    partition: string,
    expected: number | 'any',
    bodies: readonly Uint8Array[],
  ): Promise<AppendOutcome> {
    checkName(partition);
    checkBodies(bodies);
    if (expected !== 'any') checkPosition(expected);
    const { next } = this.#bounds(partition);
    if (expected !== 'any' && expected !== next) return { kind: 'conflict', next };
    const found = this.#partitions.get(partition) ?? { first: 0, bodies: [] };
    for (const body of bodies) found.bodies.push(new Uint8Array(body));
    this.#partitions.set(partition, found);
    this.#followers.appended(partition);
    return { kind: 'appended', next: next + bodies.length };
  }

  async read(
    partition: string,
    from: number,
    limit: number = requestLimits.pageMax,
  ): Promise<readonly JournalRecord[]> {
    checkName(partition);
    checkPosition(from);
    checkLimit(limit);
    return this.#records(partition, from, limit);
  }

  async *follow(partition: string, from: number, signal: AbortSignal): AsyncGenerator<JournalRecord, void> {
    checkName(partition);
    checkPosition(from);
    yield* this.#followers.follow(partition, from, signal, async (position) => ({
      records: this.#records(partition, position, this.#limits.watchPageMax),
      next: this.#bounds(partition).next,
    }));
  }

  async bounds(partition: string): Promise<JournalBounds> {
    checkName(partition);
    return this.#bounds(partition);
  }

  async trim(partition: string, before: number): Promise<void> {
    checkName(partition);
    checkPosition(before);
    const found = this.#partitions.get(partition);
    if (found === undefined || before <= found.first) return;
    const { next } = this.#bounds(partition);
    found.bodies = found.bodies.slice(before - found.first);
    found.first = Math.min(before, next);
  }

  #bounds(partition: string): JournalBounds {
    const { first, bodies } = this.#partitions.get(partition) ?? { first: 0, bodies: [] };
    return { first, next: first + bodies.length };
  }

  #records(partition: string, from: number, limit: number): readonly JournalRecord[] {
    const found = this.#partitions.get(partition);
    if (found === undefined) return [];
    const start = Math.max(from, found.first);
    const records: JournalRecord[] = [];
    let bytes = 0;
    for (const [index, body] of found.bodies
      .slice(start - found.first, start - found.first + limit)
      .entries()) {
      bytes += body.byteLength;
      if (records.length > 0 && bytes > this.#limits.answerBytesMax) break;
      records.push({ sequence: start + index, body: new Uint8Array(body) });
    }
    return records;
  }
}
