/**
 * The images of all accounts in one store: upload, open, release. Nothing counts until its record is committed, and a record is committed only
 * while the root that holds its chunks is active (see state.ts).
 */
import { createHash } from 'node:crypto';
import type { Blobs, Clock, Documents, Entropy, Json, Write } from '#platform';
import { ChunkError } from '../chunks/errors.ts';
import type { Keyring } from '../chunks/keyring.ts';
import { decodeManifest, encodeManifest, type Manifest } from '../chunks/manifest.ts';
import { decodeTrace, encodeTrace } from '../chunks/trace.ts';
import { ChunkUpload, type ImageSink, type UploadCounts } from '../chunks/upload.ts';
import { commitAttemptsMax, referencesMax } from '../limits.ts';
import type { ChunkSource } from '../reading/chunk-source.ts';
import { ImageReader } from '../reading/image-reader.ts';
import { carryChunks } from './carry.ts';
import { openNextRoot } from './opening.ts';
import { RecordedPlace, type Place } from './place.ts';
import {
  chunkBlob,
  commitUnderRoots,
  imageKey,
  imageRecord,
  imagesPrefix,
  manifestBlob,
  rootsKey,
  rootTable,
  traceBlob,
  type ImageRecord,
} from './records.ts';
import { activeRoot } from './state.ts';
import { StoreTier } from './store-tier.ts';

export interface ImageStoreOptions {
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Hears of reads of expired roots, which should not happen. */
  readonly onAlarm?: (root: number) => void;
}

export interface StoredImage extends UploadCounts {
  /** 64 hex digits; the same for the same contents in the same account and epoch. */
  readonly image: string;
  readonly sizeBytes: number;
}

export interface UploadRequest {
  readonly account: string;
  /** Who needs the image: what `release` names later. */
  readonly reference: string;
  /** Makes the image; called once. Resolves with its size. */
  readonly produce: (sink: ImageSink) => Promise<{ readonly sizeBytes: number }>;
  readonly onProgress?: (counts: UploadCounts) => void;
}

export interface FoundImage {
  readonly manifest: Manifest;
  readonly place: Place;
  /** Indexes of chunks in the order in which an earlier start first read them; empty: none was recorded. */
  readonly trace: readonly number[];
}

export class ImageStore {
  readonly #options: ImageStoreOptions;

  constructor(options: ImageStoreOptions) {
    this.#options = options;
  }

  /** Resolves once durable. Rejects with what `produce` rejected with, a StoreUnavailableError, or a ChunkError. */
  async upload({ account, reference, produce, onProgress }: UploadRequest): Promise<StoredImage> {
    const { blobs } = this.#options;
    const { root, salt } = await this.#activeRoot();
    const upload = new ChunkUpload(blobs, salt, (name) => chunkBlob(root, name));
    const { sizeBytes } = await produce({
      salt,
      put: async (index, bytes) => {
        await upload.put(index, bytes);
        onProgress?.(upload.counts);
      },
      putSealed: async (index, chunk) => {
        await upload.putSealed(index, chunk);
        onProgress?.(upload.counts);
      },
    });
    const manifest = { sizeBytes, chunks: upload.chunks };
    const image = await this.#commit(account, reference, manifest, root);
    return { image, sizeBytes, ...upload.counts };
  }

