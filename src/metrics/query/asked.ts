/** What a GetMetricData asks for, checked: metrics, and expressions of them. */
import type { Input } from '#wire';
import {
  dimensionsOf,
  invalidQuery,
  isPeriod,
  itemsOf,
  numberOf,
  structureOf,
  textOf,
  timeOf,
} from '../api/request.ts';
import { queriesMax } from '../limits.ts';
import { fills, namesIn } from './math.ts';
import { MathError, type Node, parseMath } from './math-parser.ts';
import { type Span, spanOf } from './periods.ts';
import type { MetricQuery } from './reading.ts';
import { type Statistic, statisticOf } from './statistic.ts';

interface Common {
  readonly id: string;
  readonly label: string;
  readonly isReturned: boolean;
  readonly span: Span;
}

export interface AskedMetric extends Common, MetricQuery {
  readonly kind: 'metric';
  /** As it was named. */
  readonly stat: string;
  readonly statistic: Statistic;
}

export interface AskedExpression extends Common {
  readonly kind: 'expression';
  readonly node: Node;
  /** Ids of what it is made of. */
  readonly names: readonly string[];
  /** Also where its metrics have no data it has values. */
  readonly fills: boolean;
}

export type Asked = AskedMetric | AskedExpression;

interface Scope {
  readonly startMs: number;
  readonly endMs: number;
  readonly accountId: string;
  readonly nowMs: number;
}

/** By id, in the order of the request. Throws WireError. */
export function askedIn(input: Input, accountId: string, nowMs: number): ReadonlyMap<string, Asked> {
  const startMs = timeOf(input, 'StartTime') ?? 0;
  const endMs = timeOf(input, 'EndTime') ?? 0;
  if (startMs >= endMs) {
    throw invalidQuery('The parameter StartTime must be less than the parameter EndTime.');
  }
  const queries = itemsOf(input, 'MetricDataQueries');
  if (queries.length === 0) throw invalidQuery('The collection MetricDataQueries must not be empty.');
  if (queries.length > queriesMax) {
    throw invalidQuery(`The collection MetricDataQueries must not have a size greater than ${queriesMax}.`);
  }
  const scope = { startMs, endMs, accountId, nowMs };
  const metrics = new Map<string, AskedMetric>();
  const ids = queries.map((query, index) => idOf(query, pathOf(index)));
  if (new Set(ids).size < ids.length) {
    throw invalidQuery('The values for parameter id in MetricDataQueries are not unique.');
  }
  queries.forEach((query, index) => {
    const id = ids[index] ?? '';
    if (query['Expression'] === undefined) metrics.set(id, metricOf(id, query, pathOf(index), scope));
  });
  const expressions = new Expressions(queries, metrics);
  return new Map(ids.map((id) => [id, metrics.get(id) ?? expressions.asked(id)]));
}

const pathOf = (index: number): string => `MetricDataQueries.member.${index + 1}`;

function idOf(query: Input, path: string): string {
  const id = textOf(query, 'Id') ?? '';
  if (/^[a-z][a-zA-Z0-9_]*$/.test(id)) return id;
  throw invalidQuery(
    `The value ${id} for parameter ${path}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.`,
  );
}

function labelOf(query: Input, path: string, otherwise: string): string {
  const label = textOf(query, 'Label') ?? otherwise;
  if (!label.includes('${')) return label;
  throw invalidQuery(`${path}.Label: dynamic labels are not implemented by Lambkin yet.`);
}

