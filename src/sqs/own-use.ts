/** The queues as Lambkin's own parts use them: outcomes instead of errors of the wire. */
import { StoreUnavailableError } from '#platform';
import { WireError } from '#wire';
import type { Catalogue } from './catalogue.ts';
import { attributesDigest, digestOf } from './message-attributes.ts';
import type { Messaging, ReceiptOutcome } from './messaging.ts';
import { prepareMessage } from './outgoing.ts';
import type { Queue } from './queue.ts';
import type { Delivery } from './reception.ts';
import type { SqsMessage, SqsOutgoing, SqsQueues, SqsReceiptOutcome, SqsSendOutcome } from './sqs-queues.ts';
import { systemAttributesOf } from './system-attributes.ts';

export function ownQueues(catalogue: Catalogue, messaging: Messaging): SqsQueues {
  const find = (arn: string): Queue | undefined => catalogue.findByArn(arn);

  /** What the store, or the queue's state, does not let be done now is `unavailable`. */
  async function attempt<Outcome, None>(
    arn: string,
    none: None,
    unavailable: Outcome,
    act: (queue: Queue) => Promise<Outcome>,
  ): Promise<Outcome | None> {
    try {
      await catalogue.loaded();
      const queue = find(arn);
      return queue === undefined ? none : await act(queue);
    } catch (error) {
      if (error instanceof StoreUnavailableError || isOverLimit(error)) return unavailable;
      throw error;
    }
  }

  return {
    loaded: () => catalogue.loaded(),
    arns: () => catalogue.queues().map(({ arn }) => arn),
    find(arn) {
      const queue = find(arn);
      if (queue === undefined) return undefined;
      const { fifo, visibilityTimeoutMs, messageBytesMax } = queue.settings;
      return { arn, name: queue.record.name, fifo, visibilityTimeoutMs, messageBytesMax };
    },
    policyOf: (arn) => find(arn)?.settings.policy,
    tagsOf: (arn) => find(arn)?.record.tags,
    send: (arn, messages) =>
      attempt<SqsSendOutcome, SqsSendOutcome>(arn, { kind: 'no-queue' }, { kind: 'unavailable' }, (queue) =>
        send(messaging, queue, messages),
      ),
    receive: (arn, { max, waitMs, visibilityTimeoutMs, signal }) =>
      attempt(arn, { kind: 'no-queue' } as const, { kind: 'unavailable' } as const, async (queue) => {
        const deliveries = await messaging.receive(queue, {
          max,
          waitMs,
          signal,
          visibilityTimeoutMs: visibilityTimeoutMs ?? queue.settings.visibilityTimeoutMs,
        });
        if (deliveries === 'full') return { kind: 'unavailable' };
        const messages = deliveries.map((delivery) => messageOf(delivery, queue.settings.fifo));
        return { kind: 'received', messages };
      }),
    delete: (arn, handle) =>
      attempt<SqsReceiptOutcome, SqsReceiptOutcome>(arn, 'no-queue', 'unavailable', async (queue) =>
        receiptOutcome(await messaging.delete(queue, handle)),
      ),
    changeVisibility: (arn, handle, timeoutMs) =>
      attempt<SqsReceiptOutcome, SqsReceiptOutcome>(arn, 'no-queue', 'unavailable', async (queue) =>
        receiptOutcome(await messaging.changeVisibility(queue, handle, timeoutMs)),
      ),
    depth: (arn) => attempt(arn, undefined, undefined, (queue) => messaging.depth(queue)),
  };
}

const isOverLimit = (error: unknown): boolean =>
  error instanceof WireError && error.errorName === 'OverLimit';

const receiptOutcome = (outcome: ReceiptOutcome): SqsReceiptOutcome => (outcome === 'done' ? 'done' : 'lost');

async function send(
  messaging: Messaging,
  queue: Queue,
  messages: readonly SqsOutgoing[],
): Promise<SqsSendOutcome> {
  let prepared;
  try {
    prepared = messages.map((message) => prepareMessage(queue, wireMembers(message), message.senderId));
  } catch (error) {
    if (error instanceof WireError) return { kind: 'refused', reason: error.message };
    throw error;
  }
  const sent = await messaging.send(queue, prepared);
  return { kind: 'sent', messageIds: sent.map(({ messageId }) => messageId) };
}

function wireMembers({ body, attributes = {}, traceHeader, groupId, deduplicationId }: SqsOutgoing) {
  const values = Object.entries(attributes).map(([name, { type, text }]) => [
    name,
    { DataType: type, StringValue: text },
  ]);
  return {
    MessageBody: body,
    MessageAttributes: Object.fromEntries(values) as unknown,
    MessageSystemAttributes:
      traceHeader === undefined ? {} : { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } },
    MessageGroupId: groupId,
    MessageDeduplicationId: deduplicationId,
  };
}

function messageOf(delivery: Delivery, fifo: boolean): SqsMessage {
  const { id, receiptHandle, content } = delivery;
  const attributes = Object.entries(systemAttributesOf(delivery, fifo)).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const md5OfMessageAttributes = attributesDigest(content.attributes);
  return {
    id,
    receiptHandle,
    body: content.body,
    md5OfBody: digestOf(content.body),
    ...(md5OfMessageAttributes !== undefined && { md5OfMessageAttributes }),
    attributes: Object.fromEntries(attributes),
    messageAttributes: Object.fromEntries(content.attributes),
  };
}
