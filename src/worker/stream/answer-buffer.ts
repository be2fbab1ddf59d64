/**
 * A streamed answer between the runtime that writes it and the client who reads it.
 *
 *     push ──▶ [ queue, at most a window ] ──▶ pace (burst, then a rate) ──▶ body
 *      ▲                  │
 *      └── more ◀─────────┘ half of the window is free again
 *
 * Memory is bounded because the writer waits for `more`. Once nobody reads any more everything is thrown away as it comes, so that a client
 * that went away never holds the function up.
 */
import { assert } from '#lib/assert';
import { TokenBucket } from '#lib/token-bucket';
import type { Clock } from '#platform';
import type { More } from '../environment/runtime.ts';
import { streamChunkOverheadBytes, streamPieceBytes, streamWindowBytes, type Limits } from '../limits.ts';
import type { AnswerStream, StreamEnd } from '../worker.ts';

export type StreamLimits = Pick<Limits, 'streamBytesMax' | 'streamBurstBytes' | 'streamBytesPerSecond'>;

export class AnswerBuffer implements AnswerStream {
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly #clock: Clock;
  readonly #limits: StreamLimits;
  readonly #pieceBytes: number;
  readonly #end = Promise.withResolvers<StreamEnd>();
  #queue: Uint8Array[] = [];
  /** Of what is queued, each chunk with its overhead. */
  #heldBytes = 0;
  #sizeBytes = 0;
  #ended = false;
  #cancelled = false;
  #waiting: More[] = [];
  /** Wakes the reader, if it sleeps. */
  #wake: (() => void) | undefined;

  constructor(contentType: string, clock: Clock, limits: StreamLimits) {
    this.contentType = contentType;
    this.#clock = clock;
    this.#limits = limits;
    this.#pieceBytes = Math.min(streamPieceBytes, limits.streamBurstBytes);
    this.body = this.#read();
  }

  get ended(): Promise<StreamEnd> {
    return this.#end.promise;
  }

  /** Bytes that were pushed, read or not. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** What waits to be read. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Takes the next bytes. False: the answer has become too long; nothing of these bytes is kept. */
  push(bytes: Uint8Array): boolean {
    assert(!this.#ended, 'an answer that has ended takes no more');
    this.#sizeBytes += bytes.length;
    if (this.#sizeBytes > this.#limits.streamBytesMax) return false;
    if (this.#cancelled || bytes.length === 0) return true;
    this.#queue.push(ownBytes(bytes));
    this.#heldBytes += bytes.length + streamChunkOverheadBytes;
    this.#rouse();
    return true;
  }

  /** Calls `more` once there is room: now, if there is some. */
  whenRoom(more: More): void {
    if (this.#heldBytes < streamWindowBytes) more('wanted');
    else this.#waiting.push(more);
  }

  /** The function has ended. */
  end(end: StreamEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end.resolve(end);
    this.#rouse();
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#queue = [];
    this.#heldBytes = 0;
    this.#giveRoom();
    this.#rouse();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    const { streamBurstBytes: capacity, streamBytesPerSecond: refillPerSecond } = this.#limits;
    const bucket = new TokenBucket({ capacity, refillPerSecond }, this.#clock.monotonicMs());
    try {
      while (!this.#cancelled) {
        const piece = this.#take();
        if (piece === undefined) {
          if (this.#ended) return;
          await this.#sleep();
          continue;
        }
        // What goes out now is what the rate has allowed until now.
        while (!this.#cancelled && !bucket.take(this.#clock.monotonicMs(), piece.length)) {
          await this.#sleep(Math.ceil(bucket.waitMs(this.#clock.monotonicMs(), piece.length)));
        }
        if (!this.#cancelled) yield piece;
      }
    } finally {
      this.cancel();
    }
  }

  /** The next bytes, of as many chunks as make a piece. */
  #take(): Uint8Array | undefined {
    const [first] = this.#queue;
    if (first === undefined) return undefined;
    let count = 0;
    let pieceBytes = 0;
    for (const { length } of this.#queue) {
      if (count > 0 && pieceBytes + length > this.#pieceBytes) break;
      count += 1;
      pieceBytes += length;
    }
    let piece = count === 1 ? first : Buffer.concat(this.#queue.slice(0, count), pieceBytes);
    this.#queue.splice(0, count);
    this.#heldBytes -= pieceBytes + count * streamChunkOverheadBytes;
    if (piece.length > this.#pieceBytes) {
      this.#queue.unshift(piece.subarray(this.#pieceBytes));
      this.#heldBytes += piece.length - this.#pieceBytes + streamChunkOverheadBytes;
      piece = piece.subarray(0, this.#pieceBytes);
    }
    if (this.#heldBytes <= streamWindowBytes / 2) this.#giveRoom();
    return piece;
  }

  #giveRoom(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const more of waiting) more('wanted');
  }

  /** Until something happens, or for `delayMs`. */
  async #sleep(delayMs?: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const cancel = delayMs === undefined ? undefined : this.#clock.after(delayMs, resolve);
    await promise;
    cancel?.();
  }

  #rouse(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** A few bytes must not keep the whole of what they were read with. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength * 2 < bytes.buffer.byteLength ? Uint8Array.prototype.slice.call(bytes) : bytes;
}
