/**
 * Who polls which mapping. Pollers are members with a lease that they renew; each mapping has a rank among them that everybody computes alike, and
 * belongs to the first. Pure.
 *
 *     heartbeat ─▶ member until t      the first in rank has the mapping, from when nobody else can still think that it has it:
 *     silence   ─▶ its lease ends      its own lease, and those of the members before it, have ended or been given back
 *
 * A mapping goes over only when a lease has ended or `leave` was called, so that two members never have it at the same time. A member that hears
 * nothing stops by its own clock when its lease ends.
 */
import { assert } from '#lib/assert';

/** A number for a member and a mapping that is as good as random, and the same everywhere. */
export type Rank = (memberId: string, mappingId: string) => number;

export class Leases {
  readonly #leaseMs: number;
  readonly #rank: Rank;
  readonly #members = new Map<string, number>();
  readonly #holders = new Map<string, string>();

  constructor(leaseMs: number, rank: Rank) {
    assert(leaseMs > 0, 'a lease has a length');
    this.#leaseMs = leaseMs;
    this.#rank = rank;
  }

  /** Renews the member's lease; gives those of the mappings that are its own until `leaseMs` from now. */
  heartbeat(
    memberId: string,
    mappingIds: readonly string[],
    held: ReadonlySet<string>,
    nowMs: number,
  ): ReadonlySet<string> {
    this.#expire(nowMs);
    this.#members.set(memberId, nowMs + this.#leaseMs);
    const own = new Set<string>();
    for (const mappingId of mappingIds) {
      const holder = this.#holders.get(mappingId);
      const first = this.#firstFor(mappingId);
      // Given back: the member does not hold it, and is not to.
      if (holder === memberId && first !== memberId && !held.has(mappingId)) this.#holders.delete(mappingId);
      const current = this.#holders.get(mappingId);
      if (first === memberId && (current === undefined || current === memberId)) {
        this.#holders.set(mappingId, memberId);
        own.add(mappingId);
      }
    }
    const known = new Set(mappingIds);
    for (const [mappingId, holder] of this.#holders) {
      if (holder === memberId && !known.has(mappingId) && !held.has(mappingId))
        this.#holders.delete(mappingId);
    }
    return own;
  }

  /** The member polls nothing any more. */
  leave(memberId: string): void {
    this.#members.delete(memberId);
    for (const [mappingId, holder] of this.#holders) if (holder === memberId) this.#holders.delete(mappingId);
  }

  #firstFor(mappingId: string): string | undefined {
    if (this.#members.size === 1) return this.#members.keys().next().value;
    let first: { readonly memberId: string; readonly rank: number } | undefined;
    for (const memberId of this.#members.keys()) {
      const rank = this.#rank(memberId, mappingId);
      if (first === undefined || rank > first.rank || (rank === first.rank && memberId < first.memberId)) {
        first = { memberId, rank };
      }
    }
    return first?.memberId;
  }

  #expire(nowMs: number): void {
    for (const [memberId, expiresAtMs] of this.#members) if (expiresAtMs <= nowMs) this.leave(memberId);
  }
}
