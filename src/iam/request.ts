/** Reading members that the wire has checked: what is there has its type. */
import type { Tag } from '#identity';
import type { Input } from '#wire';

export const text = (input: Input, name: string): string | undefined => input[name] as string | undefined;

/** A member that the operation's shape requires. */
export const required = (input: Input, name: string): string => input[name] as string;

export const number = (input: Input, name: string): number | undefined => input[name] as number | undefined;

export const flag = (input: Input, name: string): boolean => input[name] === true;

export const texts = (input: Input, name: string): readonly string[] =>
  (input[name] as readonly string[] | undefined) ?? [];

export const tagsIn = (input: Input, name = 'Tags'): readonly Tag[] =>
  ((input[name] as readonly { readonly Key: string; readonly Value: string }[] | undefined) ?? []).map(
    ({ Key, Value }) => ({ key: Key, value: Value }),
  );
