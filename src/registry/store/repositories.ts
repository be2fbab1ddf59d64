/**
 * Repositories with their manifests and tags. Whatever changes a repository's manifests holds the repository's document in the same commit, and so
 * does what collects its garbage: a manifest counts only together with everything that it names.
 */
import { digestOf, isDigest } from '../format/digest.ts';
import type { Manifest } from '../format/manifest.ts';
import { isForeignLayer } from '../format/media-types.ts';
import { OciError } from '../oci/oci-error.ts';
import type { Attempts } from './attempts.ts';
import type { Contents } from './contents.ts';
import {
  blobUnknown,
  immutable,
  nameUnknown,
  parsed,
  recordOf,
  referrerOf,
  sizeInvalid,
} from './manifest-records.ts';
import {
  below,
  find,
  hold,
  manifestKey,
  type ManifestRecord,
  manifestsPrefix,
  put,
  type ReferrerRecord,
  referrersPrefix,
  repositoriesPrefix,
  repositoryKey,
  type RepositoryRecord,
  type Stored,
  tagKey,
  type TagRecord,
  tagsPrefix,
} from './records.ts';
import type { StoreParts } from './uploads.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  /** There is more after the last one. */
  readonly isCut: boolean;
}

export interface PutManifest {
  readonly repository: string;
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  /** A tag, or the digest that it must have. */
  readonly reference: string;
}

export class Repositories {
  readonly #parts: StoreParts;
  readonly #contents: Contents;
  readonly #attempts: Attempts;

  constructor(parts: StoreParts, contents: Contents, attempts: Attempts) {
    this.#parts = parts;
    this.#attempts = attempts;
    this.#contents = contents;
  }

  async find(name: string): Promise<RepositoryRecord | undefined> {
    return (await this.stored(name))?.value;
  }

