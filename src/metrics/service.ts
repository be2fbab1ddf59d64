/**
 * Metrics, put together: the recorder, the store, and the clock that brings what was recorded from one to the other.
 *
 *     what happens ─▶ recorder ──fold: each minute, and before a read──▶ store ──flush: each minute──▶ documents
 *                                       └─▶ totals (/metrics)
 */
import { Turns } from '#lib/turns';
import type { Cancel, Clock, Documents } from '#platform';
import { minuteMs, readsMax, readsWaitingMax, retentionMsDefault } from './limits.ts';
import { Recorder } from './recorder.ts';
import type { Emit } from './series.ts';
import { MetricStore } from './store.ts';
import { Totals } from './totals.ts';
import { otherTurns } from './turn.ts';

export interface MetricsOptions {
  readonly accountId: string;
  readonly documents: Documents;
  readonly clock: Clock;
  /** How long data is kept, in milliseconds: 15 days unless given. */
  readonly retentionMs?: number;
  readonly onTrouble: (message: string, error?: unknown) => void;
}

/** Records what is counted elsewhere. Called before every fold. */
export type Collector = () => void | Promise<void>;

export interface Metrics {
  readonly recorder: Recorder;
  readonly store: MetricStore;
  readonly totals: Totals;
  /** Epoch milliseconds. */
  nowMs(): number;
  /** Since the epoch: what is older is not kept. */
  oldestMinute(): number;
  /** What was recorded until now can be read afterwards. */
  settle(): Promise<void>;
  /** `each-minute`: what takes longer, or is a look at how things stand rather than a count. */
  collect(collector: Collector, when: 'before-fold' | 'each-minute'): void;
  /** Those who read. */
  readonly readers: Turns;
  /** Reads what is stored and begins to write. Rejects when the store cannot be read. */
  start(): Promise<void>;
  /** Writes what is left. */
  close(): Promise<void>;
}

export function openMetrics(options: MetricsOptions): Metrics {
  const { clock, onTrouble, retentionMs = retentionMsDefault } = options;
  const recorder = new Recorder();
  const store = new MetricStore(options);
  const totals = new Totals();
  const collectors: Record<'before-fold' | 'each-minute', Collector[]> = {
    'before-fold': [],
    'each-minute': [],
  };
  let minute = minuteOf(clock.wallMs());
  let cancel: Cancel | undefined;
  let isClosed = false;
  let ticking: Promise<void> = Promise.resolve();
  let settling: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  return {
    recorder,
    store,
    totals,
    nowMs: () => clock.wallMs(),
    oldestMinute,
    settle,
    collect: (collector, when) => void collectors[when].push(collector),
    readers: new Turns(readsMax, readsWaitingMax),
    async start() {
      await store.load();
      setTimer();
    },
    async close() {
      isClosed = true;
      cancel?.();
      await ticking;
      await settle();
      await store.flush(minute);
    },
  };

  /** One fold after another, as each belongs to a minute; all who ask before it begins share the next. */
  function settle(): Promise<void> {
    next ??= settling.then(() => {
      next = undefined;
      return fold();
    });
    settling = next;
    return next;
  }

  async function fold(): Promise<void> {
    await run('before-fold');
    const folded = minute;
    minute = minuteOf(clock.wallMs());
    const emit: Emit = (source, metric, unit, values) => {
      store.add(source, { metric, unit }, folded, values);
      totals.add(source, metric, values);
    };
    await recorder.fold(emit, otherTurns);
  }

  async function run(when: 'before-fold' | 'each-minute'): Promise<void> {
    for (const collector of collectors[when]) {
      try {
        await collector();
      } catch (error) {
        onTrouble('something could not be measured', error);
      }
    }
  }

  function setTimer(): void {
    if (isClosed) return;
    cancel = clock.after(minuteMs - (clock.wallMs() % minuteMs), () => {
      ticking = tick().finally(setTimer);
    });
  }

  async function tick(): Promise<void> {
    recorder.endMinute();
    await settle();
    await run('each-minute');
    await store.flush(minute);
    await store.sweep(oldestMinute());
  }

  function oldestMinute(): number {
    return minuteOf(clock.wallMs() - retentionMs);
  }
}

const minuteOf = (wallMs: number): number => Math.floor(wallMs / minuteMs);
