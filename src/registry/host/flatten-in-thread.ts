/** Makes an image of layers in a thread of its own, and stores its chunks as they come. */
import { Worker } from 'node:worker_threads';
import { type FlattenedImage, type FlattenProgress, ImageRefusal, type ImageSink } from '#images';
import { compiledCodeVariables } from '#platform';
import { importLimits } from '../limits.ts';
import type { FlattenTask, FromThread, SentChunk, ToThread } from './flatten-messages.ts';

export interface ThreadLayer {
  readonly digest: string;
  readonly diffId: string;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/**
 * Rejects with an ImageRefusal where the layers are at fault, else with what a layer's stream, the sink or the signal rejected with. The thread has
 * ended and nothing is in flight when it settles.
 */
export async function flattenInThread(
  layers: readonly ThreadLayer[],
  sink: ImageSink,
  options: { readonly signal: AbortSignal; readonly onProgress: (progress: FlattenProgress) => void },
): Promise<FlattenedImage> {
  options.signal.throwIfAborted();
  return new Flattening(layers, sink, options).run();
}

class Flattening {
  readonly #layers: readonly ThreadLayer[];
  readonly #sink: ImageSink;
  readonly #options: Parameters<typeof flattenInThread>[2];
  readonly #worker: Worker;
  readonly #outcome = Promise.withResolvers<FlattenedImage>();
  readonly #inFlight = new Set<Promise<void>>();
  #bytesAhead = 0;
  #room: () => void = () => {};
  #isOver = false;

  constructor(
    layers: readonly ThreadLayer[],
    sink: ImageSink,
    options: Parameters<typeof flattenInThread>[2],
  ) {
    this.#layers = layers;
    this.#sink = sink;
    this.#options = options;
    const task: FlattenTask = {
      salt: sink.salt,
      layers: layers.map(({ digest, diffId }) => ({ digest, diffId })),
    };
    this.#worker = new Worker(new URL('flatten-worker.ts', import.meta.url), {
      workerData: task,
      name: 'lambkin-image',
      env: { ...process.env, ...compiledCodeVariables() },
      resourceLimits: { maxOldGenerationSizeMb: importLimits.threadHeapMbMax },
    });
  }

  async run(): Promise<FlattenedImage> {
    const { signal } = this.#options;
    const abort = (): void => this.#fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#worker.on('message', (message: FromThread) => this.#receive(message));
    this.#worker.on('error', (error) => this.#fail(threadError(error)));
    this.#worker.on('exit', () => this.#fail(new Error('the thread that makes an image ended early')));
    try {
      return await this.#outcome.promise;
    } finally {
      this.#isOver = true;
      this.#room();
      signal.removeEventListener('abort', abort);
      await this.#worker.terminate();
      await Promise.all(this.#inFlight);
    }
  }

  #receive(message: FromThread): void {
    if (this.#isOver) return;
    switch (message.kind) {
      case 'open':
        this.#track(this.#feed(message.layer));
        return;
      case 'used':
        this.#bytesAhead -= message.bytes;
        this.#room();
        return;
      case 'chunk':
        this.#track(this.#store(message.index, message.chunk));
        return;
      case 'progress':
        this.#options.onProgress(message.progress);
        return;
      case 'done':
        this.#outcome.resolve(message.image);
        return;
      case 'refused':
        this.#fail(new ImageRefusal(message.reason, message.message));
        return;
      case 'failed':
        // Where this side failed first, that is the reason, and it is told already.
        this.#fail(new Error(message.message));
        return;
      default:
        message satisfies never;
    }
  }

  async #feed(index: number): Promise<void> {
    const layer = this.#layers[index];
    if (layer === undefined) return this.#fail(new Error('the thread asked for a layer that is not there'));
    try {
      for await (const piece of layer.open()) {
        while (this.#bytesAhead >= importLimits.bytesAheadMax && !this.#isOver) {
          await new Promise<void>((resolve) => {
            this.#room = resolve;
          });
        }
        if (this.#isOver) return;
        this.#bytesAhead += piece.length;
        // Bytes of their own: what is handed over is gone here, and pieces may share a buffer with others.
        const bytes = new Uint8Array(piece.length);
        bytes.set(piece);
        this.#say({ kind: 'piece', bytes }, [bytes.buffer]);
      }
      this.#say({ kind: 'end' });
    } catch (error) {
      this.#fail(error);
      this.#say({ kind: 'broken' });
    }
  }

  async #store(index: number, chunk: SentChunk | undefined): Promise<void> {
    try {
      const sent = chunk && {
        name: chunk.name,
        key: Buffer.from(chunk.key),
        ciphertext: Buffer.from(
          chunk.ciphertext.buffer,
          chunk.ciphertext.byteOffset,
          chunk.ciphertext.length,
        ),
      };
      await this.#sink.putSealed(index, sent);
      this.#say({ kind: 'taken', index, isStored: true });
    } catch (error) {
      this.#fail(error);
      this.#say({ kind: 'taken', index, isStored: false });
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
  }

  #say(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    if (!this.#isOver) this.#worker.postMessage(message, transfer);
  }

  /** The first reason counts. */
  #fail(error: unknown): void {
    this.#outcome.reject(error);
  }
}

function threadError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
  return new ImageRefusal('too-large', 'the image has too many files');
}
