/**
 * The images that functions run from, as the control plane needs them: where they come from, and who keeps them. A version refers to its stored
 * image under a name of its own, so that giving one back never takes another's:
 *
 *   `function:<32 hex digits>`   of what tells the use apart from every other: the record's key, and its function or the update that made it
 */
import { createHash } from 'node:crypto';
import type { Configuration, FunctionImage, VersionRecord } from '#metadata';
import type { ImageSource } from '#registry';

export interface ImageKeeper extends ImageSource {
  /** One more reference to an image that is stored; false: it is not there (any more). */
  refer(imageId: string, reference: string): Promise<boolean>;
  /** Every reference to every image of the account. */
  references(): Promise<readonly ImageReference[]>;
}

export interface ImageReference {
  readonly imageId: string;
  readonly reference: string;
}

const prefix = 'function:';

/** The name under which the version at `key` refers to its image; `use` tells apart what stood at that key at other times. */
export function referenceOf(key: string, use: string): string {
  return prefix + createHash('sha256').update(`${key}\0${use}`).digest('hex').slice(0, 32);
}

/** Whether a reference is a version's, not somebody else's. */
export function isOfFunction(reference: string): boolean {
  return reference.startsWith(prefix);
}

/** The images that a version needs: its own, and that of what serves in its place. */
export function imagesOf(version: VersionRecord | undefined): readonly FunctionImage[] {
  if (version === undefined) return [];
  const { configuration, fallback } = version;
  const configurations: readonly Configuration[] = fallback
    ? [configuration, fallback.configuration]
    : [configuration];
  return configurations.flatMap(({ image }) => image ?? []);
}

/** What of `before` nobody of `after` refers to any more. */
export function droppedReferences(
  before: readonly (VersionRecord | undefined)[],
  after: readonly (VersionRecord | undefined)[],
): readonly ImageReference[] {
  const kept = new Set(after.flatMap(imagesOf).map(({ reference }) => reference));
  const dropped = new Map<string, ImageReference>();
  for (const { imageId, reference } of before.flatMap(imagesOf)) {
    if (imageId !== undefined && !kept.has(reference)) dropped.set(reference, { imageId, reference });
  }
  return [...dropped.values()];
}