function metricOf(
  id: string,
  query: Input,
  path: string,
  { startMs, endMs, accountId, nowMs }: Scope,
): AskedMetric {
  const stat = structureOf(query, 'MetricStat');
  if (stat === undefined) {
    throw invalidQuery(`The parameter ${path} must have a MetricStat or an Expression.`);
  }
  if (query['Period'] !== undefined) {
    throw invalidQuery(`${path}.Period: it belongs to expressions; a metric has its own in MetricStat.`);
  }
  if ((textOf(query, 'AccountId') ?? accountId) !== accountId) {
    throw invalidQuery(`${path}.AccountId: metrics of other accounts are not served by Lambkin.`);
  }
  const period = numberOf(stat, 'Period') ?? 0;
  if (!isPeriod(period)) {
    throw invalidQuery(
      `The value ${period} for parameter ${path}.MetricStat.Period must be 1, 5, 10, 20, 30 or a multiple of 60.`,
    );
  }
  const name = textOf(stat, 'Stat') ?? '';
  const statistic = statisticOf(name);
  if (statistic === undefined) {
    throw invalidQuery(`The value ${name} for parameter ${path}.MetricStat.Stat is not supported.`);
  }
  const named = structureOf(stat, 'Metric') ?? {};
  const namespace = textOf(named, 'Namespace');
  const metric = textOf(named, 'MetricName');
  if (namespace === undefined || metric === undefined) {
    throw invalidQuery(`The parameter ${path}.MetricStat.Metric must have a Namespace and a MetricName.`);
  }
  return {
    kind: 'metric',
    id,
    label: labelOf(query, path, metric),
    stat: name,
    statistic,
    span: spanOf(startMs, endMs, period, nowMs),
    isReturned: query['ReturnData'] !== false,
    namespace,
    metric,
    dimensions: dimensionsOf(named),
    unit: textOf(stat, 'Unit'),
  };
}

/** Expressions may be of expressions, but not of themselves. */
class Expressions {
  readonly #queries: ReadonlyMap<string, readonly [query: Input, path: string]>;
  readonly #metrics: ReadonlyMap<string, AskedMetric>;
  readonly #known = new Map<string, AskedExpression>();
  readonly #open = new Set<string>();

  constructor(queries: readonly Input[], metrics: ReadonlyMap<string, AskedMetric>) {
    this.#queries = new Map(
      queries.map((query, index) => [textOf(query, 'Id') ?? '', [query, pathOf(index)] as const]),
    );
    this.#metrics = metrics;
  }

  asked(id: string): AskedExpression {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const [query, path] = this.#queries.get(id) ?? [{}, ''];
    try {
      if (this.#open.has(id)) throw new MathError('It is made of itself');
      this.#open.add(id);
      const asked = this.#parsed(id, query, path);
      this.#known.set(id, asked);
      return asked;
    } catch (error) {
      if (!(error instanceof MathError)) throw error;
      throw invalidQuery(`Error in expression '${id}': ${error.message}.`);
    }
  }

  #parsed(id: string, query: Input, path: string): AskedExpression {
    if (query['MetricStat'] !== undefined) {
      throw invalidQuery(`The parameters ${path}.MetricStat and ${path}.Expression are mutually exclusive.`);
    }
    const text = textOf(query, 'Expression') ?? '';
    if (/^\s*(select|search)\b/i.test(text)) {
      throw new MathError('Queries and searches are not implemented by Lambkin yet');
    }
    const node = parseMath(text);
    const names = [...new Set(namesIn(node, [...this.#metrics.keys()]))];
    const parts = names.map((name) => this.#part(name));
    const [first, ...others] = parts;
    if (first === undefined) throw new MathError('It must be of at least one metric');
    const { span } = first;
    const asked = numberOf(query, 'Period');
    const periods = [
      ...others.map((part) => part.span.periodMinutes),
      ...(asked === undefined ? [] : [asked / 60]),
    ];
    if (periods.some((minutes) => minutes !== span.periodMinutes)) {
      throw new MathError('All of its metrics must have the same period');
    }
    return {
      kind: 'expression',
      id,
      label: labelOf(query, path, id),
      isReturned: query['ReturnData'] !== false,
      span,
      node,
      names,
      fills: fills(node) || parts.some((part) => part.kind === 'expression' && part.fills),
    };
  }

  #part(name: string): Asked {
    const metric = this.#metrics.get(name);
    if (metric !== undefined) return metric;
    if (!this.#queries.has(name)) throw new MathError(`There is no query with the id '${name}'`);
    return this.asked(name);
  }
}
