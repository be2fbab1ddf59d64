/**
 * Uploads: content on its way in, piece by piece, straight to the store.
 *
 *     open ──append──▶ pieces ──finish──▶ content of the repository, if the digest is right
 *       └──────────────cancel, or nobody goes on with it──▶ gone
 *
 * A piece counts once its document is committed. What came of a piece that broke off is dropped, and the client asks where it stands. The hash
 * goes along in memory; after a restart the pieces are read once more at the end.
 */
import type { Hash } from 'node:crypto';
import type { Blobs, Clock, Documents, Entropy } from '#platform';
import { digestIn, startDigest } from '../format/digest.ts';
import type { RegistryLimits } from '../limits.ts';
import { OciError } from '../oci/oci-error.ts';
import { streamOfParts } from './parts.ts';
import {
  contentKey,
  type ContentRecord,
  find,
  hold,
  linkKey,
  type LinkRecord,
  partBlob,
  put,
  remove,
  type Stored,
  uploadKey,
  type UploadRecord,
  uploadsPrefix,
} from './records.ts';

export interface StoreParts {
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly limits: RegistryLimits;
}

interface Running {
  readonly hash: Hash;
  readonly sizeBytes: number;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class Uploads {
  readonly #parts: StoreParts;
  /** Hashes of what was uploaded so far, by upload. */
  readonly #running = new Map<string, Running>();
  /** Uploads that a request is working on. */
  readonly #busy = new Set<string>();

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Whether a request works on it right now. */
  isBusy(upload: string): boolean {
    return this.#busy.has(upload);
  }

  forget(upload: string): void {
    this.#running.delete(upload);
  }

  async open(repository: string): Promise<string> {
    const { documents, clock, entropy, limits } = this.#parts;
    const { documents: all } = await documents.list(uploadsPrefix, {
      limit: Math.min(limits.uploadsMax, 1000),
    });
    if (all.length >= limits.uploadsMax) {
      throw new OciError('TOOMANYREQUESTS', 'Too many uploads are in progress. Try again later.');
    }
    const upload = entropy.uuid();
    const record: UploadRecord = { repository, parts: [], sizeBytes: 0, touchedAtMs: clock.wallMs() };
    await documents.commit([put(uploadKey(upload), record, 'absent')]);
    this.#running.set(upload, { hash: startDigest(), sizeBytes: 0 });
    return upload;
  }

  /** Bytes that are there. */
  async sizeOf(repository: string, upload: string): Promise<number> {
    return (await this.#find(repository, upload)).value.sizeBytes;
  }

  /** `start`: where the client believes to be. Resolves with the bytes that are there then. */
  async append(
    repository: string,
    upload: string,
    start: number | undefined,
    body: AsyncIterable<Uint8Array>,
  ): Promise<number> {
    return this.#alone(upload, async () => {
      const stored = await this.#find(repository, upload);
      if (start !== undefined && start !== stored.value.sizeBytes) {
        throw rangeInvalid(repository, upload, stored.value.sizeBytes);
      }
      return (await this.#append(upload, stored, body)).value.sizeBytes;
    });
  }

  /** Takes the rest, if there is one; then the content is the repository's. A wrong digest ends the upload. */
  async finish(
    repository: string,
    upload: string,
    digest: string,
    rest?: { readonly start: number | undefined; readonly body: AsyncIterable<Uint8Array> },
  ): Promise<void> {
    await this.#alone(upload, async () => {
      let stored = await this.#find(repository, upload);
      if (rest !== undefined) {
        if (rest.start !== undefined && rest.start !== stored.value.sizeBytes) {
          throw rangeInvalid(repository, upload, stored.value.sizeBytes);
        }
        stored = await this.#append(upload, stored, rest.body);
      }
      if ((await this.#digest(upload, stored.value)) !== digest) {
        await this.#drop(upload, stored);
        throw new OciError('DIGEST_INVALID', 'The provided digest did not match the uploaded content.', {
          detail: { digest },
        });
      }
      await this.#adopt(upload, stored, digest);
    });
  }

  async cancel(repository: string, upload: string): Promise<void> {
    await this.#alone(upload, async () => this.#drop(upload, await this.#find(repository, upload)));
  }

