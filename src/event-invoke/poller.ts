/**
 * A poller: receives events from the shards that it has leases on and has each worked on. What it holds it hides from others for a while and goes
 * on hiding; when it dies, all of it becomes visible again by itself.
 *
 *     heartbeat ─▶ shards ─▶ rotation ─▶ receive ─▶ process ─▶ delete, or put back with a delay
 *                    ▲                                            │
 *                    └── a bell rings: sent, or visible again ◀───┘
 */
import type { Cancel, Clock, Message, Queue } from '#platform';
import { Alarms } from './alarms.ts';
import { decodeEvent, encodeEvent, functionKeyOf, type QueuedEvent } from './event.ts';
import type { Depths } from './depths.ts';
import { Holding } from './holding.ts';
import { type Limits, paceMs, storeRetryMs } from './limits.ts';
import { Pace } from './pace.ts';
import type { Placement } from './placement.ts';
import type { Processed } from './processing.ts';
import { Rotation, type Turn } from './rotation.ts';

export interface PollerOptions {
  readonly id: string;
  readonly queue: Pick<Queue, 'receive' | 'delete' | 'move' | 'changeVisibility' | 'nextVisibleMs'>;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly placement: Placement;
  readonly depths: Depths;
  /** Asks the leasing service; resolves with the shards that are this poller's for `leaseMs` from now. */
  readonly heartbeat: (held: readonly string[]) => Promise<readonly string[]>;
  readonly process: (event: QueuedEvent) => Promise<Processed>;
  readonly place: (functionKey: string) => string;
  /** Many events are coming in at this moment. */
  readonly isFlooded: () => boolean;
  /** An event has been put back into `shard`, visible in `delayMs`. */
  readonly onReturned: (shard: string, delayMs: number) => void;
  readonly onProcessed: (functionKey: string, processed: Processed) => void;
  readonly onTrouble: (message: string, error: unknown) => void;
}

export class Poller {
  readonly #options: PollerOptions;
  readonly #rotation: Rotation;
  readonly #pace: Pace;
  readonly #leased = new Set<string>();
  readonly #alarms: Alarms;
  readonly #holding: Holding;
  #leasedUntilMs = 0;
  #timers: Cancel[] = [];
  #turning = false;
  #pacing = false;
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new';

  constructor(options: PollerOptions) {
    const { slotsMin, slotsMax, receiveMax } = options.limits;
    this.#options = options;
    this.#pace = new Pace(slotsMin, slotsMax);
    this.#rotation = new Rotation(this.#pace.slots, receiveMax);
    this.#alarms = new Alarms(options.clock, (shard) => void this.#look(shard));
    this.#holding = new Holding({ ...options, onTrouble: (error) => this.#storeFailed(error) });
  }

  /** Events in work. */
  get busy(): number {
    return this.#holding.size;
  }

  start(): void {
    this.#state = 'running';
    const { heartbeatMs, renewMs } = this.#options.limits;
    void this.#beat();
    this.#every(heartbeatMs, () => void this.#beat());
    this.#every(renewMs, () => this.#holding.renew());
  }

