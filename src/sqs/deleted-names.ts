/**
 * Names of queues that were deleted a short while ago: nobody may create a queue of such a name yet. Stored, so that a restart makes none of
 * them free, and counted by a clock that does not jump.
 *
 *   sqs/deleted/<name>   DeletedRecord
 */
import type { Clock, Write } from '#platform';
import type { SqsLimits } from './limits.ts';

export const deletedPrefix = 'sqs/deleted/';

export interface DeletedRecord {
  /** Wall-clock time, epoch milliseconds. */
  readonly deletedMs: number;
}

/** Names that are forgotten with one change: more than one change adds, so that they get fewer. */
const forgottenPerChange = 4;

export class DeletedNames {
  readonly #clock: Clock;
  readonly #nameWaitMs: number;
  /** When each is free, in monotonic milliseconds; the earliest first. */
  readonly #freeAtMs = new Map<string, number>();

  constructor(clock: Clock, { nameWaitMs }: Pick<SqsLimits, 'nameWaitMs'>) {
    this.#clock = clock;
    this.#nameWaitMs = nameWaitMs;
  }

  /** What the store has. A wall clock that was set back makes nobody wait longer than from now. */
  enter(name: string, { deletedMs }: DeletedRecord): void {
    const passedMs = Math.max(0, this.#clock.wallMs() - deletedMs);
    this.#freeAtMs.set(name, this.#clock.monotonicMs() + this.#nameWaitMs - passedMs);
  }

  has(name: string): boolean {
    return (this.#freeAtMs.get(name) ?? 0) > this.#clock.monotonicMs();
  }

  /** To be written with the deletion of the queue; `added` is to be called once that is done. */
  adding(name: string): readonly Write[] {
    const value = { deletedMs: this.#clock.wallMs() };
    return [{ kind: 'put', key: deletedPrefix + name, value, expected: 'any' }, ...this.#forgetting(name)];
  }

  added(name: string): void {
    for (const passed of this.#passed(name)) this.#freeAtMs.delete(passed);
    this.#freeAtMs.delete(name);
    this.#freeAtMs.set(name, this.#clock.monotonicMs() + this.#nameWaitMs);
  }

  #forgetting(name: string): readonly Write[] {
    return this.#passed(name).map((passed) => ({
      kind: 'delete',
      key: deletedPrefix + passed,
      expected: 'any',
    }));
  }

  #passed(except: string): readonly string[] {
    const passed: string[] = [];
    for (const [name, freeAtMs] of this.#freeAtMs) {
      if (passed.length === forgottenPerChange || freeAtMs > this.#clock.monotonicMs()) break;
      if (name !== except) passed.push(name);
    }
    return passed;
  }
}
