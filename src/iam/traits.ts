/** Tags and permissions boundaries, as they are checked and answered. */
import type { Entity, Tag } from '#identity';
import type { Output } from '#wire';
import { invalidInput, quotaExceeded } from './answers.ts';
import { quotas } from './limits.ts';

/** The tags with others laid over them. Keys that differ in case alone are the same. `of`: `Role`, `User` or `Policy`. */
export function checkNewTags(of: string, before: readonly Tag[], added: readonly Tag[]): readonly Tag[] {
  const tags = new Map(before.map((tag) => [tag.key.toLowerCase(), tag]));
  const seen = new Set<string>();
  for (const tag of added) {
    const key = tag.key.toLowerCase();
    if (key.startsWith('aws:')) throw invalidInput('Caller is not authorized to use system tags.');
    if (seen.has(key)) {
      throw invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    }
    seen.add(key);
    tags.set(key, tag);
  }
  if (tags.size > quotas.tags) throw quotaExceeded(`TagsPer${of}`, quotas.tags);
  return [...tags.values()];
}

export function tagsOut(tags: readonly Tag[]): Output {
  return tags.length === 0 ? {} : { Tags: tagList(tags) };
}

export const tagList = (tags: readonly Tag[]): readonly Output[] =>
  tags.map(({ key, value }) => ({ Key: key, Value: value }));

export function boundaryOut({ boundary }: Entity): Output {
  if (boundary === undefined) return {};
  return {
    PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: boundary },
  };
}