  /** Something in the shard can be received in `delayMs`. */
  ring(shard: string, delayMs: number): void {
    if (!this.#leased.has(shard)) return;
    if (delayMs > 0) return this.#alarms.set(shard, delayMs);
    this.#rotation.ready(shard);
    this.#turnSoon();
  }

  /** Asks for leases now: the shards have changed. */
  lookForLeases(): void {
    if (this.#state === 'running') void this.#beat();
  }

  /** Receives nothing more; resolves when everything in work is done with, or after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#state = 'stopping';
    for (const cancel of this.#timers) cancel();
    this.#alarms.clearAll();
    await this.#holding.emptied(graceMs);
    this.#state = 'stopped';
  }

  #every(ms: number, act: () => void): void {
    const { clock } = this.#options;
    const index = this.#timers.length;
    const again = (): void => {
      this.#timers[index] = clock.after(ms, () => {
        if (this.#state !== 'running') return;
        act();
        again();
      });
    };
    again();
  }

  async #beat(): Promise<void> {
    const { clock, heartbeat, limits, onTrouble } = this.#options;
    const askedAtMs = clock.monotonicMs();
    try {
      const leased = new Set(await heartbeat([...this.#leased]));
      // Counted from the question: the answer may have taken its time.
      this.#leasedUntilMs = askedAtMs + limits.leaseMs;
      const lost = [...this.#leased].filter((shard) => !leased.has(shard));
      for (const shard of lost) this.#release(shard);
      for (const shard of leased) if (!this.#leased.has(shard)) this.#take(shard);
      // So that who is to have them need not wait for the next time.
      if (lost.length > 0) await heartbeat([...this.#leased]);
    } catch (error) {
      onTrouble('the leasing service did not answer', error);
    }
  }

  #take(shard: string): void {
    this.#leased.add(shard);
    this.#rotation.add(shard);
    void this.#look(shard);
  }

  #release(shard: string): void {
    this.#leased.delete(shard);
    this.#rotation.remove(shard);
    this.#alarms.clear(shard);
  }

  /** Looks when something can be received; nobody may have rung for what another process put there, or for what is visible again. */
  async #look(shard: string): Promise<void> {
    const { queue, limits } = this.#options;
    if (!this.#isMine(shard)) return;
    let delayMs: number = limits.lookMs;
    try {
      delayMs = Math.min((await queue.nextVisibleMs(shard)) ?? limits.lookMs, limits.lookMs);
    } catch (error) {
      delayMs = this.#storeFailed(error);
    }
    if (!this.#isMine(shard)) return;
    if (delayMs > 0) return this.#alarms.set(shard, delayMs);
    this.#rotation.ready(shard);
    this.#turnSoon();
  }

  #isMine(shard: string): boolean {
    return this.#state === 'running' && this.#leased.has(shard);
  }

  /** Once per turn of the event loop, however many bells have rung. */
  #turnSoon(): void {
    if (this.#turning || this.#state !== 'running') return;
    this.#turning = true;
    setImmediate(() => {
      this.#turning = false;
      this.#turn();
    });
  }

  #turn(): void {
    const { clock, limits } = this.#options;
    while (this.#state === 'running' && clock.monotonicMs() < this.#leasedUntilMs) {
      if (this.#holding.bytes >= limits.heldBytesMax) return;
      const turn = this.#rotation.next();
      if (turn === undefined) return;
      void this.#receive(turn);
    }
  }

  async #receive(turn: Turn): Promise<void> {
    const { queue, limits } = this.#options;
    const { shard } = turn;
    let messages: readonly Message[] = [];
    let lookMs: number = limits.lookMs;
    try {
      messages = await queue.receive(shard, { max: turn.count, visibilityTimeoutMs: limits.visibilityMs });
    } catch (error) {
      lookMs = this.#storeFailed(error);
    }
    this.#rotation.received(turn, messages.length);
    if (messages.length < turn.count && this.#isMine(shard)) this.#alarms.set(shard, lookMs);
    for (const message of messages) void this.#work(shard, message);
    this.#turnSoon();
  }

  async #work(shard: string, message: Message): Promise<void> {
    this.#holding.add(shard, message);
    this.#paceSoon();
    try {
      await this.#handle(shard, message);
    } catch (error) {
      // Its visibility timeout will bring it back.
      this.#trouble('an event could not be worked on, and will come back', error);
    } finally {
      this.#holding.remove(message);
      this.#rotation.done(shard);
      this.#turnSoon();
    }
  }

  async #handle(shard: string, message: Message): Promise<void> {
    const { queue, depths, placement, place, process, onProcessed } = this.#options;
    const event = decodeEvent(message.body);
    const functionKey = functionKeyOf(event);
    if (!placement.belongs(functionKey, shard)) {
      return this.#putBack(shard, message, place(functionKey), message.body, 0);
    }
    const processed = await process(event);
    onProcessed(functionKey, processed);
    const { effect } = processed;
    if (effect.kind === 'again') {
      return this.#putBack(shard, message, place(functionKey), encodeEvent(effect.event), effect.delayMs);
    }
    if ((await queue.delete(shard, message.receipt)) === 'deleted') depths.add(shard, -1);
  }

  /** Both or neither: the event leaves where it was and is where it goes to. */
  async #putBack(
    shard: string,
    { id, receipt, sentAtMs }: Message,
    to: string,
    body: Uint8Array,
    delayMs: number,
  ): Promise<void> {
    const { queue, depths, onReturned } = this.#options;
    // Counted before it is there: a shard that an event is on its way to is not given up as empty.
    depths.add(to, 1);
    let outcome: 'moved' | 'stale' = 'stale';
    try {
      outcome = await queue.move(shard, receipt, to, { body, id, sentAtMs, delayMs });
    } finally {
      depths.add(outcome === 'moved' ? shard : to, -1);
    }
    if (outcome === 'moved') onReturned(to, delayMs);
  }

  /** While there is work. */
  #paceSoon(): void {
    if (this.#pacing || this.#state !== 'running') return;
    this.#pacing = true;
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + paceMs;
    clock.after(paceMs, () => {
      this.#pacing = false;
      const rotation = this.#rotation;
      // Every turn that may be taken has been taken by now: what is still ready waits for slots.
      const wanted = rotation.hasReady;
      const lateMs = clock.monotonicMs() - dueMs;
      rotation.setSlots(this.#pace.observe({ lateMs, wanted, flooded: this.#options.isFlooded() }));
      if (wanted) this.#turnSoon();
      if (this.#holding.size > 0) this.#paceSoon();
    });
  }

  #storeFailed(error: unknown): number {
    this.#trouble('the store of events did not answer', error);
    return storeRetryMs;
  }

  /** What fails because everything is being closed is no trouble. */
  #trouble(message: string, error: unknown): void {
    if (this.#state !== 'stopped') this.#options.onTrouble(message, error);
  }
}
