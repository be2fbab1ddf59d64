/**
 * One message of AWS's binary event streams (application/vnd.amazon.eventstream). Numbers are big-endian.
 *
 *   total length u32 | headers' length u32 | CRC-32 of these 8 bytes
 *   headers: name length u8 | name | type u8 (7: text) | value length u16 | value
 *   payload
 *   CRC-32 of everything before
 */
import { crc32 } from 'node:zlib';
import { assert } from '#lib/assert';

const preludeBytes = 12;
const checksumBytes = 4;
const textType = 7;
const nameBytesMax = 0xff;
const valueBytesMax = 0xffff;

/** Headers that are the same in many messages, encoded once. */
export type MessageHeaders = Buffer;

export function encodeHeaders(headers: Readonly<Record<string, string>>): MessageHeaders {
  const parts = Object.entries(headers).map(([name, value]) => {
    const [nameBytes, valueBytes] = [Buffer.from(name), Buffer.from(value)];
    assert(nameBytes.length <= nameBytesMax && valueBytes.length <= valueBytesMax, `${name} is too long`);
    const between = Buffer.from([textType, valueBytes.length >> 8, valueBytes.length & 0xff]);
    return Buffer.concat([Buffer.from([nameBytes.length]), nameBytes, between, valueBytes]);
  });
  return Buffer.concat(parts);
}

export function encodeMessage(headers: MessageHeaders, payload: Uint8Array): Buffer {
  const size = preludeBytes + headers.length + payload.length + checksumBytes;
  const message = Buffer.allocUnsafe(size);
  message.writeUInt32BE(size, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  message.set(headers, preludeBytes);
  message.set(payload, preludeBytes + headers.length);
  message.writeUInt32BE(crc32(message.subarray(0, size - checksumBytes)), size - checksumBytes);
  return message;
}
