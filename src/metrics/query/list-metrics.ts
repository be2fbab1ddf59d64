/** ListMetrics: which metrics there is data of. */
import { type Handler, type Input, type Output, WireError } from '#wire';
import { nameOfKey } from '../block.ts';
import type { Entry } from '../catalogue.ts';
import { itemsOf, textOf } from '../api/request.ts';
import { listedMax, minuteMs } from '../limits.ts';
import type { Metrics } from '../service.ts';
import type { Source } from '../source.ts';
import { withReading } from './reading.ts';

interface Listed {
  readonly key: string;
  readonly source: Source;
  readonly metric: string;
}

const recentMinutes = 180;

export function listMetrics(metrics: Metrics, accountId: string): Handler {
  return (input) => withReading(metrics, async () => list(metrics, accountId, input));
}

function list(metrics: Metrics, accountId: string, input: Input): Output {
  const nowMinute = Math.floor(metrics.nowMs() / minuteMs);
  const all = [...metrics.store.catalogue.entries()]
    .filter((entry) => isWanted(entry, input, nowMinute))
    .flatMap(({ source, id, names }) => {
      const unique = new Set([...names].map((key) => nameOfKey(key).metric));
      return [...unique].map((metric): Listed => ({
        key: `${id} ${metric}`,
        source,
        metric,
      }));
    })
    .filter(({ metric }) => metric === (textOf(input, 'MetricName') ?? metric))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const after = afterOf(textOf(input, 'NextToken'));
  const start = after === undefined ? 0 : all.findIndex(({ key }) => key > after);
  const page = start < 0 ? [] : all.slice(start, start + listedMax);
  const isLast = start < 0 || start + listedMax >= all.length;
  const lastKey = page.at(-1)?.key;
  return {
    Metrics: page.map(({ source, metric }) => ({
      Namespace: source.namespace,
      MetricName: metric,
      Dimensions: source.dimensions.map(({ name, value }) => ({ Name: name, Value: value })),
    })),
    NextToken: isLast || lastKey === undefined ? undefined : Buffer.from(lastKey).toString('base64url'),
    OwningAccounts: input['IncludeLinkedAccounts'] === true ? page.map(() => accountId) : undefined,
  };
}

function isWanted({ source, lastMinute }: Entry, input: Input, nowMinute: number): boolean {
  const namespace = textOf(input, 'Namespace');
  if (namespace !== undefined && namespace !== source.namespace) return false;
  if (input['RecentlyActive'] !== undefined && lastMinute < nowMinute - recentMinutes) return false;
  return itemsOf(input, 'Dimensions').every((filter) => {
    const name = textOf(filter, 'Name');
    const value = textOf(filter, 'Value');
    return source.dimensions.some(
      (each) => each.name === name && (value === undefined || each.value === value),
    );
  });
}

function afterOf(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const key = Buffer.from(token, 'base64url').toString();
  if (!/^[0-9a-f]{32} ./.test(key))
    throw new WireError('InvalidParameterValueException', 'The next token is not valid.');
  return key;
}
