/**
 * Metrics, put together: the recorder, the store, and the clock that brings what was recorded from one to the other.
 *
 *     what happens ─▶ recorder ──fold: each minute, and before a read──▶ store ──flush: each minute──▶ documents
 *                                       └─▶ totals (/metrics)
 */
import type { Cancel, Clock, Documents } from '#platform';
import { minuteMs, readsMax, retentionMsDefault } from './limits.ts';
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
  /** A place among those who read; undefined: too many do. To be given back. */
  reading(): (() => void) | undefined;
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
  let readers = 0;
  let ticking: Promise<void> = Promise.resolve();
  let settling: Promise<void> = Promise.resolve();

  return {
    recorder,
    store,
    totals,
    nowMs: () => clock.wallMs(),
    oldestMinute,
    settle,
    collect: (collector, when) => void collectors[when].push(collector),
    reading() {
      if (readers >= readsMax) return undefined;
      readers += 1;
      let isBack = false;
      return () => {
        if (!isBack) readers -= 1;
        isBack = true;
      };
    },
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

  /** One after another, as each belongs to a minute. */
  function settle(): Promise<void> {
    settling = settling.then(fold);
    return settling;
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
