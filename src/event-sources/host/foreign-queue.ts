/** A queue that another SQS has, at a configured endpoint. The role's credentials are of use there only if that SQS takes them. */
import type { Clock } from '#platform';
import { sqsCallMax } from '../limits.ts';
import type { QueueDescription, SourceMessage, SourceQueue } from '../sqs/source-queue.ts';
import type { CallKeys, CallOutcome, SqsCalls } from './sqs-calls.ts';

export interface ForeignQueueOptions {
  readonly calls: SqsCalls;
  readonly endpoint: string;
  readonly queueArn: string;
  /** Of the function's role as it is now. */
  readonly keys: () => CallKeys | undefined;
  readonly clock: Clock;
  readonly receiversMax: number;
}

/** How long a visibility timeout is taken for what it was. */
const describedMs = 60_000;

export function foreignQueue(options: ForeignQueueOptions): SourceQueue {
  const { calls, endpoint, queueArn, keys, clock, receiversMax } = options;
  const [, , , , accountId = '', name = ''] = queueArn.split(':');
  const QueueUrl = `${endpoint.replace(/\/$/, '')}/${accountId}/${name}`;
  let known: { readonly visibilityTimeoutMs: number; readonly untilMs: number } | undefined;

  const call = (
    operation: string,
    input: object,
    more: { readonly waitMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<CallOutcome> => calls.call({ operation, input: { QueueUrl, ...input }, keys: keys(), ...more });

  async function describe(): Promise<QueueDescription> {
    if (known && clock.monotonicMs() < known.untilMs) return { kind: 'queue', ...known };
    const outcome = await call('GetQueueAttributes', { AttributeNames: ['VisibilityTimeout'] });
    if (outcome.kind !== 'answered') return outcome;
    const seconds = Number(recordIn(outcome.answer['Attributes'])['VisibilityTimeout']);
    if (!(seconds >= 0)) return { kind: 'unavailable', reason: 'its visibility timeout is not told' };
    known = { visibilityTimeoutMs: seconds * 1_000, untilMs: clock.monotonicMs() + describedMs };
    return { kind: 'queue', ...known };
  }

  /** In calls of ten; the entries that have failed, by their place. */
  async function batches(
    operation: string,
    handles: readonly string[],
    more: object,
  ): Promise<readonly boolean[]> {
    const parts = Array.from({ length: Math.ceil(handles.length / sqsCallMax) }, (_, index) =>
      handles.slice(index * sqsCallMax, (index + 1) * sqsCallMax),
    );
    const outcomes = await Promise.all(
      parts.map(async (part) => {
        const Entries = part.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle, ...more }));
        const outcome = await call(operation, { Entries });
        // There is nothing left to do in a queue that is gone.
        if (outcome.kind !== 'answered') return part.map(() => outcome.kind === 'absent');
        const failed = new Set(
          listIn(outcome.answer['Failed'])
            .map(recordIn)
            .filter((entry) => entry['SenderFault'] !== true)
            .map((entry) => entry['Id']),
        );
        return part.map((_handle, index) => !failed.has(String(index)));
      }),
    );
    return outcomes.flat();
  }

  return {
    receiveMax: sqsCallMax,
    receiversMax,
    describe,
    async receive({ max, waitMs, signal }) {
      const described = await describe();
      if (described.kind !== 'queue') return described;
      const input = {
        MaxNumberOfMessages: Math.min(max, sqsCallMax),
        WaitTimeSeconds: Math.floor(waitMs / 1_000),
        AttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      };
      const outcome = await call('ReceiveMessage', input, { waitMs, signal });
      if (outcome.kind !== 'answered') return outcome;
      const messages = listIn(outcome.answer['Messages']).flatMap(messageIn);
      return { kind: 'received', messages, visibilityTimeoutMs: described.visibilityTimeoutMs };
    },
    delete: (handles) => batches('DeleteMessageBatch', handles, {}),
    async release(handles) {
      await batches('ChangeMessageVisibilityBatch', handles, { VisibilityTimeout: 0 });
    },
  };
}

/** What is no message is left where it is. */
function messageIn(value: unknown): readonly SourceMessage[] {
  const { MessageId, ReceiptHandle, Body, MD5OfBody, MD5OfMessageAttributes, Attributes, MessageAttributes } =
    recordIn(value);
  if (typeof MessageId !== 'string' || typeof ReceiptHandle !== 'string' || typeof Body !== 'string')
    return [];
  const attributes = Object.entries(recordIn(Attributes)).map(
    ([name, text]) => [name, String(text)] as const,
  );
  return [
    {
      id: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      md5OfBody: textOr(MD5OfBody, ''),
      ...(typeof MD5OfMessageAttributes === 'string' && { md5OfMessageAttributes: MD5OfMessageAttributes }),
      attributes: Object.fromEntries(attributes),
      messageAttributes: Object.fromEntries(
        Object.entries(recordIn(MessageAttributes)).map(([name, attribute]) => [
          name,
          attributeIn(attribute),
        ]),
      ),
    },
  ];
}

function attributeIn(value: unknown): SourceMessage['messageAttributes'][string] {
  const { DataType, StringValue, BinaryValue } = recordIn(value);
  const type = textOr(DataType, 'String');
  return typeof BinaryValue === 'string'
    ? { type, bytes: Buffer.from(BinaryValue, 'base64') }
    : { type, text: textOr(StringValue, '') };
}

const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise);

const recordIn = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const listIn = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : [];
