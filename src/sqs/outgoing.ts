/** A message that somebody wants to send: checked, and made into what is stored. */
import { createHash } from 'node:crypto';
import type { NewMessage } from '#platform';
import { WireError } from '#wire';
import { invalidParameter, invalidValue, missing } from './faults.ts';
import { deduplicationMs, delaySecondsMax, tokenCharactersMax } from './limits.ts';
import {
  attributesBytes,
  attributesDigest,
  digestOf,
  type MessageAttributes,
  readAttributeValue,
  readMessageAttributes,
} from './message-attributes.ts';
import type { Queue } from './queue.ts';
import { encodeContent, type MessageContent } from './stored-message.ts';

/** The members of SendMessage, or of an entry of its batch. */
export type Outgoing = Readonly<Record<string, unknown>>;

export interface Prepared {
  readonly message: NewMessage;
  /** Body and attributes, as they count towards limits. */
  readonly bytes: number;
  readonly digests: {
    readonly MD5OfMessageBody: string;
    readonly MD5OfMessageAttributes: string | undefined;
    readonly MD5OfMessageSystemAttributes: string | undefined;
  };
}

/** Throws what AWS answers to a message that it does not take. */
export function prepareMessage(queue: Queue, outgoing: Outgoing, senderId: string): Prepared {
  const { settings } = queue;
  const body = outgoing['MessageBody'];
  if (typeof body !== 'string' || body === '') throw missing('MessageBody');
  checkCharacters(body);
  const attributes = readMessageAttributes(outgoing['MessageAttributes']);
  for (const value of attributes.values()) if ('text' in value) checkCharacters(value.text);
  const bytes = Buffer.byteLength(body) + attributesBytes(attributes);
  if (bytes > settings.messageBytesMax) {
    throw invalidParameter(
      `One or more parameters are invalid. Reason: Message must be shorter than ${settings.messageBytesMax} bytes.`,
    );
  }
  const system = systemAttributes(outgoing['MessageSystemAttributes']);
  const delayMs = delayOf(queue, outgoing['DelaySeconds']);
  const { groupId, deduplicationId } = orderOf(queue, outgoing, body);
  const traceHeader = system.get('AWSTraceHeader');
  const content: MessageContent = {
    body,
    attributes,
    senderId,
    ...(traceHeader === undefined || !('text' in traceHeader) ? {} : { traceHeader: traceHeader.text }),
    ...(groupId === undefined ? {} : { groupId }),
    ...(deduplicationId === undefined ? {} : { deduplicationId }),
  };
  return {
    bytes,
    message: newMessage(queue, content, delayMs),
    digests: {
      MD5OfMessageBody: digestOf(body),
      MD5OfMessageAttributes: attributesDigest(attributes),
      MD5OfMessageSystemAttributes: attributesDigest(system),
    },
  };
}

export function newMessage({ settings }: Queue, content: MessageContent, delayMs: number): NewMessage {
  const { groupId, deduplicationId } = content;
  const message = { body: encodeContent(content), delayMs };
  if (!settings.fifo || groupId === undefined || deduplicationId === undefined) return message;
  // Neither may contain a space.
  const key = settings.deduplicationScope === 'queue' ? deduplicationId : `${groupId} ${deduplicationId}`;
  return { ...message, group: groupId, once: { key, windowMs: deduplicationMs } };
}

// What is not XML's, and lone surrogates.
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

function checkCharacters(text: string): void {
  if (!forbidden.test(text) && text.isWellFormed()) return;
  throw new WireError(
    'InvalidMessageContents',
    'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
  );
}

function systemAttributes(given: unknown): MessageAttributes {
  const entries = Object.entries((given ?? {}) as Readonly<Record<string, Outgoing>>);
  return new Map(
    entries.map(([name, value]) => {
      const attribute = readAttributeValue(name, value, 'system');
      if (name !== 'AWSTraceHeader') {
        throw invalidParameter(`Message system attribute name '${name.slice(0, 256)}' is invalid.`);
      }
      if (attribute.type !== 'String') {
        throw invalidParameter("Message system attribute 'AWSTraceHeader' must be of type 'String'.");
      }
      return [name, attribute];
    }),
  );
}

function delayOf({ settings }: Queue, given: unknown): number {
  if (given === undefined) return settings.delayMs;
  const seconds = Number(given);
  if (settings.fifo && seconds !== 0) {
    const reason = 'The request include parameter that is not valid for this queue type.';
    throw invalidValue('DelaySeconds', seconds, reason);
  }
  if (settings.fifo) return settings.delayMs;
  if (seconds < 0 || seconds > delaySecondsMax) {
    throw invalidValue('DelaySeconds', seconds, `DelaySeconds must be >= 0 and <= ${delaySecondsMax}.`);
  }
  return seconds * 1000;
}

interface Order {
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
}

function orderOf({ settings }: Queue, outgoing: Outgoing, body: string): Order {
  const groupId = token(outgoing, 'MessageGroupId');
  const given = token(outgoing, 'MessageDeduplicationId');
  if (!settings.fifo) {
    if (given === undefined) return { groupId, deduplicationId: undefined };
    const reason = 'The request includes a parameter that is not valid for this queue type.';
    throw invalidValue('MessageDeduplicationId', given, reason);
  }
  if (groupId === undefined) throw missing('MessageGroupId');
  if (given === undefined && !settings.contentBasedDeduplication) {
    throw invalidParameter(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  return { groupId, deduplicationId: given ?? createHash('sha256').update(body).digest('hex') };
}

/** Group ids, deduplication ids, attempt ids: letters, digits and punctuation. */
export function token(members: Outgoing, name: string): string | undefined {
  const value = members[name];
  if (typeof value !== 'string') return undefined;
  if (/^[\x21-\x7e]*$/.test(value) && value.length >= 1 && value.length <= tokenCharactersMax) return value;
  throw invalidValue(
    name,
    value,
    `${name} can only include alphanumeric and punctuation characters. 1 to ${tokenCharactersMax} in length.`,
  );
}
