/**
 * Makes block images of manifests: one flight per digest however many want it, a bounded number at once, and none where an equal image is stored.
 *
 *     store ──stored already?──▶ refer
 *       └──▶ flight of the digest ──▶ wait for a turn ──▶ layers ─▶ thread ─▶ chunks ─▶ ImageStore ──▶ refer for everybody who waits
 *                                      the last who waits gives up: the flight ends
 */
import {
  ChunkError,
  ImageRefusal,
  type FlattenedImage,
  type FlattenProgress,
  type ImageSink,
  type ImageStore,
} from '#images';
import { StoreUnavailableError, type Clock, type Documents } from '#platform';
import { ImageProblem } from '../image-source.ts';
import { importLimits } from '../limits.ts';
import {
  below,
  find,
  type ImportedRecord,
  importedKey,
  importedPrefix,
  put,
  remove,
} from '../store/records.ts';
import { imageInvalid, imageUnreachable } from './problems.ts';
import { Turns } from './turns.ts';

export interface ImportLayer {
  readonly digest: string;
  readonly diffId: string;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** Flattens the layers, somewhere; see `flattenInThread`. */
export type FlattenLayers = (
  layers: readonly ImportLayer[],
  sink: ImageSink,
  options: { readonly signal: AbortSignal; readonly onProgress: (progress: FlattenProgress) => void },
) => Promise<FlattenedImage>;

export interface ImporterOptions {
  readonly accountId: string;
  readonly documents: Documents;
  readonly images: ImageStore;
  readonly clock: Clock;
  readonly flattenLayers: FlattenLayers;
  readonly limits?: Partial<{ readonly [name in keyof typeof importLimits]: number }>;
  /** Told how imports go on. */
  readonly onProgress: (message: string, fields: Readonly<Record<string, string | number>>) => void;
}

export interface ImportRequest {
  readonly imageUri: string;
  /** Of the manifest. */
  readonly digest: string;
  /** Opens the layers once it is clear that they are needed. */
  readonly layers: (signal: AbortSignal) => Promise<readonly ImportLayer[]>;
}

export interface Imported {
  readonly imageId: string;
  readonly unpackedBytes: number;
}

interface Flight {
  readonly abort: AbortController;
  outcome: Promise<Imported>;
  /** Of everybody who waits, once for each of them. */
  readonly references: string[];
}

export class Importer {
  readonly #options: ImporterOptions;
  readonly #turns: Turns;
  readonly #flights = new Map<string, Flight>();
  /** Of all flights, also of those that were given up and end. */
  readonly #ending = new Set<Promise<unknown>>();
  #isClosed = false;

  constructor(options: ImporterOptions) {
    this.#options = options;
    const { importsMax, waitingMax } = { ...importLimits, ...options.limits };
    this.#turns = new Turns(importsMax, waitingMax);
  }

  /** Rejects with an ImageProblem, or with the signal's reason. */
  async store(request: ImportRequest, reference: string, signal?: AbortSignal): Promise<Imported> {
    const { digest, imageUri } = request;
    try {
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        signal?.throwIfAborted();
        const there = await this.#stored(digest);
        if (there !== undefined && (await this.#refer(there.imageId, reference))) return there;
        const imported = await this.#joined(request, reference, signal);
        // By then the one whose flight it was may have released it again.
        if (await this.#refer(imported.imageId, reference)) return imported;
      }
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      // Who asked is not told of the store's trouble; the operator is.
      if (isOfStore(error)) {
        this.#options.onProgress('the store of images cannot serve', { reason: error.message });
      }
      throw problemOf(error, imageUri);
    }
    throw imageUnreachable(imageUri, 'it was released as fast as it was stored.');
  }

  /** Gives a reference back; with the last one goes what is known of the image. */
  async release(image: string, reference: string): Promise<void> {
    const { accountId, documents, images } = this.#options;
    await images.release(accountId, image, reference);
    if (await images.has(accountId, image)) return;
    for await (const stored of below<ImportedRecord>(documents, importedPrefix)) {
      // Conflict: it was imported anew meanwhile.
      if (stored.value.image === image) await documents.commit([remove(stored)]);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { abort } of this.#flights.values()) abort.abort(new Error('the service is stopping'));
    await Promise.allSettled(this.#ending);
  }

  async #stored(digest: string): Promise<Imported | undefined> {
    const stored = await find<ImportedRecord>(this.#options.documents, importedKey(digest));
    return stored && { imageId: stored.value.image, unpackedBytes: stored.value.unpackedBytes };
  }

  #refer(image: string, reference: string): Promise<boolean> {
    return this.#options.images.refer(this.#options.accountId, image, reference);
  }

  /** Waits for the digest's flight; one that nobody waits for any more is given up. */
  async #joined(
    request: ImportRequest,
    reference: string,
    signal: AbortSignal | undefined,
  ): Promise<Imported> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw imageUnreachable(request.imageUri, 'the service is stopping.');
    const flight = this.#flights.get(request.digest) ?? this.#begin(request, reference);
    flight.references.push(reference);
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal?.reason);
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([flight.outcome, left.promise]);
    } finally {
      signal?.removeEventListener('abort', leave);
      flight.references.splice(flight.references.indexOf(reference), 1);
      if (flight.references.length === 0)
        flight.abort.abort(new Error('nobody waits for the image any more'));
    }
  }

