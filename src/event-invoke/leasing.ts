/**
 * The leasing service: which poller has which shard, and until when. Pure.
 *
 *             heartbeat: "I hold a, b"             time passes without one
 *     poller ─────────────────────────▶ leases     ────────────────────────▶ the shards go to others
 *            ◀─────────────────────────
 *               "you have b, c until t"            a is missing: it is not the poller's any more
 *
 * A poller that hears nothing serves its shards until their leases end by its own clock, and no longer. A shard that is to go to another poller is
 * left out of an answer first, and given on when its lease has ended or its poller says that it holds it no more. So no two pollers have
 * leases on one shard at the same time. What would happen if they had costs work, not events: every reception of a message hides it from the
 * other, and a receipt that was overtaken deletes nothing.
 */

interface Poller {
  expiresAtMs: number;
}

interface Holding {
  readonly pollerId: string;
  expiresAtMs: number;
}

export class Leasing {
  readonly #leaseMs: number;
  readonly #pollers = new Map<string, Poller>();
  readonly #holdings = new Map<string, Holding>();
  #shards: readonly string[];

  constructor(shards: readonly string[], leaseMs: number) {
    this.#shards = shards;
    this.#leaseMs = leaseMs;
  }

  get leaseMs(): number {
    return this.#leaseMs;
  }

  /** Leases on shards that are no more are not renewed. */
  setShards(shards: readonly string[]): void {
    this.#shards = shards;
  }

  /** A poller is there, and will ask. Those that are known before the first one asks share evenly from the start. */
  join(pollerId: string, nowMs: number): void {
    this.#pollers.set(pollerId, { expiresAtMs: nowMs + this.#leaseMs });
  }

  /** Whether there are shards that nobody has. */
  hasFree(nowMs: number): boolean {
    return this.#shards.some((shard) => this.holderOf(shard, nowMs) === undefined);
  }

  /** `held`: what the poller still works on. Answers what it has for `leaseMs` from now. */
  heartbeat(pollerId: string, held: readonly string[], nowMs: number): readonly string[] {
    this.#expire(nowMs);
    const expiresAtMs = nowMs + this.#leaseMs;
    this.#pollers.set(pollerId, { expiresAtMs });
    const known = new Set(this.#shards);
    const stillHeld = new Set(held);
    for (const [shard, holding] of this.#holdings) {
      if (holding.pollerId === pollerId && !stillHeld.has(shard)) this.#holdings.delete(shard);
    }
    const mine = [...this.#holdings]
      .filter(([shard, holding]) => holding.pollerId === pollerId && known.has(shard))
      .map(([shard]) => shard);
    const fair = Math.ceil(this.#shards.length / this.#pollers.size);
    const kept = mine.slice(0, fair);
    const free = this.#shards.filter((shard) => !this.#holdings.has(shard)).slice(0, fair - kept.length);
    const leased = [...kept, ...free];
    for (const shard of leased) this.#holdings.set(shard, { pollerId, expiresAtMs });
    return leased;
  }

  /** A poller ends and holds nothing any more. */
  leave(pollerId: string): void {
    this.#pollers.delete(pollerId);
    for (const [shard, holding] of this.#holdings) {
      if (holding.pollerId === pollerId) this.#holdings.delete(shard);
    }
  }

  /** Who has the shard at that time. */
  holderOf(shard: string, nowMs: number): string | undefined {
    const holding = this.#holdings.get(shard);
    return holding !== undefined && holding.expiresAtMs > nowMs ? holding.pollerId : undefined;
  }

  #expire(nowMs: number): void {
    for (const [pollerId, { expiresAtMs }] of this.#pollers) {
      if (expiresAtMs <= nowMs) this.#pollers.delete(pollerId);
    }
    for (const [shard, { expiresAtMs }] of this.#holdings) {
      if (expiresAtMs <= nowMs) this.#holdings.delete(shard);
    }
  }
}
