/** What a JSON text from elsewhere holds: none of its members is certain. */

export type Members = Readonly<Record<string, unknown>>;

/** Undefined: it is no JSON, or no object. */
export function membersIn(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Members) : undefined;
  } catch {
    return undefined;
  }
}

export function textIn(members: Members | undefined, name: string): string | undefined {
  const value = members?.[name];
  return typeof value === 'string' ? value : undefined;
}

/** What an error of AWS JSON says: its name without namespace, undefined where it has none, and its message, '' where it has none. */
export function awsErrorIn(members: Members | undefined): {
  readonly type: string | undefined;
  readonly message: string;
} {
  return {
    type: textIn(members, '__type')?.split('#').at(-1),
    message: textIn(members, 'message') ?? textIn(members, 'Message') ?? '',
  };
}
