/** The tags of a session: those that are given, over those that come along from the session before it in a chain. */
import type { Session } from '#identity';
import type { Input } from '#wire';
import { invalidInput, validation } from '../answers.ts';
import { quotas } from '../limits.ts';
import { tagsIn, texts } from '../request.ts';

export interface SessionTags {
  readonly all: readonly (readonly [key: string, value: string])[];
  /** Keys of those that will come along into the next session of the chain. */
  readonly transitiveKeys: readonly string[];
}

export function sessionTags(input: Input, before: Session | undefined): SessionTags {
  const given = tagsIn(input);
  const inheritedKeys = new Set(
    (before?.kind === 'role' ? (before.transitiveTagKeys ?? []) : []).map((key) => key.toLowerCase()),
  );
  const inherited = (before?.kind === 'role' ? (before.tags ?? []) : []).filter(([key]) =>
    inheritedKeys.has(key.toLowerCase()),
  );
  const keys = new Set<string>();
  for (const { key } of given) {
    const lower = key.toLowerCase();
    if (lower.startsWith('aws:')) throw validation('Tag keys that start with aws: are reserved.');
    if (keys.has(lower)) {
      throw invalidInput('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    }
    if (inheritedKeys.has(lower)) {
      throw validation(
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
      );
    }
    keys.add(lower);
  }
  const transitive = texts(input, 'TransitiveTagKeys');
  if (transitive.some((key) => !keys.has(key.toLowerCase()))) {
    throw validation('The specified transitive tag key must be included in the requested tags.');
  }
  const all = [...inherited, ...given.map(({ key, value }) => [key, value] as const)];
  if (all.length > quotas.tags) throw validation(`A session may have at most ${quotas.tags} tags.`);
  return { all, transitiveKeys: [...inherited.map(([key]) => key), ...transitive] };
}