  /** Whether there is such an image now. */
  async has(account: string, image: string): Promise<boolean> {
    return (await this.#options.documents.get(imageKey(account, image))) !== undefined;
  }

  /** A further reference to an image; false: there is no such image (any more). */
  async refer(account: string, image: string, reference: string): Promise<boolean> {
    return this.#change(account, image, (record) => ({
      ...record,
      references: withName(record.references, reference),
    }));
  }

  /** Takes a reference back; the image goes with the last one. Releasing what is not there is not an error. */
  async release(account: string, image: string, reference: string): Promise<void> {
    await this.#change(account, image, (record) => {
      const references = record.references.filter((name) => name !== reference);
      return references.length === 0 ? undefined : { ...record, references };
    });
  }

  /** Every reference to every image of an account. */
  async references(
    account: string,
  ): Promise<readonly { readonly imageId: string; readonly reference: string }[]> {
    const prefix = `${imagesPrefix}${account}/`;
    const found: { imageId: string; reference: string }[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.#options.documents.list(prefix, after === undefined ? {} : { after });
      for (const document of page.documents) {
        const imageId = document.key.slice(prefix.length);
        for (const reference of imageRecord(document).references) found.push({ imageId, reference });
      }
      after = page.next;
      if (after === undefined) return found;
    }
  }

  /** undefined: there is no such image. Rejects with a ChunkError where its manifest cannot be had or opened. */
  async open(account: string, image: string, source: ChunkSource): Promise<ImageReader | undefined> {
    const found = await this.find(account, image);
    if (found === undefined) return undefined;
    const tier = new StoreTier(this.#options.blobs, image, found.place);
    return new ImageReader(found.manifest, source, tier);
  }

  /** What somebody who has the store's blobs needs to read an image. As `open`. */
  async find(account: string, image: string): Promise<FoundImage | undefined> {
    const document = await this.#options.documents.get(imageKey(account, image));
    if (document === undefined) return undefined;
    const place = new RecordedPlace(this.#options, account, image, imageRecord(document).root);
    const tier = new StoreTier(this.#options.blobs, image, place);
    const sealed = await tier.manifest();
    if (sealed === undefined) throw new ChunkError('missing', `the manifest of image ${image} is missing`);
    const manifest = await this.#unseal(account, image, sealed);
    return { manifest, place, trace: await this.#trace(account, image, tier) };
  }

  /** Keeps the order in which chunks were first read while the image started, for those who start it next. The first one counts. */
  async recordTrace(account: string, image: string, indexes: readonly number[]): Promise<void> {
    const { blobs, documents, keyring } = this.#options;
    const document = await documents.get(imageKey(account, image));
    if (document === undefined) return;
    const sealed = await keyring.seal(encodeTrace(indexes), { owner: account, purpose: `trace ${image}` });
    await blobs.putIfAbsent(traceBlob(imageRecord(document).root, image), sealed);
  }

  /** A hint: where it cannot be had, there is none. */
  async #trace(account: string, image: string, tier: StoreTier): Promise<readonly number[]> {
    try {
      const sealed = await tier.trace();
      if (sealed === undefined) return [];
      const { keyring } = this.#options;
      return decodeTrace(await keyring.open(sealed, { owner: account, purpose: `trace ${image}` }));
    } catch {
      return [];
    }
  }

  async #unseal(account: string, image: string, sealed: Uint8Array): Promise<Manifest> {
    return decodeManifest(
      await this.#options.keyring.open(sealed, { owner: account, purpose: `manifest ${image}` }),
    );
  }

  async #activeRoot(): Promise<{ readonly root: number; readonly salt: Buffer }> {
    const { documents, keyring } = this.#options;
    for (let attempt = 0; attempt < commitAttemptsMax; attempt += 1) {
      const { roots, salts } = rootTable(await documents.get(rootsKey));
      const root = activeRoot(roots)?.id;
      const sealed = root === undefined ? undefined : salts[root];
      if (root !== undefined && sealed !== undefined) {
        const purpose = `salt ${root}`;
        return { root, salt: await keyring.open(Buffer.from(sealed, 'base64'), { owner: 'store', purpose }) };
      }
      await openNextRoot(this.#options, undefined);
    }
    throw new ChunkError('unavailable', 'the store has no active root');
  }

  /** Writes the manifest under the root that is active, carrying the chunks there if that is not the one they were put under. */
  async #commit(account: string, reference: string, manifest: Manifest, uploadedTo: number): Promise<string> {
    const { blobs, documents, keyring } = this.#options;
    const plain = encodeManifest(manifest);
    const image = createHash('sha256').update(`${account}\0`).update(plain).digest('hex');
    const sealed = await keyring.seal(plain, { owner: account, purpose: `manifest ${image}` });
    for (let attempt = 0, root = uploadedTo; attempt < commitAttemptsMax; attempt += 1) {
      await blobs.putIfAbsent(manifestBlob(root, image), sealed);
      const outcome = await commitUnderRoots(
        documents,
        async ({ roots }): Promise<readonly Write[] | 'moved'> => {
          if (activeRoot(roots)?.id !== root) return 'moved';
          const key = imageKey(account, image);
          const there = await documents.get(key);
          const references = withName(there === undefined ? [] : imageRecord(there).references, reference);
          // One that stands under an older root moves here: everything it needs was put under this one.
          const record: ImageRecord = {
            root,
            sizeBytes: manifest.sizeBytes,
            chunks: manifest.chunks.length,
            references,
          };
          return [put(key, record, there?.revision ?? 'absent')];
        },
      );
      if (outcome === 'committed') return image;
      const to = activeRoot(rootTable(await documents.get(rootsKey)).roots)?.id ?? root;
      await carryChunks(blobs, manifest.chunks, root, to).catch((cause: unknown) => {
        throw new ChunkError('superseded', `root ${root} went away while an image was uploaded`, { cause });
      });
      root = to;
    }
    throw new ChunkError('unavailable', 'roots change faster than an image is stored');
  }

  async #change(
    account: string,
    image: string,
    to: (record: ImageRecord) => ImageRecord | undefined,
  ): Promise<boolean> {
    const { documents } = this.#options;
    const key = imageKey(account, image);
    for (let attempt = 0; attempt < commitAttemptsMax; attempt += 1) {
      const document = await documents.get(key);
      if (document === undefined) return false;
      const record = to(imageRecord(document));
      const write: Write =
        record === undefined
          ? { kind: 'delete', key, expected: document.revision }
          : put(key, record, document.revision);
      if ((await documents.commit([write])).kind === 'committed') return true;
    }
    throw new ChunkError('unavailable', 'the records of images are changed by too many at once');
  }
}

function put(key: string, record: ImageRecord, expected: number | 'absent'): Write {
  return { kind: 'put', key, value: record as unknown as Json, expected };
}

function withName(names: readonly string[], name: string): readonly string[] {
  if (names.includes(name)) return names;
  if (names.length === referencesMax) throw new ChunkError('overloaded', 'an image has too many references');
  return [...names, name].sort();
}
