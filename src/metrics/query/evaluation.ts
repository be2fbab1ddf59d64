/** The values of a metric or an expression in a stretch of periods. */
import { invalidQuery } from '../api/request.ts';
import type { Metrics } from '../service.ts';
import type { Asked } from './asked.ts';
import { evaluate, type Values } from './math.ts';
import { MathError } from './math-parser.ts';
import { periodsOf } from './periods.ts';
import { blocksOf, find, type Found, periodsWithData, readPeriods } from './reading.ts';

export interface Stretch {
  readonly first: number;
  readonly count: number;
}

export class Evaluation {
  readonly #metrics: Metrics;
  readonly #asked: ReadonlyMap<string, Asked>;
  readonly #metricIds: readonly string[];
  readonly #found = new Map<string, Found>();

  constructor(metrics: Metrics, asked: ReadonlyMap<string, Asked>) {
    this.#metrics = metrics;
    this.#asked = asked;
    this.#metricIds = [...asked.values()].flatMap(({ kind, id }) => (kind === 'metric' ? [id] : []));
  }

  /** The periods that may have values: from the first to before the last. */
  range(asked: Asked, known = new Map<string, readonly [number, number]>()): readonly [number, number] {
    const before = known.get(asked.id);
    if (before !== undefined) return before;
    const range = this.#range(asked, known);
    known.set(asked.id, range);
    return range;
  }

  /** How many blocks are looked at for so many periods. */
  blocks(asked: Asked, count: number): number {
    return [...this.#leaves(asked, new Set())].reduce(
      (sum, found) => sum + blocksOf(asked.span, found, count),
      0,
    );
  }

  async values(asked: Asked, stretch: Stretch, known = new Map<string, Values>()): Promise<Values> {
    const before = known.get(asked.id);
    if (before !== undefined) return before;
    const values = await this.#values(asked, stretch, known);
    known.set(asked.id, values);
    return values;
  }

  #range(asked: Asked, known: Map<string, readonly [number, number]>): readonly [number, number] {
    const { span } = asked;
    const oldest = this.#metrics.oldestMinute();
    if (asked.kind === 'metric') return periodsWithData(span, this.#foundOf(asked), oldest);
    if (asked.fills) {
      return [Math.max(0, Math.floor((oldest - span.from) / span.periodMinutes)), periodsOf(span)];
    }
    const ranges = this.#parts(asked.names).map((part) => this.range(part, known));
    const some = ranges.filter(([first, last]) => first < last);
    if (some.length === 0) return [0, 0];
    return [Math.min(...some.map(([first]) => first)), Math.max(...some.map(([, last]) => last))];
  }

  async #values(asked: Asked, stretch: Stretch, known: Map<string, Values>): Promise<Values> {
    const { first, count } = stretch;
    if (asked.kind === 'metric') {
      const periods = await readPeriods(this.#metrics, this.#foundOf(asked), asked.span, first, count);
      const values = new Map<number, number>();
      for (const [period, summary] of periods) {
        const value = asked.statistic(summary);
        if (value !== undefined) values.set(period, value);
      }
      return values;
    }
    const parts = new Map<string, Values>();
    for (const part of this.#parts(asked.names)) parts.set(part.id, await this.values(part, stretch, known));
    try {
      return evaluate(asked.node, {
        valuesOf: (name) => parts.get(name) ?? new Map(),
        metricIds: this.#metricIds,
        first,
        last: first + count,
      });
    } catch (error) {
      if (!(error instanceof MathError)) throw error;
      throw invalidQuery(`Error in expression '${asked.id}': ${error.message}.`);
    }
  }

  #parts(names: readonly string[]): readonly Asked[] {
    return names.flatMap((name) => this.#asked.get(name) ?? []);
  }

  #foundOf(asked: Extract<Asked, { readonly kind: 'metric' }>): Found {
    let found = this.#found.get(asked.id);
    if (found === undefined) {
      found = find(this.#metrics, asked);
      this.#found.set(asked.id, found);
    }
    return found;
  }

  #leaves(asked: Asked, seen: Set<string>): ReadonlySet<Found> {
    const leaves = new Set<Found>();
    if (seen.has(asked.id)) return leaves;
    seen.add(asked.id);
    if (asked.kind === 'metric') return leaves.add(this.#foundOf(asked));
    for (const part of this.#parts(asked.names)) {
      for (const found of this.#leaves(part, seen)) leaves.add(found);
    }
    return leaves;
  }
}
