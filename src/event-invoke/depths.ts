/**
 * How many events stand in each shard, as far as this process knows: counted as they come and go, and put right now and then by what the
 * store says. So choosing the shortest shard costs no question, and no count of a long queue is made per event.
 */
export class Depths {
  readonly #events = new Map<string, number>();

  of = (shard: string): number => this.#events.get(shard) ?? 0;

  add(shard: string, events: number): void {
    this.#events.set(shard, Math.max(0, this.of(shard) + events));
  }

  correct(shard: string, events: number): void {
    this.#events.set(shard, events);
  }

  forget(shard: string): void {
    this.#events.delete(shard);
  }

  /** By shard. */
  all(): ReadonlyMap<string, number> {
    return new Map(this.#events);
  }
}
