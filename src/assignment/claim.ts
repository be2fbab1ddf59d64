/**
 * How leadership of a partition is taken: replay its journal, wait out the lease of another leader where one may still be
 * alive, then append the claim at exactly the sequence that was replayed. Whoever led before gets a conflict at its next append.
 */
import type { Clock, Journal } from '#platform';
import { decodeEntry, encodeEntry } from './records.ts';
import type { Leadership } from './records.ts';
import { Replay } from './replay.ts';

export interface ClaimOptions {
  readonly journal: Journal;
  readonly name: string;
  readonly clock: Clock;
  /** Whoever claims under the same name as the last leader takes over at once: it knows that its former self is dead. */
  readonly holder: string;
  readonly leaseMs: number;
  /** `at-once` where the engine admits one process only, so that the last leader cannot be alive. */
  readonly takeover: 'at-once' | 'after-lease';
}

export interface Claim {
  readonly replay: Replay;
  readonly leadership: Leadership;
  readonly claimedAtMs: number;
  readonly next: number;
  /** How many records a replay reads. */
  readonly records: number;
}

/** Rejects when the journal cannot be read or written, or holds what this release does not understand. */
export async function claim(options: ClaimOptions): Promise<Claim> {
  const { journal, name, clock, holder, leaseMs, takeover } = options;
  let waitedAtNext: number | undefined;
  for (;;) {
    const { replay, next, records } = await replayOf(journal, name);
    const last = replay.leadership;
    const mayBeAlive = takeover === 'after-lease' && last !== undefined && last.holder !== holder;
    if (mayBeAlive && waitedAtNext !== next) {
      // If nothing was written for a whole lease since we read it, the lease of whoever wrote last has run out.
      waitedAtNext = next;
      await new Promise<void>((resolve) => void clock.after(last.leaseMs, resolve));
      continue;
    }
    const leadership: Leadership = { term: (last?.term ?? 0) + 1, holder, leaseMs };
    const claimedAtMs = clock.monotonicMs();
    const outcome = await journal.append(name, next, [encodeEntry({ kind: 'led', leadership })]);
    if (outcome.kind === 'appended') {
      return { replay, leadership, claimedAtMs, next: outcome.next, records: records + 1 };
    }
  }
}

async function replayOf(
  journal: Journal,
  name: string,
): Promise<{ readonly replay: Replay; readonly next: number; readonly records: number }> {
  const replay = new Replay();
  const bounds = await journal.bounds(name);
  let next = bounds.next;
  let records = 0;
  let from = bounds.first;
  for (;;) {
    const page = await journal.read(name, from);
    const last = page.at(-1);
    if (last === undefined) return { replay, next, records };
    for (const { body } of page) replay.apply(decodeEntry(body));
    records += page.length;
    from = last.sequence + 1;
    next = Math.max(next, from);
  }
}
