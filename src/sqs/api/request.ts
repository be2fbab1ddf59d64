/** Reading members of requests: the wire has checked their types, and nothing else. */
import type { Clock } from '#platform';
import { type Input, type RequestContext, WireError } from '#wire';
import type { Catalogue } from '../catalogue.ts';
import { invalidValue, missing, noQueue } from '../faults.ts';
import { listedMax } from '../limits.ts';
import type { Messaging } from '../messaging.ts';
import type { MoveTasks } from '../move-tasks.ts';
import { nameOfUrl, type Queue } from '../queue.ts';

export interface SqsParts {
  readonly catalogue: Catalogue;
  readonly messaging: Messaging;
  readonly tasks: MoveTasks;
  readonly clock: Clock;
  /** Resolves once what the store holds is known. */
  loaded(): Promise<void>;
}

export const textIn = (input: Input, name: string): string | undefined => input[name] as string | undefined;

export function required(input: Input, name: string): string {
  const value = textIn(input, name);
  if (value === undefined || value === '') throw missing(name);
  return value;
}

/** Items that are null are left out. */
export const textsIn = (input: Input, name: string): readonly string[] =>
  ((input[name] as readonly (string | null)[] | undefined) ?? []).filter((item) => item !== null);

export const mapIn = (input: Input, name: string): Readonly<Record<string, string>> | undefined =>
  input[name] as Readonly<Record<string, string>> | undefined;

/** Throws InvalidParameterValue outside of the bounds; undefined where it is not given. */
export function numberIn(input: Input, name: string, min: number, max: number): number | undefined {
  const value = input[name] as number | undefined;
  if (value === undefined || (value >= min && value <= max)) return value;
  throw invalidValue(name, value, `Must be between ${min} and ${max}, if provided.`);
}

export function queueIn(catalogue: Catalogue, input: Input): Queue {
  const url = required(input, 'QueueUrl');
  const name = nameOfUrl(url, catalogue.place);
  if (name === undefined) {
    if (!url.includes('/')) {
      throw new WireError(
        'InvalidAddress',
        `The address ${url.slice(0, 256)} is not valid for this endpoint.`,
      );
    }
    throw noQueue();
  }
  const queue = catalogue.find(name);
  if (queue === undefined) throw noQueue();
  return queue;
}

export const urlOf = ({ place }: Catalogue, { record }: Queue, { endpoint }: RequestContext): string =>
  `${endpoint}/${place.accountId}/${record.name}`;

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

/** A page of what is in order of names. The token is the name of the last one that was given. Without MaxResults there is no token. */
export function pageOf(queues: readonly Queue[], input: Input): Page<Queue> {
  const max = numberIn(input, 'MaxResults', 1, listedMax);
  const token = textIn(input, 'NextToken');
  const after = token === undefined ? '' : Buffer.from(token, 'base64').toString('utf8');
  if (token !== undefined && (max === undefined || !/^[\w.-]{1,80}$/.test(after))) {
    throw invalidValue('NextToken', token, 'The token is not one that this request may continue with.');
  }
  const rest = queues.filter(({ record }) => record.name > after);
  const items = rest.slice(0, max ?? listedMax);
  const last = items.at(-1)?.record.name;
  const isMore = max !== undefined && rest.length > items.length && last !== undefined;
  return { items, next: isMore ? Buffer.from(last).toString('base64') : undefined };
}