  #begin(request: ImportRequest, reference: string): Flight {
    const abort = new AbortController();
    const flight: Flight = { abort, outcome: Promise.reject(new Error('not begun')), references: [] };
    flight.outcome.catch(() => {});
    const outcome = this.#import(request, reference, flight).finally(() => {
      if (this.#flights.get(request.digest) === flight) this.#flights.delete(request.digest);
      this.#ending.delete(outcome);
    });
    // Whoever waits hears of it; nobody may.
    outcome.catch(() => {});
    flight.outcome = outcome;
    this.#ending.add(outcome);
    abort.signal.addEventListener('abort', () => {
      // Who comes now must not join what ends.
      if (this.#flights.get(request.digest) === flight) this.#flights.delete(request.digest);
    });
    this.#flights.set(request.digest, flight);
    return flight;
  }

  async #import(request: ImportRequest, reference: string, flight: Flight): Promise<Imported> {
    const { signal } = flight.abort;
    const { accountId, documents, images, clock, flattenLayers, onProgress } = this.#options;
    const { digest, imageUri } = request;
    const giveTurn = await this.#turns.take(signal);
    if (giveTurn === 'full') throw imageUnreachable(imageUri, 'too many images are imported at once.');
    try {
      const startedMs = clock.monotonicMs();
      let toldMs = startedMs;
      let unpackedBytes = 0;
      const layers = await request.layers(signal);
      const tell = ({ layers: done, unpackedBytes: bytes, entries }: FlattenProgress): void => {
        if (clock.monotonicMs() - toldMs < importLimits.progressEveryMs) return;
        toldMs = clock.monotonicMs();
        onProgress('importing an image', { digest, layers: `${done} of ${layers.length}`, bytes, entries });
      };
      const stored = await images.upload({
        account: accountId,
        reference,
        produce: async (sink) => {
          const image = await flattenLayers(layers, sink, { signal, onProgress: tell });
          unpackedBytes = image.unpackedBytes;
          return image;
        },
      });
      // Before it is known as stored: who asks for it until then waits here, and refers to it afterwards.
      const wanted = new Set(flight.references);
      for (const name of wanted) await images.refer(accountId, stored.image, name);
      if (!wanted.has(reference)) await images.release(accountId, stored.image, reference);
      signal.throwIfAborted();
      const record: ImportedRecord = { image: stored.image, unpackedBytes };
      await documents.commit([put(importedKey(digest), record, 'any')]);
      onProgress('imported an image', {
        digest,
        bytes: unpackedBytes,
        chunksStored: stored.stored,
        chunksPresent: stored.present,
        seconds: Math.round((clock.monotonicMs() - startedMs) / 100) / 10,
      });
      return { imageId: stored.image, unpackedBytes };
    } finally {
      giveTurn();
    }
  }
}

/** How often an image may be released between its storing and its use. */
const attemptsMax = 3;

function problemOf(error: unknown, imageUri: string): unknown {
  if (error instanceof ImageProblem) return error;
  if (error instanceof ImageRefusal) return imageInvalid(imageUri, `${error.message}.`, error);
  if (isOfStore(error)) {
    return imageUnreachable(imageUri, 'the store of images cannot serve now.', error);
  }
  return imageUnreachable(imageUri, 'an internal error occurred.', error);
}

function isOfStore(error: unknown): error is StoreUnavailableError | ChunkError {
  return error instanceof StoreUnavailableError || error instanceof ChunkError;
}
