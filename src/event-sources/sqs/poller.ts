/**
 * The pollers of one mapping of a queue: they receive, filter, batch, and have batches invoked, as many at a time as the scale allows.
 *
 *     queue ─▶ receive ─▶ filter ─▶ batching ─▶ slots ─▶ invoke ─▶ delete
 *                           └─▶ delete: what no pattern wants      └─▶ left alone, until it is visible again: what failed
 *
 *     new ──▶ polling ⇄ paused (something is in the way; looked at again after a while) ──stop──▶ stopped: receives nothing more
 *
 * It receives only what it has slots for. What waits when it is stopped is made visible again; what was invoked is seen to its end.
 */
import type { Cancel, Clock, Random } from '#platform';
import { backoffMs } from '../backoff.ts';
import { type Batched, Batching } from '../batching.ts';
import type { RecordFilter } from '../filter/record-filter.ts';
import { BusyGroups } from '../groups.ts';
import type { HeldBytes } from '../held-bytes.ts';
import type { Invoke, Invoked } from '../invoker.ts';
import type { Limits } from '../limits.ts';
import type { MappingRecord } from '../mapping.ts';
import {
  concurrencyOf,
  firstScale,
  type Load,
  reduced,
  type Scale,
  scaled,
  type ScalingPlan,
  scalingPlan,
} from '../scaling.ts';
import { type BatchOutcome, processBatch } from './batch.ts';
import { Holding } from './holding.ts';
import { batchPlanOf, filterOf, isFifo, reportsFailures } from './queue-mapping.ts';
import { fittingIn, handlesOf, type Item, sorted } from './sorting.ts';
import { problemOf, type Reception, type SourceQueue } from './source-queue.ts';

export interface PollerOptions {
  readonly mapping: MappingRecord;
  readonly queue: SourceQueue;
  readonly invoke: Invoke;
  /** What is in the way of polling, as its owner is told; asked before each reception. */
  readonly obstacle: (mapping: MappingRecord) => string | undefined;
  readonly held: HeldBytes;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly onCount: (counted: PollerCount) => void;
}

/** Messages, by what became of them. */
export interface PollerCount {
  readonly received?: number;
  readonly filteredOut?: number;
  readonly invoked?: number;
  readonly failed?: number;
  readonly deleted?: number;
  readonly outcome?: BatchOutcome;
}

/** While there is work, the scale is looked at this often. */
const lookMs = 250;
/** AWS waits for full batches up to the window; a message must still have most of its visibility timeout when its batch is invoked. */
const windowShareMax = 0.5;

export class QueuePoller {
  readonly #options: PollerOptions;
  readonly #batching: Batching<Item>;
  readonly #groups = new BusyGroups();
  readonly #ending = new AbortController();
  readonly #working = new Set<Promise<void>>();
  readonly #receiving = new Set<Promise<void>>();
  readonly #returning = new Set<Promise<void>>();
  readonly #holding: Holding;
  #mapping: MappingRecord;
  #filter: RecordFilter;
  #plan: ScalingPlan;
  #scale: Scale;
  /** Messages that receptions under way may bring. */
  #asked = 0;
  /** The last reception brought all that it asked for. */
  #moreWaits = false;
  #problem: string | undefined;
  #obstacles = 0;
  /** Of a message, as the last reception had them. */
  #averageBytes = Infinity;
  /** Receptions in a row that brought nothing, too early. */
  #hasty = 0;
  #pausedUntilMs = 0;
  #timer: { readonly dueMs: number; readonly cancel: Cancel } | undefined;
  readonly #pumpWhenRoom = (): void => this.#pump();

  constructor(options: PollerOptions) {
    const { mapping, clock, limits } = options;
    this.#options = options;
    this.#holding = new Holding(options.held);
    this.#mapping = mapping;
    this.#plan = scalingPlan(mapping.settings);
    this.#scale = firstScale(this.#plan, clock.monotonicMs());
    this.#batching = new Batching(batchPlanOf(mapping, limits));
    this.#filter = filterOf(mapping);
  }

  /** What keeps it from its work, if anything does. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Batches in work. */
  get busy(): number {
    return this.#working.size;
  }

