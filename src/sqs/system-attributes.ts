/** What a message says of itself besides its body, by AWS's names. */
import type { Delivery } from './reception.ts';
import { sequenceNumber } from './receipts.ts';

export const systemAttributeNames: ReadonlySet<string> = new Set([
  'SenderId',
  'SentTimestamp',
  'ApproximateReceiveCount',
  'ApproximateFirstReceiveTimestamp',
  'SequenceNumber',
  'MessageDeduplicationId',
  'MessageGroupId',
  'AWSTraceHeader',
  'DeadLetterQueueSourceArn',
]);

/** Undefined where the message has none. */
export function systemAttributesOf(
  delivery: Delivery,
  fifo: boolean,
): Readonly<Record<string, string | undefined>> {
  const { content, sentAtMs, firstReceivedAtMs, receiveCount, sequence } = delivery;
  return {
    SenderId: content.senderId,
    ApproximateFirstReceiveTimestamp: String(firstReceivedAtMs),
    ApproximateReceiveCount: String(receiveCount),
    SentTimestamp: String(sentAtMs),
    SequenceNumber: fifo ? sequenceNumber(sequence) : undefined,
    MessageDeduplicationId: content.deduplicationId,
    MessageGroupId: content.groupId,
    AWSTraceHeader: content.traceHeader,
    DeadLetterQueueSourceArn: content.deadLetterSourceArn,
  };
}
