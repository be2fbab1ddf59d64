/**
 * What the registry keeps, as documents (no name of a repository, tag or digest can hold the marks between them):
 *
 *     registry/repositories/<repository>                       what the repository is
 *     registry/manifests/<repository>:<digest>                 a manifest that was put there, and what it names
 *     registry/tags/<repository>:<tag>                         the manifest that a tag stands for
 *     registry/referrers/<repository>:<subject>:<digest>       a manifest by the subject that it names
 *     registry/links/<repository>:<digest>                     that a repository has a content, and when it was used last
 *     registry/contents/<digest>                               the pieces of a content, once however many repositories have it
 *     registry/uploads/<upload>                                the pieces of what is not finished
 *     registry/imported/<digest>                               the block image that was made of a manifest
 *
 * and as blobs, `registry/uploads/<upload>/<piece>`: content is never copied, finishing an upload moves its pieces from one document to another.
 */
import type { Documents, Json, Revision, Write } from '#platform';

export interface RepositoryRecord {
  readonly name: string;
  readonly createdAtMs: number;
  readonly mutability: 'MUTABLE' | 'IMMUTABLE';
  readonly scanOnPush: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface ManifestRecord {
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType: string | undefined;
  readonly sizeBytes: number;
  readonly pushedAtMs: number;
  /** Config and layers. */
  readonly contents: readonly string[];
  /** Of an index. */
  readonly manifests: readonly string[];
  readonly subject: string | undefined;
  /** Of an image: its layers as they travel. */
  readonly layersBytes: number;
}

export interface TagRecord {
  readonly digest: string;
  readonly pushedAtMs: number;
}

export interface ReferrerRecord {
  readonly digest: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface LinkRecord {
  /** Epoch milliseconds. */
  readonly usedAtMs: number;
}

/** A piece of content: one blob. */
export interface Part {
  readonly key: string;
  readonly sizeBytes: number;
}

export interface ContentRecord {
  readonly sizeBytes: number;
  readonly parts: readonly Part[];
}

export interface UploadRecord {
  readonly repository: string;
  readonly parts: readonly Part[];
  readonly sizeBytes: number;
  readonly touchedAtMs: number;
}

export interface ImportedRecord {
  readonly image: string;
  readonly unpackedBytes: number;
}

const root = 'registry/';
export const repositoriesPrefix = `${root}repositories/`;
export const repositoryKey = (name: string): string => `${repositoriesPrefix}${name}`;
export const manifestsPrefix = (repository: string): string => `${root}manifests/${repository}:`;
export const manifestKey = (repository: string, digest: string): string =>
  `${manifestsPrefix(repository)}${digest}`;
export const tagsPrefix = (repository: string): string => `${root}tags/${repository}:`;
export const tagKey = (repository: string, tag: string): string => `${tagsPrefix(repository)}${tag}`;
export const referrersPrefix = (repository: string, subject?: string): string =>
  subject === undefined ? `${root}referrers/${repository}:` : `${root}referrers/${repository}:${subject}:`;
export const linksRoot = `${root}links/`;
export const linksPrefix = (repository: string): string => `${linksRoot}${repository}:`;
export const linkKey = (repository: string, digest: string): string => `${linksPrefix(repository)}${digest}`;
export const contentsPrefix = `${root}contents/`;
export const contentKey = (digest: string): string => `${contentsPrefix}${digest}`;
export const uploadsPrefix = `${root}uploads/`;
export const uploadKey = (upload: string): string => `${uploadsPrefix}${upload}`;
export const importedPrefix = `${root}imported/`;
export const importedKey = (digest: string): string => `${importedPrefix}${digest}`;

export const uploadBlobs = `${root}uploads/`;
export const partBlob = (upload: string, part: string): string => `${uploadBlobs}${upload}/${part}`;

export interface Stored<Value> {
  readonly key: string;
  readonly value: Value;
  readonly revision: Revision;
}

export async function find<Value>(documents: Documents, key: string): Promise<Stored<Value> | undefined> {
  const document = await documents.get(key);
  return document && { key, value: document.value as unknown as Value, revision: document.revision };
}

/** All below a prefix in order of their keys, a page at a time. */
export async function* below<Value>(
  documents: Documents,
  prefix: string,
): AsyncGenerator<Stored<Value>, void> {
  for (let after: string | undefined; ;) {
    const page = await documents.list(prefix, after === undefined ? {} : { after });
    for (const { key, value, revision } of page.documents) {
      yield { key, value: value as unknown as Value, revision };
    }
    after = page.next;
    if (after === undefined) return;
  }
}

/** With what must still be there: nothing, what was read, or anything. */
export function put(key: string, value: object, before: Stored<unknown> | 'absent' | 'any'): Write {
  const expected = typeof before === 'string' ? before : before.revision;
  // Members that are undefined do not survive JSON; documents must.
  return { kind: 'put', key, value: JSON.parse(JSON.stringify(value)) as Json, expected };
}

/** Nothing new, but only if nobody has changed it meanwhile; whoever else holds it then finds it changed. */
export function hold(stored: Stored<object>): Write {
  return put(stored.key, stored.value, stored);
}

export function remove(stored: Stored<unknown>): Write {
  return { kind: 'delete', key: stored.key, expected: stored.revision };
}
