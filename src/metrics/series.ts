/** What is measured of one thing (a function, a queue, a mapping): its metrics of the minute, and the sources that they count for. */
import { type KnownMetric, knownMetrics } from './known.ts';
import { Measure } from './measure.ts';
import type { Source } from './source.ts';
import type { Values } from './summary.ts';

/** Takes what was recorded in the minute that ends. */
export type Emit = (source: Source, metric: string, unit: string, values: Values) => void;

/** For how many minutes nothing has happened. */
export class Quiet {
  #minutes = 0;
  #isBroken = true;

  /** Something happened. */
  broken(): void {
    this.#isBroken = true;
  }

  /** A minute ends: how many were quiet. */
  endMinute(): number {
    this.#minutes = this.#isBroken ? 0 : this.#minutes + 1;
    this.#isBroken = false;
    return this.#minutes;
  }
}

export class Series {
  readonly #sources: readonly Source[];
  readonly #measures = new Map<KnownMetric, Measure>();
  readonly quiet = new Quiet();

  constructor(sources: readonly Source[]) {
    this.#sources = sources;
  }

  add(metric: KnownMetric, value: number): void {
    let measure = this.#measures.get(metric);
    if (measure === undefined) {
      measure = new Measure(knownMetrics[metric].form);
      this.#measures.set(metric, measure);
    }
    measure.add(value);
  }

  fold(emit: Emit): void {
    for (const [metric, measure] of this.#measures) {
      if (measure.isEmpty) continue;
      this.quiet.broken();
      const values = measure.take();
      for (const source of this.#sources) emit(source, metric, knownMetrics[metric].unit, values);
    }
  }
}