  stored(name: string): Promise<Stored<RepositoryRecord> | undefined> {
    return find(this.#parts.documents, repositoryKey(name));
  }

  /** false: there is one of this name. */
  async create(record: RepositoryRecord): Promise<'created' | 'present' | 'too-many'> {
    const { documents, limits } = this.#parts;
    let count = 0;
    for await (const _ of below(documents, repositoriesPrefix)) count += 1;
    if (count >= limits.repositoriesMax) return 'too-many';
    const { kind } = await documents.commit([put(repositoryKey(record.name), record, 'absent')]);
    return kind === 'committed' ? 'created' : 'present';
  }

  /** Changes what the repository is; undefined: there is none. */
  async change(
    name: string,
    to: (record: RepositoryRecord) => RepositoryRecord,
  ): Promise<RepositoryRecord | undefined> {
    return this.#attempts.make(name, async () => {
      const stored = await this.stored(name);
      if (stored === undefined) return { result: undefined };
      const next = to(stored.value);
      const { kind } = await this.#parts.documents.commit([put(stored.key, next, stored)]);
      return kind === 'committed' && { result: next };
    });
  }

  async page(after: string, limit: number): Promise<Page<RepositoryRecord>> {
    return this.#page<RepositoryRecord>(repositoriesPrefix, after, limit);
  }

  /** Tags in order of their names. */
  async tags(
    repository: string,
    after: string,
    limit: number,
  ): Promise<Page<{ readonly tag: string } & TagRecord>> {
    const prefix = tagsPrefix(repository);
    const { documents, next } = await this.#parts.documents.list(prefix, {
      limit,
      ...(after !== '' && { after: prefix + after }),
    });
    return {
      items: documents.map(({ key, value }) => {
        const { digest, pushedAtMs } = value as unknown as TagRecord;
        return { tag: key.slice(prefix.length), digest, pushedAtMs };
      }),
      isCut: next !== undefined,
    };
  }

  async manifestsPage(repository: string, after: string, limit: number): Promise<Page<ManifestRecord>> {
    return this.#page<ManifestRecord>(manifestsPrefix(repository), after, limit);
  }

  /** All tags, by the digest of their manifest. */
  async tagsByDigest(repository: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const tags = new Map<string, string[]>();
    const prefix = tagsPrefix(repository);
    for await (const { key, value } of below<TagRecord>(this.#parts.documents, prefix)) {
      const named = tags.get(value.digest);
      if (named === undefined) tags.set(value.digest, [key.slice(prefix.length)]);
      else named.push(key.slice(prefix.length));
    }
    return tags;
  }

  async referrers(repository: string, subject: string, limit: number): Promise<readonly ReferrerRecord[]> {
    const { documents } = await this.#parts.documents.list(referrersPrefix(repository, subject), { limit });
    return documents.map(({ value }) => value as unknown as ReferrerRecord);
  }

  /** By tag or digest. */
  async manifest(repository: string, reference: string): Promise<ManifestRecord | undefined> {
    const { documents } = this.#parts;
    const digest = isDigest(reference)
      ? reference
      : (await find<TagRecord>(documents, tagKey(repository, reference)))?.value.digest;
    if (digest === undefined) return undefined;
    return (await find<ManifestRecord>(documents, manifestKey(repository, digest)))?.value;
  }

  async manifestBytes(repository: string, digest: string): Promise<Buffer | undefined> {
    const content = await this.#contents.use(repository, digest);
    return content && this.#contents.read(content);
  }

  /** The repository must be there. Throws an OciError for what is wrong with the manifest. */
  async putManifest(
    request: PutManifest,
  ): Promise<{ readonly digest: string; readonly subject: string | undefined }> {
    const { repository, bytes, reference } = request;
    const manifest = parsed(bytes, request.contentType);
    if (isDigest(reference) && reference !== digestOf(bytes)) {
      throw new OciError('DIGEST_INVALID', 'The manifest does not have the digest that it is put under.');
    }
    const digest = await this.#contents.write(repository, bytes);
    const tag = isDigest(reference) ? undefined : reference;
    const { documents, clock } = this.#parts;
    const record = recordOf(manifest, digest, bytes.length, clock.wallMs());
    await this.#attempts.make(repository, async () => {
      const holder = await this.stored(repository);
      if (holder === undefined) throw nameUnknown(repository);
      await this.#checkNamed(repository, manifest, digest);
      const writes = [hold(holder), put(manifestKey(repository, digest), record, 'any')];
      if (tag !== undefined) {
        const there = await find<TagRecord>(documents, tagKey(repository, tag));
        const isMoved = there !== undefined && there.value.digest !== digest;
        if (isMoved && holder.value.mutability === 'IMMUTABLE') throw immutable(repository, tag);
        const tagged: TagRecord = { digest, pushedAtMs: record.pushedAtMs };
        writes.push(put(tagKey(repository, tag), tagged, there ?? 'absent'));
      }
      const { subject } = manifest;
      if (subject !== undefined) {
        writes.push(
          put(`${referrersPrefix(repository, subject)}${digest}`, referrerOf(manifest, record), 'any'),
        );
      }
      const { kind } = await documents.commit(writes);
      return kind === 'committed' && { result: undefined };
    });
    return { digest, subject: manifest.subject };
  }

  async #checkNamed(repository: string, manifest: Manifest, digest: string): Promise<void> {
    const { documents } = this.#parts;
    if (manifest.kind === 'index') {
      for (const entry of manifest.manifests) {
        const there = await find<ManifestRecord>(documents, manifestKey(repository, entry.digest));
        if (there === undefined) throw blobUnknown(entry.digest, 'manifest');
        if (there.value.sizeBytes !== entry.sizeBytes) throw sizeInvalid(entry.digest);
      }
      return;
    }
    const needed = [manifest.config, ...manifest.layers].filter(
      ({ mediaType }) => !isForeignLayer(mediaType),
    );
    const sizes = await Promise.all(
      needed.map(async (blob) => this.#contents.sizeOf(repository, blob.digest)),
    );
    for (const [index, { digest, sizeBytes }] of needed.entries()) {
      const size = sizes[index];
      if (size === undefined) throw blobUnknown(digest, 'blob');
      if (size !== sizeBytes) throw sizeInvalid(digest);
    }
    // The manifest itself was written before, and may have been taken away since.
    if ((await this.#contents.sizeOf(repository, digest)) === undefined)
      throw blobUnknown(digest, 'manifest');
  }

  async #page<Value>(prefix: string, after: string, limit: number): Promise<Page<Value>> {
    const { documents, next } = await this.#parts.documents.list(prefix, {
      limit,
      ...(after !== '' && { after: prefix + after }),
    });
    return {
      items: documents.map(({ value }) => value as unknown as Value),
      isCut: next !== undefined,
    };
  }
}
