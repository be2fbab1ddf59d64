/**
 * What one partition has written and must write: pure bookkeeping between its state and its journal.
 *
 *     enqueue ──▶ outbox ──begin──▶ in flight ──appended──▶ durable (and the lease begins anew)
 *                   ▲                   └──failed──▶ creations are given up, the rest goes back to the outbox
 *                   └───────────────────────────────────────┘
 *
 * At most one append is in flight; what is enqueued meanwhile goes into the next one together. Every append at the
 * expected sequence proves that nobody else has claimed the partition, so it renews the lease, counted from when the append began.
 */
import { assert } from '#lib/assert';
import { journalRetryMs, recordsPerAppendMax, recordsPerSnapshotMin } from './limits.ts';
import type { Limits } from './limits.ts';
import type { EnvironmentRecord, JournalEntry, Leadership } from './records.ts';

export interface Append {
  readonly expected: number;
  readonly entries: readonly JournalEntry[];
}

export interface LedgerStart {
  readonly leadership: Leadership;
  /** When the claim was begun to be written. */
  readonly claimedAtMs: number;
  /** The journal's next sequence, and how many records stand behind it. */
  readonly next: number;
  readonly records: number;
  readonly environments: Iterable<EnvironmentRecord>;
}

export class Ledger {
  readonly #limits: Limits;
  readonly #leadership: Leadership;
  /** What a replay would yield once the outbox is written. */
  readonly #environments = new Map<string, EnvironmentRecord>();
  #next: number;
  #recordsSinceSnapshot: number;
  #outbox: JournalEntry[] = [];
  #inFlight: { readonly entries: readonly JournalEntry[]; readonly startedMs: number } | undefined;
  #renewedAtMs: number;
  #retryAtMs = -Infinity;

  constructor(start: LedgerStart, limits: Limits) {
    this.#limits = limits;
    this.#leadership = start.leadership;
    this.#next = start.next;
    this.#recordsSinceSnapshot = start.records;
    this.#renewedAtMs = start.claimedAtMs;
    for (const environment of start.environments) this.#environments.set(environment.id, environment);
  }

  get environments(): ReadonlyMap<string, EnvironmentRecord> {
    return this.#environments;
  }

  holdsLease(nowMs: number): boolean {
    return nowMs < this.#renewedAtMs + this.#limits.leaseMs;
  }

  created(environment: EnvironmentRecord): void {
    this.#environments.set(environment.id, environment);
    this.#outbox.push({ kind: 'created', environment });
  }

  removed(id: string): void {
    if (this.#environments.delete(id)) this.#outbox.push({ kind: 'removed', id });
  }

  /** Writes a renewal when one is due, or at once where the lease has run out. */
  renewIfDue(nowMs: number): void {
    if (this.#inFlight !== undefined || this.#outbox.length > 0 || nowMs < this.#retryAtMs) return;
    if (nowMs >= this.#renewalDueAtMs()) this.#outbox.push({ kind: 'renewed', term: this.#leadership.term });
  }

  /** When `renewIfDue` or `begin` has something to do that no event will bring: monotonic ms, or Infinity. */
  wakeAtMs(): number {
    if (this.#inFlight !== undefined) return Infinity;
    if (this.#outbox.length > 0) return this.#retryAtMs;
    return Math.max(this.#renewalDueAtMs(), this.#retryAtMs);
  }

  /** The next append, if there is something to write and none is in flight. After a failure only creations do not wait for the retry. */
  begin(nowMs: number): Append | undefined {
    if (this.#inFlight !== undefined || this.#outbox.length === 0) return undefined;
    if (nowMs < this.#retryAtMs && !this.#outbox.some((entry) => entry.kind === 'created')) return undefined;
    const entries = this.#outbox.splice(0, recordsPerAppendMax - 1);
    const written = this.#recordsSinceSnapshot + entries.length;
    const due = written >= recordsPerSnapshotMin && written >= 2 * this.#environments.size;
    // Only a snapshot of everything enqueued so far is true, so it waits until the outbox fits into one append.
    if (due && this.#outbox.length === 0) {
      entries.push({
        kind: 'snapshot',
        leadership: this.#leadership,
        environments: [...this.#environments.values()],
      });
    }
    this.#inFlight = { entries, startedMs: nowMs };
    return { expected: this.#next, entries };
  }

  /** Ids of the environments whose creation is durable now, and the sequence below which the journal may be trimmed. */
  appended(next: number): {
    readonly createdIds: readonly string[];
    readonly trimBefore: number | undefined;
  } {
    const { entries, startedMs } = this.#landed();
    this.#next = next;
    this.#renewedAtMs = startedMs;
    this.#retryAtMs = -Infinity;
    const isSnapshot = entries.at(-1)?.kind === 'snapshot';
    this.#recordsSinceSnapshot = isSnapshot ? 0 : this.#recordsSinceSnapshot + entries.length;
    return { createdIds: createdIn(entries), trimBefore: isSnapshot ? next - 1 : undefined };
  }

  /** Ids of the environments whose creation is given up. */
  failed(nowMs: number): readonly string[] {
    const { entries } = this.#landed();
    this.#retryAtMs = nowMs + journalRetryMs;
    const createdIds = createdIn(entries);
    for (const id of createdIds) this.#environments.delete(id);
    this.#outbox = [...entries.filter((entry) => entry.kind === 'removed'), ...this.#outbox];
    return createdIds;
  }

  #renewalDueAtMs(): number {
    return this.#environments.size === 0 ? Infinity : this.#renewedAtMs + this.#limits.leaseRenewMs;
  }

  #landed(): { readonly entries: readonly JournalEntry[]; readonly startedMs: number } {
    const inFlight = this.#inFlight;
    assert(inFlight !== undefined, 'an append ended that was not begun');
    this.#inFlight = undefined;
    return inFlight;
  }
}

function createdIn(entries: readonly JournalEntry[]): readonly string[] {
  return entries.flatMap((entry) => (entry.kind === 'created' ? [entry.environment.id] : []));
}
