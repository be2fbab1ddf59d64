/**
 * The collection of garbage: uploads that nobody goes on with; links of contents that no manifest of their repository names, some time after their
 * last use; contents that no repository has; pieces that nothing names. Each is deleted only if what showed it to be garbage still holds at the
 * commit, so it may run beside any number of pushes, and die at any place.
 */
import {
  below,
  type ContentRecord,
  contentsPrefix,
  hold,
  linkKey,
  type LinkRecord,
  linksRoot,
  type ManifestRecord,
  manifestsPrefix,
  remove,
  repositoriesPrefix,
  type RepositoryRecord,
  type Stored,
  uploadBlobs,
  type UploadRecord,
  uploadsPrefix,
} from './records.ts';
import type { Repositories } from './repositories.ts';
import type { StoreParts, Uploads } from './uploads.ts';

export interface RegistryCollected {
  readonly uploads: number;
  readonly links: number;
  readonly contents: number;
  readonly blobs: number;
}

/** Links that go in one commit, with the repository's document. */
const perCommitMax = 90;

export class Garbage {
  readonly #parts: StoreParts;
  readonly #uploads: Uploads;
  readonly #repositories: Repositories;

  constructor(parts: StoreParts, uploads: Uploads, repositories: Repositories) {
    this.#parts = parts;
    this.#uploads = uploads;
    this.#repositories = repositories;
  }

  async collect(signal?: AbortSignal): Promise<RegistryCollected> {
    const uploads = await this.#collectUploads();
    signal?.throwIfAborted();
    const links = await this.#collectLinks(signal);
    signal?.throwIfAborted();
    const contents = await this.#collectContents();
    signal?.throwIfAborted();
    const blobs = await this.#collectBlobs();
    return { uploads, links, contents, blobs };
  }

  async #collectUploads(): Promise<number> {
    const { documents, clock, limits } = this.#parts;
    let count = 0;
    for await (const stored of below<UploadRecord>(documents, uploadsPrefix)) {
      const upload = stored.key.slice(uploadsPrefix.length);
      const isIdle = clock.wallMs() - stored.value.touchedAtMs >= limits.uploadIdleMs;
      if (!isIdle || this.#uploads.isBusy(upload)) continue;
      if ((await documents.commit([remove(stored)])).kind === 'conflict') continue;
      this.#uploads.forget(upload);
      count += 1;
    }
    return count;
  }

  async #collectLinks(signal: AbortSignal | undefined): Promise<number> {
    const { documents } = this.#parts;
    let count = 0;
    for await (const { value } of below<RepositoryRecord>(documents, repositoriesPrefix)) {
      signal?.throwIfAborted();
      count += await this.#collectLinksOf(value.name);
    }
    // Of repositories that are gone.
    let name: string | undefined;
    let isThere = false;
    for await (const link of below<LinkRecord>(documents, linksRoot)) {
      const at = link.key.slice(linksRoot.length).split(':', 1)[0] ?? '';
      if (at !== name) {
        name = at;
        isThere = (await this.#repositories.stored(at)) !== undefined;
      }
      // Whoever makes the repository anew must not count on what is going.
      if (isThere || !this.#isUnused(link)) continue;
      if ((await documents.commit([remove(link)])).kind === 'committed') count += 1;
    }
    return count;
  }

  async #collectLinksOf(repository: string): Promise<number> {
    const { documents } = this.#parts;
    const holder = await this.#repositories.stored(repository);
    if (holder === undefined) return 0;
    const named = new Set<string>();
    for await (const { value } of below<ManifestRecord>(documents, manifestsPrefix(repository))) {
      named.add(value.digest);
      for (const digest of value.contents) named.add(digest);
    }
    const prefix = linkKey(repository, '');
    const unused: Stored<LinkRecord>[] = [];
    for await (const link of below<LinkRecord>(documents, prefix)) {
      if (!named.has(link.key.slice(prefix.length)) && this.#isUnused(link)) unused.push(link);
      if (unused.length === perCommitMax) break;
    }
    if (unused.length === 0) return 0;
    // A manifest that was put meanwhile has changed the holder.
    const { kind } = await documents.commit([hold(holder), ...unused.map(remove)]);
    return kind === 'committed' ? unused.length : 0;
  }

  #isUnused({ value }: Stored<LinkRecord>): boolean {
    const { clock, limits } = this.#parts;
    return clock.wallMs() - value.usedAtMs >= limits.unreferencedMs;
  }

  async #collectContents(): Promise<number> {
    const { documents, blobs } = this.#parts;
    // The contents first: whoever links one changes its document.
    const unlinked = new Map<string, Stored<ContentRecord>>();
    for await (const content of below<ContentRecord>(documents, contentsPrefix)) {
      unlinked.set(content.key.slice(contentsPrefix.length), content);
    }
    for await (const { key } of below<LinkRecord>(documents, linksRoot)) {
      unlinked.delete(key.slice(key.indexOf(':') + 1));
    }
    let count = 0;
    for (const content of unlinked.values()) {
      if ((await documents.commit([remove(content)])).kind === 'conflict') continue;
      for (const { key } of content.value.parts) await blobs.delete(key);
      count += 1;
    }
    return count;
  }

  /** Pieces that a crash left, or a stream that broke off. */
  async #collectBlobs(): Promise<number> {
    const { documents, blobs } = this.#parts;
    let count = 0;
    for (let after = ''; ;) {
      const page = await blobs.list(uploadBlobs, { after });
      const last = page.at(-1);
      if (last === undefined) return count;
      after = last.key;
      // In this order: a piece is there before it is named, named by its upload before by a content, and by one of the two until it is garbage.
      const working = new Set<string>();
      for await (const { key } of below<UploadRecord>(documents, uploadsPrefix)) {
        working.add(key.slice(uploadsPrefix.length));
      }
      const named = new Set<string>();
      for await (const { value } of below<ContentRecord>(documents, contentsPrefix)) {
        for (const part of value.parts) named.add(part.key);
      }
      for (const { key } of page) {
        const upload = key.slice(uploadBlobs.length).split('/', 1)[0] ?? '';
        if (working.has(upload) || named.has(key)) continue;
        await blobs.delete(key);
        count += 1;
      }
    }
  }
}
