/** The operations on queues as such: creating, finding, deleting, purging. */
import { type Handlers, type Input, type RequestContext, WireError } from '#wire';
import { changedAttributes, effectiveAttributes } from '../attributes.ts';
import { invalidParameter, noQueue } from '../faults.ts';
import { purgeIntervalMs } from '../limits.ts';
import { fifoSuffix, isQueueName, type Queue } from '../queue.ts';
import { checkRedrive } from './attributes.ts';
import { mapIn, pageOf, queueIn, required, type SqsParts, textIn, urlOf } from './request.ts';
import { checkTags } from './tags.ts';

export function queueHandlers(parts: SqsParts): Handlers {
  const { catalogue, messaging, clock } = parts;
  /** When each queue was purged last, in monotonic milliseconds; the longest ago first. */
  const purges = new Map<string, number>();
  return {
    CreateQueue: async (input, context) => create(parts, input, context),
    async DeleteQueue(input) {
      const queue = queueIn(catalogue, input);
      if ((await catalogue.delete(queue)) === 'no-queue') throw noQueue();
      messaging.forget(queue);
      return {};
    },
    async ListQueues(input, context) {
      const prefix = textIn(input, 'QueueNamePrefix') ?? '';
      const queues = catalogue.queues().filter(({ record }) => record.name.startsWith(prefix));
      const { items, next } = pageOf(queues, input);
      const urls = items.map((queue) => urlOf(catalogue, queue, context));
      return { QueueUrls: urls.length === 0 ? undefined : urls, NextToken: next };
    },
    async GetQueueUrl(input, context) {
      const name = required(input, 'QueueName');
      const owner = textIn(input, 'QueueOwnerAWSAccountId') ?? catalogue.place.accountId;
      const queue = owner === catalogue.place.accountId ? catalogue.find(name) : undefined;
      if (queue === undefined) throw noQueue();
      return { QueueUrl: urlOf(catalogue, queue, context) };
    },
    async ListDeadLetterSourceQueues(input, context) {
      const { items, next } = pageOf(catalogue.sourcesOf(queueIn(catalogue, input).arn), input);
      return { queueUrls: items.map((queue) => urlOf(catalogue, queue, context)), NextToken: next };
    },
    async PurgeQueue(input) {
      const queue = queueIn(catalogue, input);
      const nowMs = clock.monotonicMs();
      for (const [stored, atMs] of purges) {
        if (nowMs - atMs < purgeIntervalMs) break;
        purges.delete(stored);
      }
      if (purges.has(queue.stored)) {
        const message = `Only one PurgeQueue operation on ${queue.record.name} is allowed every 60 seconds.`;
        throw new WireError('PurgeQueueInProgress', message);
      }
      purges.set(queue.stored, nowMs);
      await messaging.purge(queue);
      return {};
    },
  };
}

async function create({ catalogue }: SqsParts, input: Input, context: RequestContext) {
  const name = required(input, 'QueueName');
  const given = mapIn(input, 'Attributes') ?? {};
  const fifo = given['FifoQueue'] === 'true';
  checkName(name, fifo);
  const attributes = changedAttributes({}, given, fifo);
  const tags = mapIn(input, 'tags') ?? {};
  checkTags(tags);
  const known = catalogue.find(name);
  if (known === undefined) checkRedrive(catalogue, name, attributes);
  const outcome =
    known === undefined
      ? await catalogue.create(name, attributes, tags)
      : ({ kind: 'exists', queue: known } as const);
  if (outcome.kind === 'deleted-recently') {
    const message =
      'You must wait 60 seconds after deleting a queue before you can create another with the same name.';
    throw new WireError('QueueDeletedRecently', message);
  }
  if (outcome.kind === 'too-many') throw new WireError('OverLimit', 'There are too many queues.');
  if (outcome.kind === 'exists') checkSame(outcome.queue, given);
  return { QueueUrl: urlOf(catalogue, outcome.queue, context) };
}

function checkName(name: string, fifo: boolean): void {
  if (isQueueName(name, fifo)) return;
  throw invalidParameter(
    fifo
      ? `The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with ${fifoSuffix} suffix and be 1 to 80 in length.`
      : 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
  );
}

/** A queue that is there already is created again only by those who want it as it is. */
function checkSame({ record, settings }: Queue, given: Readonly<Record<string, string>>): void {
  const effective = effectiveAttributes(record.attributes, settings.fifo);
  const different = Object.keys(given).find(
    (name) => meaningOf(given[name] ?? '') !== meaningOf(effective[name] ?? ''),
  );
  if (different === undefined) return;
  throw new WireError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${different}`,
  );
}

/** Documents are the same however they are spelled. */
function meaningOf(value: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(value)));
  } catch {
    return value;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, sorted(item)]),
  );
}
