/** The image as a stream of chunks: written from front to back, never held. A bounded number of chunks is on its way to the sink at a time. */
import { assert } from '#lib/assert';
import { blockBytes, chunkBytes, chunksInFlightMax } from '../limits.ts';
import { tooLarge } from '../refusal.ts';

/** Takes the chunks of an image: each index once, in no particular order; those that are left out are zeros. */
export interface ChunkSink {
  /** `bytes` are a whole chunk, and the sink's until it resolves. */
  put(index: number, bytes: Uint8Array): Promise<void>;
}

export class ChunkStream {
  readonly #sink: ChunkSink;
  readonly #blocksMax: number;
  readonly #free: Buffer[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #buffers = 0;
  #failure: { readonly error: unknown } | undefined;
  #chunk: Buffer | undefined;
  /** In bytes. */
  #position: number;

  /** Starts at chunk `first`. */
  constructor(sink: ChunkSink, first: number, blocksMax: number) {
    this.#sink = sink;
    this.#position = first * chunkBytes;
    this.#blocksMax = blocksMax;
  }

  /** The block that is written next; the position must be at its start. */
  get block(): number {
    assert(this.#position % blockBytes === 0, 'a block starts in the middle of another');
    return this.#position / blockBytes;
  }

  /** Resolves when the bytes were taken over. */
  async write(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const chunk = this.#chunk ?? (await this.#open());
      const at = this.#position % chunkBytes;
      const copied = bytes.copy(chunk, at, done, Math.min(bytes.length, done + chunkBytes - at));
      done += copied;
      this.#position += copied;
      if (this.#position % chunkBytes === 0) this.#send();
    }
  }

  /** Writes zeros. */
  async zeros(bytes: number): Promise<void> {
    for (let left = bytes; left > 0;) {
      const chunk = this.#chunk ?? (await this.#open());
      const at = this.#position % chunkBytes;
      const filled = Math.min(left, chunkBytes - at);
      chunk.fill(0, at, at + filled);
      left -= filled;
      this.#position += filled;
      if (this.#position % chunkBytes === 0) this.#send();
    }
  }

  /** Fills up with zeros to a multiple of `bytes`, which divides a chunk. */
  async align(bytes: number): Promise<void> {
    const over = this.#position % bytes;
    if (over > 0) await this.zeros(bytes - over);
  }

  /** Resolves when every chunk so far was taken; the position must be at a chunk's end. */
  async flush(): Promise<void> {
    assert(this.#chunk === undefined, 'a chunk is not full');
    await Promise.all(this.#inFlight);
    this.#throwFailure();
  }

  /** Resolves when the sink is done with everything, whatever came of it. */
  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  async #open(): Promise<Buffer> {
    if (this.#position >= this.#blocksMax * blockBytes)
      throw tooLarge('an image would be larger than its groups');
    while (this.#free.length === 0 && this.#buffers === chunksInFlightMax) await Promise.race(this.#inFlight);
    this.#throwFailure();
    let chunk = this.#free.pop();
    if (chunk === undefined) {
      chunk = Buffer.allocUnsafeSlow(chunkBytes);
      this.#buffers += 1;
    }
    this.#chunk = chunk;
    return chunk;
  }

  #send(): void {
    const chunk = this.#chunk;
    assert(chunk !== undefined, 'there is no chunk to send');
    this.#chunk = undefined;
    const sending = this.#sink
      .put(this.#position / chunkBytes - 1, chunk)
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .then(() => {
        this.#free.push(chunk);
        this.#inFlight.delete(sending);
      });
    this.#inFlight.add(sending);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
