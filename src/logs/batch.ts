/**
 * Batch: the codec of one journal record, which holds consecutive events of one log stream.
 *
 *   version u8 | events u32 | ingested f64 | before f64 | bytes f64 | first f64 | high f64 | late u8 | event*
 *   event = timestamp f64 | length u32 | message (UTF-8)
 *
 * Times are epoch milliseconds. `before` counts the stream's bytes ahead of this batch, so that the ends of a stream tell its size.
 *
 * A stream is ordered by an event's *mark*: the highest timestamp of the stream up to and with it. The mark never goes
 * back, so that a time can be searched for, and it is the timestamp itself unless an event came late. `high` is the mark
 * before the batch; `late` says whether the stream, up to and with this batch, ever had a late event.
 */
import { assert } from '#lib/assert';
import { eventOverheadBytes } from './limits.ts';
import type { LogEvent } from './sink.ts';

const version = 1;
const headerBytes = 46;
const eventHeaderBytes = 12;

export interface BatchHeader {
  readonly events: number;
  readonly ingestedMs: number;
  readonly bytesBefore: number;
  readonly bytes: number;
  /** The timestamp of the first event. */
  readonly firstMs: number;
  /** The mark before this batch: 0 at the start of a stream. */
  readonly highBeforeMs: number;
  readonly late: boolean;
}

export interface StoredEvent extends LogEvent {
  /** See above: where the event stands in time among those of its stream. */
  readonly markMs: number;
}

export interface Batch extends BatchHeader {
  readonly list: readonly StoredEvent[];
  /** The mark of its last event. */
  readonly highMs: number;
}

/** What the next batch must know of the stream so far. */
export interface StreamEnd {
  readonly bytes: number;
  readonly highMs: number;
  readonly late: boolean;
}

export const emptyStream: StreamEnd = { bytes: 0, highMs: 0, late: false };

/** As CloudWatch Logs counts. */
export function eventBytes(event: LogEvent): number {
  return Buffer.byteLength(event.message) + eventOverheadBytes;
}

export function encodeBatch(
  events: readonly LogEvent[],
  ingestedMs: number,
  end: StreamEnd,
): { readonly body: Uint8Array; readonly end: StreamEnd } {
  assert(events.length > 0, 'a batch holds an event');
  let messageBytes = 0;
  for (const { message } of events) messageBytes += Buffer.byteLength(message);
  const body = Buffer.allocUnsafe(headerBytes + eventHeaderBytes * events.length + messageBytes);
  const bytes = messageBytes + eventOverheadBytes * events.length;
  let { highMs, late } = end;
  let offset = headerBytes;
  for (const { timestampMs, message } of events) {
    const length = body.write(message, offset + eventHeaderBytes, 'utf8');
    offset = body.writeDoubleBE(timestampMs, offset);
    offset = body.writeUInt32BE(length, offset) + length;
    if (timestampMs < highMs) late = true;
    else highMs = timestampMs;
  }
  assert(offset === body.length, 'a batch is as long as it was counted');
  body.writeUInt8(version, 0);
  body.writeUInt32BE(events.length, 1);
  body.writeDoubleBE(ingestedMs, 5);
  body.writeDoubleBE(end.bytes, 13);
  body.writeDoubleBE(bytes, 21);
  body.writeDoubleBE(events[0]?.timestampMs ?? 0, 29);
  body.writeDoubleBE(end.highMs, 37);
  body.writeUInt8(late ? 1 : 0, 45);
  return { body, end: { bytes: end.bytes + bytes, highMs, late } };
}

export function decodeHeader(body: Uint8Array): BatchHeader {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  assert(buffer.length >= headerBytes && buffer[0] === version, 'a journal record of logs is a batch');
  return {
    events: buffer.readUInt32BE(1),
    ingestedMs: buffer.readDoubleBE(5),
    bytesBefore: buffer.readDoubleBE(13),
    bytes: buffer.readDoubleBE(21),
    firstMs: buffer.readDoubleBE(29),
    highBeforeMs: buffer.readDoubleBE(37),
    late: buffer[45] === 1,
  };
}

export function decodeBatch(body: Uint8Array): Batch {
  const header = decodeHeader(body);
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const list: StoredEvent[] = [];
  let highMs = header.highBeforeMs;
  let offset = headerBytes;
  for (let index = 0; index < header.events; index += 1) {
    const timestampMs = buffer.readDoubleBE(offset);
    const length = buffer.readUInt32BE(offset + 8);
    offset += eventHeaderBytes;
    if (timestampMs > highMs) highMs = timestampMs;
    list.push({ timestampMs, markMs: highMs, message: buffer.toString('utf8', offset, offset + length) });
    offset += length;
  }
  assert(offset === buffer.length, 'a batch ends with its last event');
  return { ...header, list, highMs };
}
