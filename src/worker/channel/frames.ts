/**
 * Frames of the private channel, apart and together. Pure: bytes in, frames out, whatever the boundaries of the chunks.
 *
 *   frame = length u32be | type u8 | body      (length counts type and body)
 *
 * A body is kept up to a limit of its type and counted beyond it, so that an answer of any size costs bounded memory. What lies
 * within one chunk is handed out without a copy.
 */
import { assert } from '#lib/assert';

export interface Frame {
  readonly type: number;
  /** The first bytes of the body, up to the limit of its type. */
  readonly body: Buffer;
  /** Length of the whole body. */
  readonly bodyBytes: number;
}

export interface FrameLimits {
  /** Longest body that a peer may send at all; a longer one is a broken peer. */
  readonly bodyBytesMax: number;
  /** How much of a body is kept; undefined: no such type, a broken peer. */
  readonly keptBytesMax: (type: number) => number | undefined;
}

const prefixBytes = 4;
const headBytes = prefixBytes + 1;

export class FrameReader {
  readonly #limits: FrameLimits;
  readonly #take: (frame: Frame) => void;
  /** Bytes of a head that is not complete yet. */
  #head: Buffer = Buffer.alloc(0);
  /** The frame whose body is still arriving. */
  #open:
    | { type: number; bodyBytes: number; keptBytes: number; seenBytes: number; kept: Buffer[] }
    | undefined;
  #broken: string | undefined;

  constructor(limits: FrameLimits, take: (frame: Frame) => void) {
    this.#limits = limits;
    this.#take = take;
  }

  /** Takes the next bytes. Returns why the peer is broken, once it is; nothing is read any more then. */
  push(chunk: Buffer): string | undefined {
    let rest = chunk;
    while (this.#broken === undefined && (rest.length > 0 || this.#open?.bodyBytes === 0)) {
      rest = this.#open === undefined ? this.#readHead(rest) : this.#readBody(rest);
    }
    return this.#broken;
  }

  /** Whether a frame has begun and not ended. */
  get partial(): boolean {
    return this.#open !== undefined || this.#head.length > 0;
  }

  #readHead(chunk: Buffer): Buffer {
    const head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk.subarray(0, headBytes)]);
    if (head.length < headBytes) {
      this.#head = Buffer.from(head);
      return chunk.subarray(chunk.length);
    }
    const consumed = headBytes - this.#head.length;
    this.#head = Buffer.alloc(0);
    const bodyBytes = head.readUInt32BE(0) - 1;
    const type = head.readUInt8(prefixBytes);
    const keptMax = this.#limits.keptBytesMax(type);
    if (bodyBytes < 0) this.#broken = 'a frame of length zero';
    else if (keptMax === undefined) this.#broken = `a frame of type ${type}`;
    else if (bodyBytes > this.#limits.bodyBytesMax) this.#broken = `a frame of ${bodyBytes} bytes`;
    else {
      this.#open = { type, bodyBytes, keptBytes: Math.min(bodyBytes, keptMax), seenBytes: 0, kept: [] };
    }
    return chunk.subarray(consumed);
  }

  #readBody(chunk: Buffer): Buffer {
    const open = this.#open;
    assert(open !== undefined, 'a body belongs to an open frame');
    const here = chunk.subarray(0, open.bodyBytes - open.seenBytes);
    const wanted = here.subarray(0, Math.max(0, open.keptBytes - open.seenBytes));
    if (wanted.length > 0) open.kept.push(wanted);
    open.seenBytes += here.length;
    if (open.seenBytes === open.bodyBytes) {
      this.#open = undefined;
      const [first] = open.kept;
      const body = open.kept.length === 1 && first !== undefined ? first : Buffer.concat(open.kept);
      this.#take({ type: open.type, body, bodyBytes: open.bodyBytes });
    }
    return chunk.subarray(here.length);
  }
}

/** Head of a frame whose body has `bodyBytes` bytes. */
export function frameHead(type: number, bodyBytes: number): Buffer {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32BE(bodyBytes + 1, 0);
  head.writeUInt8(type, prefixBytes);
  return head;
}

/** A whole frame with a text body. */
export function textFrame(type: number, text: string): Buffer {
  const bodyBytes = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(headBytes + bodyBytes);
  frame.writeUInt32BE(bodyBytes + 1, 0);
  frame.writeUInt8(type, prefixBytes);
  frame.write(text, headBytes);
  return frame;
}

/** Everything of a frame with header and payload that stands before the payload; with `room`, the frame has space for it. */
export function headerFrame(type: number, header: string, payloadBytes: number, room: boolean): Buffer {
  const headerBytes = Buffer.byteLength(header);
  const fixedBytes = headBytes + prefixBytes + headerBytes;
  const frame = Buffer.allocUnsafe(room ? fixedBytes + payloadBytes : fixedBytes);
  frame.writeUInt32BE(1 + prefixBytes + headerBytes + payloadBytes, 0);
  frame.writeUInt8(type, prefixBytes);
  frame.writeUInt32BE(headerBytes, headBytes);
  frame.write(header, headBytes + prefixBytes);
  return frame;
}
