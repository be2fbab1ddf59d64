/** What is measured of one thing (a function, a queue, a mapping): its metrics of the minute, and the sources that they count for. */
import { type KnownMetric, knownMetrics } from './known.ts';
import { Measure } from './measure.ts';
import type { Source } from './source.ts';
import type { Values } from './summary.ts';

/** Takes what was recorded in the minute that ends. */
export type Emit = (source: Source, metric: string, unit: string, values: Values) => void;

export class Series {
  readonly #sources: readonly Source[];
  readonly #measures = new Map<KnownMetric, Measure>();
  /** Folds in a row that found nothing. */
  idleFolds = 0;

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
    this.idleFolds += 1;
    for (const [metric, measure] of this.#measures) {
      if (measure.isEmpty) continue;
      this.idleFolds = 0;
      const values = measure.take();
      for (const source of this.#sources) emit(source, metric, knownMetrics[metric].unit, values);
    }
  }
}
