/** ReceiveMessage. */
import { type Handlers, type Input, type RequestContext, WireError } from '#wire';
import { invalidValue, unknownAttribute } from '../faults.ts';
import { receivedMax, visibilitySecondsMax, waitSecondsMax } from '../limits.ts';
import { attributesDigest, chosenAttributes, digestOf, wireAttributes } from '../message-attributes.ts';
import { token } from '../outgoing.ts';
import type { Queue } from '../queue.ts';
import type { Delivery } from '../reception.ts';
import { systemAttributeNames, systemAttributesOf } from '../system-attributes.ts';
import { numberIn, queueIn, type SqsParts, textsIn } from './request.ts';

export function receiveHandlers(parts: SqsParts): Handlers {
  return { ReceiveMessage: async (input, context) => receive(parts, input, context) };
}

async function receive({ catalogue, messaging }: SqsParts, input: Input, { signal }: RequestContext) {
  const queue = queueIn(catalogue, input);
  const { settings } = queue;
  const max = numberIn(input, 'MaxNumberOfMessages', 1, receivedMax) ?? 1;
  const waitSeconds = numberIn(input, 'WaitTimeSeconds', 0, waitSecondsMax);
  const visibilitySeconds = numberIn(input, 'VisibilityTimeout', 0, visibilitySecondsMax);
  const system = [...textsIn(input, 'AttributeNames'), ...textsIn(input, 'MessageSystemAttributeNames')];
  for (const name of system) {
    if (name !== 'All' && !systemAttributeNames.has(name)) throw unknownAttribute(name);
  }
  const attemptId = token(input, 'ReceiveRequestAttemptId');
  if (attemptId !== undefined && !settings.fifo) {
    const reason = 'The request includes a parameter that is not valid for this queue type.';
    throw invalidValue('ReceiveRequestAttemptId', attemptId, reason);
  }
  const deliveries = await messaging.receive(queue, {
    max,
    visibilityTimeoutMs:
      visibilitySeconds === undefined ? settings.visibilityTimeoutMs : visibilitySeconds * 1000,
    waitMs: waitSeconds === undefined ? settings.waitMs : waitSeconds * 1000,
    signal,
    attemptId,
  });
  if (deliveries === 'full') throw new WireError('RequestThrottled', 'Too many requests wait for messages.');
  if (deliveries.length === 0) return {};
  const names = textsIn(input, 'MessageAttributeNames');
  return { Messages: deliveries.map((delivery) => messageMembers(queue, delivery, system, names)) };
}

function messageMembers(
  { settings }: Queue,
  delivery: Delivery,
  system: readonly string[],
  names: readonly string[],
) {
  const { id, receiptHandle, content } = delivery;
  const attributes = Object.entries(systemAttributesOf(delivery, settings.fifo)).filter(
    ([name, value]) => value !== undefined && (system.includes('All') || system.includes(name)),
  );
  const chosen = chosenAttributes(content.attributes, names);
  return {
    MessageId: id,
    ReceiptHandle: receiptHandle,
    MD5OfBody: digestOf(content.body),
    Body: content.body,
    Attributes: attributes.length === 0 ? undefined : Object.fromEntries(attributes),
    MD5OfMessageAttributes: attributesDigest(chosen),
    MessageAttributes: chosen.size === 0 ? undefined : wireAttributes(chosen),
  };
}
