/** Content by digest: what a repository has, whichever upload brought it. */
import { digestOf } from '../format/digest.ts';
import { OciError } from '../oci/oci-error.ts';
import { streamOfParts } from './parts.ts';
import {
  contentKey,
  type ContentRecord,
  find,
  hold,
  linkKey,
  type LinkRecord,
  put,
  type Stored,
} from './records.ts';
import type { StoreParts, Uploads } from './uploads.ts';

export class Contents {
  readonly #parts: StoreParts;
  readonly #uploads: Uploads;

  constructor(parts: StoreParts, uploads: Uploads) {
    this.#parts = parts;
    this.#uploads = uploads;
  }

  /**
   * What the repository has, which counts as a use: whoever is told that it is there will find it there for a while. undefined: the repository
   * does not have it.
   */
  async use(repository: string, digest: string): Promise<ContentRecord | undefined> {
    const { documents, clock, limits } = this.#parts;
    for (let attempt = 0; attempt < limits.commitAttemptsMax; attempt += 1) {
      const [link, content] = await Promise.all([
        find<LinkRecord>(documents, linkKey(repository, digest)),
        find<ContentRecord>(documents, contentKey(digest)),
      ]);
      if (link === undefined || content === undefined) return undefined;
      const nowMs = clock.wallMs();
      if (nowMs - link.value.usedAtMs < limits.useFreshMs) return content.value;
      const used: LinkRecord = { usedAtMs: nowMs };
      if ((await documents.commit([put(link.key, used, link)])).kind === 'committed') return content.value;
    }
    throw new OciError('UNAVAILABLE', 'The blob is in too much use. Try again.');
  }

  /** Without counting as a use. */
  async sizeOf(repository: string, digest: string): Promise<number | undefined> {
    const { documents } = this.#parts;
    const [link, content] = await Promise.all([
      find<LinkRecord>(documents, linkKey(repository, digest)),
      find<ContentRecord>(documents, contentKey(digest)),
    ]);
    return link && content?.value.sizeBytes;
  }

  stream(
    content: ContentRecord,
    range?: { readonly start: number; readonly end: number },
  ): AsyncIterable<Uint8Array> {
    return streamOfParts(this.#parts.blobs, content.parts, range);
  }

  /** Of content that is small. */
  async read(content: ContentRecord): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.stream(content)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** Gives the repository what another one has. false: there is none. */
  async mount(repository: string, digest: string, from: string): Promise<boolean> {
    if ((await this.use(from, digest)) === undefined) return false;
    return this.#link(repository, digest);
  }

  /** Content that is small, from memory. */
  async write(repository: string, bytes: Uint8Array): Promise<string> {
    const digest = digestOf(bytes);
    if (await this.#link(repository, digest)) return digest;
    const upload = await this.#uploads.open(repository);
    await this.#uploads.finish(repository, upload, digest, { start: 0, body: once(bytes) });
    return digest;
  }

  async #link(repository: string, digest: string): Promise<boolean> {
    const { documents, clock, limits } = this.#parts;
    const link: LinkRecord = { usedAtMs: clock.wallMs() };
    for (let attempt = 0; attempt < limits.commitAttemptsMax; attempt += 1) {
      const content: Stored<ContentRecord> | undefined = await find(documents, contentKey(digest));
      if (content === undefined) return false;
      const outcome = await documents.commit([hold(content), put(linkKey(repository, digest), link, 'any')]);
      if (outcome.kind === 'committed') return true;
    }
    throw new OciError('UNAVAILABLE', 'The blob is in too much use. Try again.');
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}
