/**
 * Metric math: series are combined period by period. A period that one of them lacks is lacking in what comes of it, and so is what is no number (a
 * division by zero). Pure.
 */
import { unreachable } from '#lib/assert';
import { MathError, type Node, type Operator } from './math-parser.ts';

/** Values by the number of their period. */
export type Values = ReadonlyMap<number, number>;

type Result = number | Values | readonly Values[];

export interface Scene {
  /** What a name stands for. */
  readonly valuesOf: (name: string) => Values;
  /** Ids of the metrics (not expressions) of the request. */
  readonly metricIds: readonly string[];
  /** The periods that are asked for: from the first to before the last. */
  readonly first: number;
  readonly last: number;
}

/** The names of other queries that an expression needs. Throws what is wrong with it, also what is not served. */
export function namesIn(node: Node, metricIds: readonly string[]): readonly string[] {
  switch (node.kind) {
    case 'number':
    case 'text':
      return [];
    case 'name':
      return [node.name];
    case 'negated':
      return namesIn(node.of, metricIds);
    case 'binary':
      return [...namesIn(node.left, metricIds), ...namesIn(node.right, metricIds)];
    case 'list':
      return node.items.flatMap((item) => namesIn(item, metricIds));
    case 'call':
      if (node.name === 'METRICS') return metricsOf(node, metricIds);
      if (node.name !== 'FILL' && !Object.hasOwn(aggregates, node.name)) {
        throw new MathError(`The function ${node.name} is not implemented by Lambkin yet`);
      }
      return node.args.flatMap((arg) => namesIn(arg, metricIds));
    default:
      return unreachable(node);
  }
}

/** Whether periods without data have a value, too. */
export function fills(node: Node): boolean {
  switch (node.kind) {
    case 'number':
    case 'text':
    case 'name':
      return false;
    case 'negated':
      return fills(node.of);
    case 'binary':
      return fills(node.left) || fills(node.right);
    case 'list':
      return node.items.some(fills);
    case 'call':
      return node.name === 'FILL' || node.args.some(fills);
    default:
      return unreachable(node);
  }
}

export function evaluate(node: Node, scene: Scene): Values {
  const result = resultOf(node, scene);
  if (result instanceof Map) return result as Values;
  throw new MathError(
    typeof result === 'number' ? 'It must be of at least one metric' : 'It must come to one time series',
  );
}

function resultOf(node: Node, scene: Scene): Result {
  switch (node.kind) {
    case 'number':
      return node.value;
    case 'text':
      throw new MathError(`A text has no place here: '${node.value.slice(0, 20)}'`);
    case 'name':
      return scene.valuesOf(node.name);
    case 'list':
      return node.items.map((item) => evaluate(item, scene));
    case 'negated':
      return combined('*', resultOf(node.of, scene), -1);
    case 'binary':
      return combined(node.operator, resultOf(node.left, scene), resultOf(node.right, scene));
    case 'call':
      return called(node, scene);
    default:
      return unreachable(node);
  }
}

type Call = Extract<Node, { readonly kind: 'call' }>;

function called(node: Call, scene: Scene): Result {
  const { name, args } = node;
  if (name === 'METRICS') return metricsOf(node, scene.metricIds).map((id) => scene.valuesOf(id));
  const [of, by, further] = args;
  if (of === undefined) throw new MathError(`${name} needs something to work on`);
  if (name === 'FILL') {
    if (by?.kind !== 'number' || further !== undefined) {
      throw new MathError(
        'FILL takes a time series and a number; other ways to fill are not implemented by Lambkin yet',
      );
    }
    return filled(evaluate(of, scene), by.value, scene);
  }
  const list = resultOf(of, scene);
  if (!Array.isArray(list) || by !== undefined) {
    throw new MathError(
      `${name} takes a list, such as [m1, m2] or METRICS(); of one time series it is not implemented by Lambkin yet`,
    );
  }
  const aggregate = Object.hasOwn(aggregates, name) ? aggregates[name] : undefined;
  if (aggregate === undefined) throw new MathError(`The function ${name} is not implemented by Lambkin yet`);
  return together(list as readonly Values[], aggregate);
}

const aggregates: Readonly<Record<string, (values: readonly number[]) => number>> = {
  SUM: (values) => values.reduce((sum, value) => sum + value, 0),
  AVG: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
};

/** Of those that have the period. */
function together(list: readonly Values[], aggregate: (values: readonly number[]) => number): Values {
  const all = new Map<number, number[]>();
  for (const values of list) {
    for (const [period, value] of values) {
      const known = all.get(period);
      if (known === undefined) all.set(period, [value]);
      else known.push(value);
    }
  }
  return new Map([...all].map(([period, values]) => [period, aggregate(values)]));
}

function filled(values: Values, by: number, { first, last }: Scene): Values {
  const all = new Map<number, number>();
  for (let period = first; period < last; period += 1) all.set(period, values.get(period) ?? by);
  return all;
}

/** `METRICS("err")`: those whose id has it in it. */
function metricsOf({ args }: Call, metricIds: readonly string[]): readonly string[] {
  const [filter, further] = args;
  if (filter === undefined) return metricIds;
  if (filter.kind !== 'text' || further !== undefined)
    throw new MathError('METRICS takes one text, or nothing');
  return metricIds.filter((id) => id.includes(filter.value));
}

function combined(operator: Operator, left: Result, right: Result): Result {
  if (typeof left === 'number' && typeof right === 'number') return calculated(operator, left, right);
  if (typeof left === 'number') return mapped(single(right), (value) => calculated(operator, left, value));
  if (typeof right === 'number') return mapped(single(left), (value) => calculated(operator, value, right));
  const others = single(right);
  return mapped(single(left), (value, period) => {
    const other = others.get(period);
    return other === undefined ? Number.NaN : calculated(operator, value, other);
  });
}

function single(result: Result): Values {
  if (result instanceof Map) return result as Values;
  throw new MathError('Lists are for functions: SUM, AVG, MIN, MAX');
}

function mapped(values: Values, map: (value: number, period: number) => number): Values {
  const results = new Map<number, number>();
  for (const [period, value] of values) {
    const result = map(value, period);
    if (Number.isFinite(result)) results.set(period, result);
  }
  return results;
}

function calculated(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '^':
      return left ** right;
    default:
      return unreachable(operator);
  }
}
