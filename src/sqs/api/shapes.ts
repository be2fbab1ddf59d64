/**
 * The operations of SQS 2012-11-05 with their members, for both protocols. Constraints are not here: SQS answers them each with an error of
 * its own, so handlers check.
 */
import {
  type ListShape,
  type MapShape,
  type Member,
  type Members,
  type QueryOperation,
  type Shape,
  structure,
} from '#wire';

const text = { type: 'string' } as const;
const count = { type: 'integer' } as const;
const long = { type: 'long' } as const;
const flag = { type: 'boolean' } as const;
const blob = { type: 'blob' } as const;
const list = (member: Shape): ListShape => ({ type: 'list', member, flattened: true });
const map = (value: Shape, entryNames: readonly [string, string]): MapShape => ({
  type: 'map',
  key: text,
  value,
  flattened: true,
  entryNames,
});
/** In forms and XML the members of lists and maps are named one by one. */
const named = (name: string, shape: Shape): Member => ({ name, shape });

const attributeValue = structure({
  StringValue: text,
  BinaryValue: blob,
  StringListValues: named('StringListValue', { ...list(text) }),
  BinaryListValues: named('BinaryListValue', { ...list(blob) }),
  DataType: text,
});
const queueAttributes = named('Attribute', map(text, ['Name', 'Value']));
const messageAttributes = named('MessageAttribute', map(attributeValue, ['Name', 'Value']));
const systemAttributes = named('MessageSystemAttribute', map(attributeValue, ['Name', 'Value']));
const tags = map(text, ['Key', 'Value']);
const ofQueue = { QueueUrl: text };
const receipt = { ReceiptHandle: text };

const outgoing = {
  MessageBody: text,
  DelaySeconds: count,
  MessageAttributes: messageAttributes,
  MessageSystemAttributes: systemAttributes,
  MessageDeduplicationId: text,
  MessageGroupId: text,
};
const sent = {
  MessageId: text,
  MD5OfMessageBody: text,
  MD5OfMessageAttributes: text,
  MD5OfMessageSystemAttributes: text,
  SequenceNumber: text,
};
const failed = named(
  'BatchResultErrorEntry',
  list(structure({ Id: text, SenderFault: flag, Code: text, Message: text })),
);

function batch(operation: string, entry: Members, result: Members): QueryOperation {
  return {
    input: structure({
      ...ofQueue,
      Entries: named(`${operation}BatchRequestEntry`, list(structure({ Id: text, ...entry }))),
    }),
    output: structure({
      Successful: named(`${operation}BatchResultEntry`, list(structure({ Id: text, ...result }))),
      Failed: failed,
    }),
  };
}

export const sqsOperations: Readonly<Record<string, QueryOperation>> = {
  CreateQueue: {
    input: structure({ QueueName: text, Attributes: queueAttributes, tags: named('Tag', tags) }),
    output: structure({ QueueUrl: text }),
  },
  DeleteQueue: { input: structure(ofQueue) },
  ListQueues: {
    input: structure({ QueueNamePrefix: text, NextToken: text, MaxResults: count }),
    output: structure({ QueueUrls: named('QueueUrl', list(text)), NextToken: text }),
  },
  GetQueueUrl: {
    input: structure({ QueueName: text, QueueOwnerAWSAccountId: text }),
    output: structure({ QueueUrl: text }),
  },
  GetQueueAttributes: {
    input: structure({ ...ofQueue, AttributeNames: named('AttributeName', list(text)) }),
    output: structure({ Attributes: queueAttributes }),
  },
  SetQueueAttributes: { input: structure({ ...ofQueue, Attributes: queueAttributes }) },
  PurgeQueue: { input: structure(ofQueue) },
  TagQueue: { input: structure({ ...ofQueue, Tags: named('Tag', tags) }) },
  UntagQueue: { input: structure({ ...ofQueue, TagKeys: named('TagKey', list(text)) }) },
  ListQueueTags: { input: structure(ofQueue), output: structure({ Tags: named('Tag', tags) }) },
  AddPermission: {
    input: structure({
      ...ofQueue,
      Label: text,
      AWSAccountIds: named('AWSAccountId', list(text)),
      Actions: named('ActionName', list(text)),
    }),
  },
  RemovePermission: { input: structure({ ...ofQueue, Label: text }) },
  ListDeadLetterSourceQueues: {
    input: structure({ ...ofQueue, NextToken: text, MaxResults: count }),
    output: structure({ queueUrls: named('QueueUrl', list(text)), NextToken: text }),
  },
  SendMessage: { input: structure({ ...ofQueue, ...outgoing }), output: structure(sent) },
  SendMessageBatch: batch('SendMessage', outgoing, sent),
  ReceiveMessage: {
    input: structure({
      ...ofQueue,
      AttributeNames: named('AttributeName', list(text)),
      MessageSystemAttributeNames: named('MessageSystemAttributeName', list(text)),
      MessageAttributeNames: named('MessageAttributeName', list(text)),
      MaxNumberOfMessages: count,
      VisibilityTimeout: count,
      WaitTimeSeconds: count,
      ReceiveRequestAttemptId: text,
    }),
    output: structure({
      Messages: named(
        'Message',
        list(
          structure({
            MessageId: text,
            ReceiptHandle: text,
            MD5OfBody: text,
            Body: text,
            Attributes: queueAttributes,
            MD5OfMessageAttributes: text,
            MessageAttributes: messageAttributes,
          }),
        ),
      ),
    }),
  },
  DeleteMessage: { input: structure({ ...ofQueue, ...receipt }) },
  DeleteMessageBatch: batch('DeleteMessage', receipt, {}),
  ChangeMessageVisibility: { input: structure({ ...ofQueue, ...receipt, VisibilityTimeout: count }) },
  ChangeMessageVisibilityBatch: batch(
    'ChangeMessageVisibility',
    { ...receipt, VisibilityTimeout: count },
    {},
  ),
  StartMessageMoveTask: {
    input: structure({ SourceArn: text, DestinationArn: text, MaxNumberOfMessagesPerSecond: count }),
    output: structure({ TaskHandle: text }),
  },
  CancelMessageMoveTask: {
    input: structure({ TaskHandle: text }),
    output: structure({ ApproximateNumberOfMessagesMoved: long }),
  },
  ListMessageMoveTasks: {
    input: structure({ SourceArn: text, MaxResults: count }),
    output: structure({
      Results: named(
        'ListMessageMoveTasksResultEntry',
        list(
          structure({
            TaskHandle: text,
            Status: text,
            SourceArn: text,
            DestinationArn: text,
            MaxNumberOfMessagesPerSecond: count,
            ApproximateNumberOfMessagesMoved: long,
            ApproximateNumberOfMessagesToMove: long,
            FailureReason: text,
            StartedTimestamp: long,
          }),
        ),
      ),
    }),
  },
};