  async #alone<Result>(upload: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#busy.has(upload)) {
      throw new OciError('BLOB_UPLOAD_INVALID', 'Another request is working on this upload.');
    }
    this.#busy.add(upload);
    try {
      return await work();
    } finally {
      this.#busy.delete(upload);
    }
  }

  async #find(repository: string, upload: string): Promise<Stored<UploadRecord>> {
    const stored = uuid.test(upload)
      ? await find<UploadRecord>(this.#parts.documents, uploadKey(upload))
      : undefined;
    if (stored === undefined || stored.value.repository !== repository) {
      throw new OciError(
        'BLOB_UPLOAD_UNKNOWN',
        'This upload is not known: it has ended, or was never begun.',
      );
    }
    return stored;
  }

  async #append(
    upload: string,
    stored: Stored<UploadRecord>,
    body: AsyncIterable<Uint8Array>,
  ): Promise<Stored<UploadRecord>> {
    const { documents, blobs, clock, entropy, limits } = this.#parts;
    const { value: record } = stored;
    if (record.parts.length >= limits.uploadPartsMax) {
      throw new OciError('SIZE_INVALID', `An upload has at most ${limits.uploadPartsMax} pieces.`);
    }
    const known = this.#running.get(upload);
    const hash = known?.sizeBytes === record.sizeBytes ? known.hash.copy() : undefined;
    const counted = new Counted(body, hash, limits.blobBytesMax - record.sizeBytes);
    const key = partBlob(upload, `${record.parts.length}-${entropy.uuid()}`);
    await blobs.putIfAbsent(key, counted);
    const { sizeBytes } = counted;
    if (sizeBytes === 0) await blobs.delete(key);
    const next: UploadRecord = {
      ...record,
      parts: sizeBytes === 0 ? record.parts : [...record.parts, { key, sizeBytes }],
      sizeBytes: record.sizeBytes + sizeBytes,
      touchedAtMs: clock.wallMs(),
    };
    const outcome = await documents.commit([put(stored.key, next, stored)]);
    if (outcome.kind === 'conflict') {
      await blobs.delete(key);
      throw new OciError('BLOB_UPLOAD_UNKNOWN', 'The upload was ended meanwhile.');
    }
    if (hash === undefined) this.#running.delete(upload);
    else this.#running.set(upload, { hash, sizeBytes: next.sizeBytes });
    return { key: stored.key, value: next, revision: outcome.revision };
  }

  async #digest(upload: string, { parts, sizeBytes }: UploadRecord): Promise<string> {
    const known = this.#running.get(upload);
    if (known?.sizeBytes === sizeBytes) return digestIn(known.hash.copy());
    const hash = startDigest();
    for await (const piece of streamOfParts(this.#parts.blobs, parts)) hash.update(piece);
    return digestIn(hash);
  }

  async #adopt(upload: string, stored: Stored<UploadRecord>, digest: string): Promise<void> {
    const { documents, blobs, clock, limits } = this.#parts;
    const { repository, parts, sizeBytes } = stored.value;
    const link: LinkRecord = { usedAtMs: clock.wallMs() };
    for (let attempt = 0; attempt < limits.commitAttemptsMax; attempt += 1) {
      const there = await find<ContentRecord>(documents, contentKey(digest));
      const content: ContentRecord = { sizeBytes, parts };
      const outcome = await documents.commit([
        there === undefined ? put(contentKey(digest), content, 'absent') : hold(there),
        put(linkKey(repository, digest), link, 'any'),
        remove(stored),
      ]);
      if (outcome.kind === 'conflict') {
        if (outcome.key === stored.key) break;
        continue;
      }
      this.#running.delete(upload);
      if (there !== undefined) await deleteParts(blobs, parts);
      return;
    }
    throw new OciError('UNAVAILABLE', 'The upload could not be finished. Try again.');
  }

  async #drop(upload: string, stored: Stored<UploadRecord>): Promise<void> {
    this.#running.delete(upload);
    await this.#parts.documents.commit([remove(stored)]);
    await deleteParts(this.#parts.blobs, stored.value.parts);
  }
}

async function deleteParts(blobs: Blobs, parts: readonly { readonly key: string }[]): Promise<void> {
  for (const { key } of parts) await blobs.delete(key);
}

/** Counts, hashes and bounds what goes through it. */
class Counted implements AsyncIterable<Uint8Array> {
  readonly #body: AsyncIterable<Uint8Array>;
  readonly #hash: Hash | undefined;
  readonly #bytesMax: number;
  sizeBytes = 0;

  constructor(body: AsyncIterable<Uint8Array>, hash: Hash | undefined, bytesMax: number) {
    this.#body = body;
    this.#hash = hash;
    this.#bytesMax = bytesMax;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for await (const piece of this.#body) {
      this.sizeBytes += piece.length;
      if (this.sizeBytes > this.#bytesMax) throw new OciError('SIZE_INVALID', 'The blob is too large.');
      this.#hash?.update(piece);
      yield piece;
    }
  }
}

function rangeInvalid(repository: string, upload: string, sizeBytes: number): OciError {
  return new OciError('RANGE_INVALID', `The upload stands at ${sizeBytes} bytes.`, {
    headers: uploadHeaders(repository, upload, sizeBytes),
  });
}

/** What tells a client where an upload is and how far it has come. */
export function uploadHeaders(
  repository: string,
  upload: string,
  sizeBytes: number,
): Readonly<Record<string, string>> {
  return {
    location: `/v2/${repository}/blobs/uploads/${upload}`,
    range: `0-${Math.max(sizeBytes - 1, 0)}`,
    'docker-upload-uuid': upload,
  };
}
