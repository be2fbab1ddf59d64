/** Journals on the thread: the face's side. */
import { requestLimits } from '../../limits.ts';
import type { EngineLimits } from '../../limits.ts';
import type { AppendOutcome, Journal, JournalBounds, JournalRecord } from '../../journal.ts';
import { checkBodies, checkLimit, checkName, checkPosition } from '../checks.ts';
import type { Followers } from '../journal-follow.ts';
import type { Link } from './link.ts';

export class SqliteJournal implements Journal {
  readonly #link: Link;
  readonly #followers: Followers;
  readonly #limits: EngineLimits;

  constructor(link: Link, followers: Followers, limits: EngineLimits) {
    this.#link = link;
    this.#followers = followers;
    this.#limits = limits;
  }

  async append(
    partition: string,
    expected: number | 'any',
    bodies: readonly Uint8Array[],
  ): Promise<AppendOutcome> {
    checkName(partition);
    checkBodies(bodies);
    if (expected !== 'any') checkPosition(expected);
    // The caller keeps its buffers and may change them; the thread gets copies.
    const copies = bodies.map((body) => new Uint8Array(body));
    const answered = (outcome: AppendOutcome): void => {
      if (outcome.kind === 'appended') this.#followers.appended(partition);
    };
    const ask = { partition, expected, bodies: copies };
    return this.#link.call('journal.append', ask, { bodies: copies, answered });
  }

  async read(
    partition: string,
    from: number,
    limit: number = requestLimits.pageMax,
  ): Promise<readonly JournalRecord[]> {
    checkName(partition);
    checkPosition(from);
    checkLimit(limit);
    const { records } = await this.#link.call('journal.read', { partition, from, limit });
    return records;
  }

  async *follow(partition: string, from: number, signal: AbortSignal): AsyncGenerator<JournalRecord, void> {
    checkName(partition);
    checkPosition(from);
    const limit = this.#limits.watchPageMax;
    yield* this.#followers.follow(partition, from, signal, async (position) =>
      this.#link.call('journal.read', { partition, from: position, limit }, { watching: true }),
    );
  }

  async bounds(partition: string): Promise<JournalBounds> {
    checkName(partition);
    return this.#link.call('journal.bounds', { partition });
  }

  async trim(partition: string, before: number): Promise<void> {
    checkName(partition);
    checkPosition(before);
    // In steps, so that a long trim does not hold up everyone else's round.
    while ((await this.#link.call('journal.trim', { partition, before })) === 'more');
  }
}