  get concurrency(): number {
    return concurrencyOf(this.#plan, this.#scale);
  }

  start(): void {
    this.#pump();
  }

  /** The mapping has been changed: for what is received from now on. */
  reconfigure(mapping: MappingRecord): void {
    if (this.#ending.signal.aborted) return;
    this.#mapping = mapping;
    this.#plan = scalingPlan(mapping.settings);
    this.#batching.replan(batchPlanOf(mapping, this.#options.limits));
    this.#filter = filterOf(mapping);
    this.#pausedUntilMs = 0;
    this.#pump();
  }

  /** Resolves once nothing is received any more. */
  async stop(): Promise<void> {
    this.#ending.abort();
    this.#timer?.cancel();
    await Promise.all(this.#receiving);
    this.#putBack(this.#batching.drain());
  }

  /** Resolves once no batch is in work, and what was to be put back was. */
  async idle(): Promise<void> {
    while (this.#working.size + this.#returning.size > 0) {
      await Promise.all([...this.#working, ...this.#returning]);
    }
  }

  #pump(): void {
    if (this.#ending.signal.aborted) return;
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#scale = scaled(this.#plan, this.#scale, this.#load(), nowMs);
    while (this.#working.size < this.concurrency) {
      const batch = this.#batching.take(nowMs);
      if (batch === undefined) break;
      this.#begin(batch.map(({ item }) => item));
    }
    while (this.#mayReceive(nowMs)) this.#beginReception();
    this.#setTimer(nowMs);
  }

  #load(): Load {
    if (this.#working.size < this.concurrency) return this.#working.size === 0 ? 'idle' : 'busy';
    return this.#moreWaits || this.#batching.count > 0 ? 'saturated' : 'busy';
  }

  #setTimer(nowMs: number): void {
    const due = this.#batching.dueMs();
    const dues = [
      ...(due !== undefined && due > nowMs ? [due] : []),
      ...(this.#working.size > 0 ? [nowMs + lookMs] : []),
      ...(this.#pausedUntilMs > nowMs ? [this.#pausedUntilMs] : []),
    ];
    if (dues.length === 0) return;
    const dueMs = Math.min(...dues);
    if (this.#timer && this.#timer.dueMs > nowMs && this.#timer.dueMs <= dueMs) return;
    this.#timer?.cancel();
    const cancel = this.#options.clock.after(dueMs - nowMs, () => {
      this.#timer = undefined;
      this.#pump();
    });
    this.#timer = { dueMs, cancel };
  }

  #mayReceive(nowMs: number): boolean {
    const { held, queue } = this.#options;
    if (nowMs < this.#pausedUntilMs || this.#wanted() <= 0) return false;
    const receivers = this.#moreWaits ? queue.receiversMax : 1;
    if (this.#receiving.size >= receivers) return false;
    if (held.roomFor(this.#holding.bytes + this.#asked, this.#pumpWhenRoom) === 'none') return false;
    const obstacle = this.#options.obstacle(this.#mapping);
    if (obstacle === undefined) return true;
    this.#pauseFor(obstacle, nowMs);
    return false;
  }

  /** Messages that there are free slots for. */
  #wanted(): number {
    const { BatchSize } = this.#mapping.settings;
    const free = Math.max(0, this.concurrency - this.#working.size);
    return free * BatchSize - this.#batching.count - this.#asked;
  }

  #pauseFor(problem: string | undefined, nowMs: number): void {
    const { limits, random } = this.#options;
    this.#problem = problem;
    this.#obstacles += 1;
    const backoff = { minMs: limits.problemMsMin, maxMs: limits.problemMsMax };
    this.#pausedUntilMs = nowMs + backoffMs(backoff, this.#obstacles, random);
  }

  #beginReception(): void {
    const { queue, held, limits } = this.#options;
    const fitting = Math.max(limits.receiveMin, Math.floor(limits.receiveBytes / this.#averageBytes));
    const room =
      held.roomFor(this.#holding.bytes, this.#pumpWhenRoom) === 'much' ? fitting : limits.receiveMin;
    // A group's messages are in one batch: no reception of a FIFO queue may bring more than a batch takes.
    const most = isFifo(this.#mapping) ? this.#mapping.settings.BatchSize : Infinity;
    const max = Math.min(this.#wanted(), most, room, queue.receiveMax);
    this.#asked += max;
    const run = this.#receive(max)
      .finally(() => {
        this.#asked -= max;
        this.#receiving.delete(run);
      })
      .then(() => this.#pump());
    this.#receiving.add(run);
  }

  async #receive(max: number): Promise<void> {
    const { queue, clock, limits } = this.#options;
    const { signal } = this.#ending;
    const startMs = clock.monotonicMs();
    const reception = await queue.receive({ max, waitMs: limits.receiveWaitMs, signal });
    const nowMs = clock.monotonicMs();
    if (reception.kind !== 'received') {
      if (!signal.aborted) this.#pauseFor(problemOf(reception), nowMs);
      return;
    }
    this.#obstacles = 0;
    this.#problem = undefined;
    this.#moreWaits = reception.messages.length >= max;
    this.#rest(reception.messages.length === 0 && nowMs - startMs < limits.receiveWaitMs / 2, nowMs);
    await this.#take(reception, nowMs);
  }

  /** A queue that does not wait for messages is not asked for them over and over. */
  #rest(isHasty: boolean, nowMs: number): void {
    const { limits, random } = this.#options;
    this.#hasty = isHasty ? this.#hasty + 1 : 0;
    if (this.#hasty === 0) return;
    const backoff = { minMs: limits.retryMsMin, maxMs: limits.hastyMsMax };
    this.#pausedUntilMs = nowMs + backoffMs(backoff, this.#hasty, random);
  }

  /** Whatever the mapping is by now decides about the messages. */
  async #take(
    { messages, visibilityTimeoutMs }: Extract<Reception, { kind: 'received' }>,
    nowMs: number,
  ): Promise<void> {
    const obstacle = this.#options.obstacle(this.#mapping);
    if (this.#ending.signal.aborted || obstacle !== undefined) {
      if (obstacle !== undefined) this.#pauseFor(obstacle, nowMs);
      return this.#giveBack(messages.map(({ receiptHandle }) => receiptHandle));
    }
    const visibleAtMs = nowMs + Math.max(1_000, visibilityTimeoutMs);
    const { clock, limits } = this.#options;
    const { wanted, unwanted } = await sorted(messages, {
      queueArn: this.#mapping.eventSourceArn ?? '',
      filter: this.#filter,
      visibleAtMs,
      clock,
      turnMs: limits.filterTurnMs,
    });
    if (wanted.length > 0) {
      this.#averageBytes = wanted.reduce((sum, { bytes }) => sum + bytes, 0) / wanted.length;
    }
    this.#options.onCount({ received: messages.length, filteredOut: unwanted.length });
    if (unwanted.length > 0) void this.#drop(unwanted);
    if (wanted.length === 0) return;
    if (this.#ending.signal.aborted) return this.#putBack(wanted);
    if (isFifo(this.#mapping)) return this.#takeGroups(wanted, nowMs);
    for (const item of wanted) {
      this.#holding.add(item);
      this.#batching.add(item, item.bytes, nowMs, visibilityTimeoutMs * windowShareMax);
    }
  }

  /** One batch, as a group must not be in two; what is too much for it goes back. */
  #takeGroups(items: readonly Item[], nowMs: number): void {
    const fitting = fittingIn(batchPlanOf(this.#mapping, this.#options.limits), items);
    const { admitted, early } = this.#groups.admit(items.slice(0, fitting));
    for (const item of admitted) this.#holding.add(item);
    this.#batching.addWhole(
      admitted.map((item): Batched<Item> => ({ item, bytes: item.bytes })),
      nowMs,
    );
    this.#giveBack(handlesOf([...early, ...items.slice(fitting)]));
    // They would come again at once.
    if (early.length > 0) this.#pausedUntilMs = nowMs + this.#options.limits.retryMsMin;
  }

  #begin(batch: readonly Item[]): void {
    const { queue, invoke, clock, random, limits, onCount } = this.#options;
    const mapping = this.#mapping;
    onCount({ invoked: batch.length });
    const run = processBatch(batch, {
      queue,
      invoke: (event, traceHeader) => invoke(this.#mapping, event, traceHeader),
      clock,
      random,
      limits,
      fifo: isFifo(mapping),
      reportsFailures: reportsFailures(mapping),
      ending: this.#ending.signal,
      onInvoked: (outcome) => this.#invoked(outcome),
      onCount,
    }).then((outcome) => {
      onCount({ outcome });
      this.#working.delete(run);
      this.#release(batch);
      this.#pump();
    });
    this.#working.add(run);
  }

  #invoked(outcome: Invoked): void {
    const nowMs = this.#options.clock.monotonicMs();
    // AWS goes on at the same pace where the function says which messages have failed.
    const isFailure =
      outcome.kind === 'failed' || outcome.kind === 'loops'
        ? !reportsFailures(this.#mapping)
        : outcome.kind !== 'answered';
    if (isFailure) this.#scale = reduced(this.#plan, this.#scale, nowMs);
    this.#problem = outcome.kind === 'unavailable' ? outcome.problem : undefined;
  }

  async #drop(handles: readonly string[]): Promise<void> {
    const { queue, limits } = this.#options;
    for (let at = 0; at < handles.length; at += limits.deletesMax) {
      await queue.delete(handles.slice(at, at + limits.deletesMax));
    }
  }

  #putBack(items: readonly Item[]): void {
    this.#release(items);
    this.#giveBack(handlesOf(items));
  }

  /** Nobody waits for it but who waits for the end. */
  #giveBack(handles: readonly string[]): void {
    if (handles.length === 0) return;
    const run = this.#options.queue.release(handles).finally(() => this.#returning.delete(run));
    this.#returning.add(run);
  }

  #release(items: readonly Item[]): void {
    this.#groups.done(this.#holding.release(items));
  }
}
