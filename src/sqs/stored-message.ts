/**
 * A message as it is stored: what is known about it as JSON, then its body.
 *
 *     ┌──────────────┬────────┬──────┐
 *     │ bytes of the │ header │ body │
 *     │ header, u32  │ (JSON) │      │
 *     └──────────────┴────────┴──────┘
 */
import type { AttributeValue, MessageAttributes } from './message-attributes.ts';

export interface MessageContent {
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly senderId: string;
  readonly traceHeader?: string;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  /** The queue from which the message came as nobody could process it. */
  readonly deadLetterSourceArn?: string;
}

interface Header {
  readonly sender: string;
  readonly trace?: string;
  readonly group?: string;
  readonly once?: string;
  readonly source?: string;
  /** Name, type, text, or bytes as base64. */
  readonly attributes?: readonly (readonly [
    name: string,
    type: string,
    text: string | null,
    bytes?: string,
  ])[];
}

const lengthBytes = 4;

export function encodeContent(content: MessageContent): Uint8Array {
  const { attributes, senderId, traceHeader, groupId, deduplicationId, deadLetterSourceArn } = content;
  // JSON leaves out what is undefined.
  const header = JSON.stringify({
    sender: senderId,
    trace: traceHeader,
    group: groupId,
    once: deduplicationId,
    source: deadLetterSourceArn,
    attributes:
      attributes.size === 0
        ? undefined
        : [...attributes].map(([name, value]) =>
            'text' in value
              ? [name, value.type, value.text]
              : [name, value.type, null, Buffer.from(value.bytes).toString('base64')],
          ),
  });
  const headerBytes = Buffer.byteLength(header);
  const bytes = Buffer.alloc(lengthBytes + headerBytes + Buffer.byteLength(content.body));
  bytes.writeUInt32BE(headerBytes);
  bytes.write(header, lengthBytes);
  bytes.write(content.body, lengthBytes + headerBytes);
  return bytes;
}

export function decodeContent(stored: Uint8Array): MessageContent {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const bodyAt = lengthBytes + bytes.readUInt32BE();
  const header = JSON.parse(bytes.toString('utf8', lengthBytes, bodyAt)) as Header;
  const attributes = (header.attributes ?? []).map(
    ([name, type, text, base64 = '']): [string, AttributeValue] => [
      name,
      text === null ? { type, bytes: Buffer.from(base64, 'base64') } : { type, text },
    ],
  );
  return {
    body: bytes.toString('utf8', bodyAt),
    attributes: new Map(attributes),
    senderId: header.sender,
    ...(header.trace === undefined ? {} : { traceHeader: header.trace }),
    ...(header.group === undefined ? {} : { groupId: header.group }),
    ...(header.once === undefined ? {} : { deduplicationId: header.once }),
    ...(header.source === undefined ? {} : { deadLetterSourceArn: header.source }),
  };
}
