/** Sums since the start, of what /metrics shows: one set of dimensions per function, mapping and queue, and not more than are exposed. */
import { functionsExposedMax } from './limits.ts';
import type { Source } from './source.ts';
import { Summary, type Values } from './summary.ts';

/** The dimensions that become labels; sources with others are left out. */
const exposed: ReadonlySet<string> = new Set(['FunctionName', 'EventSourceMappingUUID', 'QueueName']);
const others = '_others';

export interface Total {
  readonly dimension: string;
  readonly value: string;
  readonly values: Values;
}

export class Totals {
  /** By metric, then by dimension and its value. */
  readonly #metrics = new Map<
    string,
    Map<string, { readonly dimension: string; value: string; values: Summary }>
  >();
  /** Who has a label; whoever comes later has none until a start. */
  readonly #labels = new Set<string>();

  add({ dimensions }: Source, metric: string, values: Values): void {
    const [dimension, further] = dimensions;
    if (dimension === undefined || further !== undefined || !exposed.has(dimension.name)) return;
    const value = this.#label(dimension.name, dimension.value);
    let totals = this.#metrics.get(metric);
    if (totals === undefined) this.#metrics.set(metric, (totals = new Map()));
    const key = `${dimension.name}/${value}`;
    let total = totals.get(key);
    if (total === undefined) {
      total = { dimension: dimension.name, value, values: new Summary() };
      totals.set(key, total);
    }
    total.values.merge(values);
  }

  of(metric: string): readonly Total[] {
    return [...(this.#metrics.get(metric)?.values() ?? [])];
  }

  /** The value itself, or the one that all share who came too late. */
  #label(dimension: string, value: string): string {
    const key = `${dimension}/${value}`;
    if (this.#labels.has(key)) return value;
    if (this.#labels.size >= functionsExposedMax) return others;
    this.#labels.add(key);
    return value;
  }
}
