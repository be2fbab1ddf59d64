/**
 * Batches made of records, in the order in which they come. Pure.
 *
 *     add ─▶ [ open batch ] ──full, or its window has passed──▶ [ closed ] [ closed ] ─▶ take
 *
 * A batch is full when it has as many records as it may, or when the next one would make it too large. Its window runs from its first record.
 */

export interface BatchPlan {
  readonly recordsMax: number;
  /** 0: what is there when somebody can take it is a batch. */
  readonly windowMs: number;
  /** Of all records together, with what stands between them. */
  readonly bytesMax: number;
}

export interface Batched<Item> {
  readonly item: Item;
  readonly bytes: number;
}

interface Open<Item> {
  readonly records: Batched<Item>[];
  readonly dueMs: number;
  bytes: number;
}

export class Batching<Item> {
  #plan: BatchPlan;
  #closed: (readonly Batched<Item>[])[] = [];
  #open: Open<Item> | undefined;
  #count = 0;

  constructor(plan: BatchPlan) {
    this.#plan = plan;
  }

  /** Records that wait. */
  get count(): number {
    return this.#count;
  }

  /** For what comes from now on; an open batch is closed. */
  replan(plan: BatchPlan): void {
    this.#close();
    this.#plan = plan;
  }

  /** `windowMs` may be shorter than the plan's, for what cannot wait as long. */
  add(item: Item, bytes: number, nowMs: number, windowMs: number = this.#plan.windowMs): void {
    const { recordsMax, bytesMax } = this.#plan;
    if (this.#open && this.#open.bytes + bytes > bytesMax) this.#close();
    this.#open ??= { records: [], dueMs: nowMs + Math.min(windowMs, this.#plan.windowMs), bytes: 0 };
    this.#open.records.push({ item, bytes });
    this.#open.bytes += bytes;
    this.#count += 1;
    if (this.#open.records.length >= recordsMax || this.#open.bytes >= bytesMax) this.#close();
  }

  /** What belongs together goes into batches of its own, which wait for nothing. */
  addWhole(records: readonly Batched<Item>[], nowMs: number): void {
    this.#close();
    for (const { item, bytes } of records) this.add(item, bytes, nowMs);
    this.#close();
  }

  /** The next batch that waits for nothing any more. */
  take(nowMs: number): readonly Batched<Item>[] | undefined {
    if (this.#closed.length === 0 && this.#open && nowMs >= this.#open.dueMs) this.#close();
    const batch = this.#closed.shift();
    this.#count -= batch?.length ?? 0;
    return batch;
  }

  /** When `take` gives a batch without another record: undefined where nothing waits. */
  dueMs(): number | undefined {
    return this.#closed.length > 0 ? 0 : this.#open?.dueMs;
  }

  /** Everything that waits, which does so no more. */
  drain(): readonly Item[] {
    this.#close();
    const items = this.#closed.flat().map(({ item }) => item);
    this.#closed = [];
    this.#count = 0;
    return items;
  }

  #close(): void {
    if (this.#open) this.#closed.push(this.#open.records);
    this.#open = undefined;
  }
}
