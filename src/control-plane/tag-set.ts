/** The tags of a resource, and which AWS takes. */
import type { Input } from '#wire';
import { invalidParameter } from './answers.ts';
import { tagsMax } from './limits.ts';

export type Tags = Readonly<Record<string, string>>;

/** The tags with others added. Throws for tags that AWS would not take. */
export function checkTags(before: Tags, added: Input): Tags {
  const reserved = Object.keys(added).filter((key) => key.toLowerCase().startsWith('aws:'));
  if (reserved.length > 0) {
    throw invalidParameter(`Tag keys that start with aws: are reserved: ${reserved.join(', ')}`);
  }
  const tags = Object.fromEntries([
    ...Object.entries(before),
    ...Object.entries(added).map(([key, value]) => [key, String(value)] as const),
  ]);
  if (Object.keys(tags).length > tagsMax)
    throw invalidParameter('Number of tags exceeds resource tag limit.');
  return tags;
}
