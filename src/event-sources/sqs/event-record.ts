/**
 * A message as a function gets it: one of the `Records` of its event (docs.aws.amazon.com/lambda/latest/dg/with-sqs.html). Pure.
 */
import type { SourceMessage } from './source-queue.ts';

export interface EventRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, RecordAttribute>>;
  readonly md5OfMessageAttributes?: string;
  readonly md5OfBody: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

export interface RecordAttribute {
  readonly stringValue?: string;
  /** Base64. */
  readonly binaryValue?: string;
  readonly stringListValues: readonly never[];
  readonly binaryListValues: readonly never[];
  readonly dataType: string;
}

export function eventRecord(message: SourceMessage, queueArn: string): EventRecord {
  const { md5OfMessageAttributes } = message;
  return {
    messageId: message.id,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: message.attributes,
    messageAttributes: Object.fromEntries(
      Object.entries(message.messageAttributes).map(([name, value]) => [name, recordAttribute(value)]),
    ),
    ...(md5OfMessageAttributes !== undefined && { md5OfMessageAttributes }),
    md5OfBody: message.md5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(':')[3] ?? '',
  };
}

function recordAttribute(value: SourceMessage['messageAttributes'][string]): RecordAttribute {
  const content =
    'text' in value
      ? { stringValue: value.text }
      : { binaryValue: Buffer.from(value.bytes).toString('base64') };
  return { ...content, stringListValues: [], binaryListValues: [], dataType: value.type };
}

const [head, tail] = ['{"Records":[', ']}'];
/** What an event has beyond its records, each of which has a comma after it. */
export const eventFrameBytes = head.length + tail.length;

export const eventOf = (records: readonly string[]): Uint8Array =>
  Buffer.from(head + records.join(',') + tail);
