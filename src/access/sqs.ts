/**
 * The table of SQS: what each operation asks permission for. Batches ask for what their single operation asks for. AWS writes the names of
 * these actions in lower case in its denials; policies may spell them as they like.
 */
import type { Place } from '#metadata';
import type { Input } from '#wire';
import { type AccessRow, type AccessRows, accessTo } from './access.ts';
import { requestTags, untaggedKeys } from './request-keys.ts';
import { arnOf, type Resource, type ResourceOf } from './resources.ts';

const byUrl: ResourceOf = (input, place) => {
  const [, accountId = '', name] =
    /^(?:[a-z]+:\/\/[^/]*)?\/([^/]+)\/([^/?]+)\/?$/.exec(text(input, 'QueueUrl')) ?? [];
  return name === undefined ? queue(place, text(input, 'QueueUrl')) : queue({ ...place, accountId }, name);
};
const byName: ResourceOf = (input, place) =>
  queue(
    { ...place, accountId: text(input, 'QueueOwnerAWSAccountId') || place.accountId },
    text(input, 'QueueName'),
  );
const bySourceArn: ResourceOf = (input) => arnOf(text(input, 'SourceArn'));
const byTaskHandle: ResourceOf = (input) => {
  try {
    const handle: unknown = JSON.parse(Buffer.from(text(input, 'TaskHandle'), 'base64').toString('utf8'));
    const { sourceArn } = (handle ?? {}) as { readonly sourceArn?: unknown };
    return arnOf(typeof sourceArn === 'string' ? sourceArn : '*');
  } catch {
    return arnOf('*');
  }
};
const anyQueue: ResourceOf = (_input, place) => queue(place, '*');

const onQueue = { resource: byUrl };
/** Nobody can lock the account out of its queue. */
const mending = { resource: byUrl, rootAlways: true };

const rows: Readonly<Record<string, Omit<AccessRow, 'action'> & { readonly action?: string }>> = {
  CreateQueue: {
    resource: byName,
    keys: [requestTags],
    also: (input, place) =>
      typeof input['tags'] !== 'object'
        ? []
        : [accessTo('sqs:tagqueue', byName(input, place), [requestTags])],
  },
  DeleteQueue: onQueue,
  ListQueues: { resource: anyQueue },
  GetQueueUrl: { resource: byName },
  GetQueueAttributes: mending,
  SetQueueAttributes: mending,
  PurgeQueue: onQueue,
  TagQueue: { ...onQueue, keys: [requestTags] },
  UntagQueue: { ...onQueue, keys: [untaggedKeys] },
  ListQueueTags: onQueue,
  AddPermission: onQueue,
  RemovePermission: mending,
  ListDeadLetterSourceQueues: onQueue,
  SendMessage: onQueue,
  SendMessageBatch: { ...onQueue, action: 'sqs:sendmessage' },
  ReceiveMessage: onQueue,
  DeleteMessage: onQueue,
  DeleteMessageBatch: { ...onQueue, action: 'sqs:deletemessage' },
  ChangeMessageVisibility: onQueue,
  ChangeMessageVisibilityBatch: { ...onQueue, action: 'sqs:changemessagevisibility' },
  StartMessageMoveTask: {
    resource: bySourceArn,
    also: (input) => {
      const source = arnOf(text(input, 'SourceArn'));
      const destination = text(input, 'DestinationArn');
      return [
        accessTo('sqs:receivemessage', source),
        accessTo('sqs:deletemessage', source),
        ...(destination === '' ? [] : [accessTo('sqs:sendmessage', arnOf(destination))]),
      ];
    },
  },
  CancelMessageMoveTask: { resource: byTaskHandle },
  ListMessageMoveTasks: { resource: bySourceArn },
};

export const sqsAccess: AccessRows = new Map(
  Object.entries(rows).map(([operation, row]) => [
    operation,
    { action: `sqs:${operation.toLowerCase()}`, ...row },
  ]),
);

function queue({ region, accountId }: Place, name: string): Resource {
  return { arn: `arn:aws:sqs:${region}:${accountId}:${name}`, accountId };
}

function text(input: Input, member: string): string {
  const value = input[member];
  return typeof value === 'string' ? value : '';
}
