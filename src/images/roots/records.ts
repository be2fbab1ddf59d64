/**
 * What the store knows of its roots and images, as documents:
 *
 *     images/roots                          the table of roots, and each root's sealed salt
 *     images/manifests/<account>/<image>    under which root it stands, and who refers to it
 *
 * and as blobs, `images/roots/<root>/chunks/<2 digits>/<name>` `images/roots/<root>/manifests/<image>` and
 * `images/roots/<root>/traces/<image>`.
 */
import type { Document, Documents, Json, Write } from '#platform';
import { commitAttemptsMax } from '../limits.ts';
import { ChunkError } from '../chunks/errors.ts';
import type { Root } from './state.ts';

export interface RootTable {
  readonly roots: readonly Root[];
  /** Sealed for `store`, in base64, by root. */
  readonly salts: Readonly<Record<string, string>>;
}

export interface ImageRecord {
  readonly root: number;
  readonly sizeBytes: number;
  /** Chunks that are stored; those of zeros are not. */
  readonly chunks: number;
  /** Who needs the image, sorted. */
  readonly references: readonly string[];
}

export const rootsKey = 'images/roots';
export const imagesPrefix = 'images/manifests/';
export const imageKey = (account: string, image: string): string => `${imagesPrefix}${account}/${image}`;

export const rootsBlobs = 'images/roots/';
export const rootBlobs = (root: number): string => `${rootsBlobs}${root}/`;
export const chunkBlob = (root: number, name: string): string =>
  `${rootBlobs(root)}chunks/${name.slice(0, 2)}/${name}`;
export const manifestBlob = (root: number, image: string): string => `${rootBlobs(root)}manifests/${image}`;
/** A hint, sealed; there may be none. */
export const traceBlob = (root: number, image: string): string => `${rootBlobs(root)}traces/${image}`;

export const noRoots: RootTable = { roots: [], salts: {} };

export function rootTable(document: Document | undefined): RootTable {
  return document === undefined ? noRoots : (document.value as unknown as RootTable);
}

export function imageRecord(document: Document): ImageRecord {
  return document.value as unknown as ImageRecord;
}

/**
 * Changes documents together with the knowledge of the roots on which the change rests: `change` is told the roots as they are, and its writes are
 * made only if they still are so. Returning a string gives up, with that as the outcome.
 */
export async function commitUnderRoots<Outcome extends string>(
  documents: Documents,
  change: (table: RootTable) => Promise<readonly Write[] | Outcome> | readonly Write[] | Outcome,
  changedTable: (table: RootTable) => RootTable = (table) => table,
): Promise<Outcome | 'committed'> {
  for (let attempt = 0; attempt < commitAttemptsMax; attempt += 1) {
    const document = await documents.get(rootsKey);
    const table = rootTable(document);
    const writes = await change(table);
    if (typeof writes === 'string') return writes;
    const guard: Write = {
      kind: 'put',
      key: rootsKey,
      value: changedTable(table) as unknown as Json,
      expected: document?.revision ?? 'absent',
    };
    const { kind } = await documents.commit([guard, ...writes]);
    if (kind === 'committed') return kind;
  }
  throw new ChunkError('unavailable', 'the records of images are changed by too many at once');
}
