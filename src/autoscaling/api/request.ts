/** What requests name, read and checked; and pages. */
import type { Stored } from '#platform';
import { type Input, type RequestContext, WireError } from '#wire';
import { pageMax } from '../limits.ts';
import { type Place, scaledFunction } from '../records.ts';
import type { Store } from '../store.ts';

export const namespace = 'lambda';
export const dimension = 'lambda:function:ProvisionedConcurrency';

export interface TargetName extends Place {
  readonly resourceId: string;
}

export const validation = (message: string): WireError => new WireError('ValidationException', message);

export const placeOf = ({ principal, region }: RequestContext): Place => ({
  accountId: principal.accountId,
  region,
});

/** Throws where another service's resources are meant: Lambkin scales Lambda's alone. */
export function requireLambda(input: Input): void {
  const scaled = input['ScalableDimension'];
  if (input['ServiceNamespace'] !== namespace || (scaled !== undefined && scaled !== dimension)) {
    throw validation('Unsupported service namespace, resource type or scalable dimension');
  }
}

export function targetOf(input: Input, context: RequestContext): TargetName {
  requireLambda(input);
  const place = placeOf(context);
  const resourceId = text(input, 'ResourceId') ?? '';
  if (scaledFunction(place, resourceId) === undefined) {
    throw validation(
      `ResourceId must be function:<function name>:<version or alias name>, and the version not $LATEST: ${resourceId}`,
    );
  }
  return { ...place, resourceId };
}

export function text(input: Input, name: string): string | undefined {
  const value = input[name];
  return typeof value === 'string' ? value : undefined;
}

export function number(input: Input, name: string): number | undefined {
  const value = input[name];
  return typeof value === 'number' ? value : undefined;
}

export function flag(input: Input, name: string): boolean | undefined {
  const value = input[name];
  return typeof value === 'boolean' ? value : undefined;
}

export function texts(input: Input, name: string): readonly string[] | undefined {
  const value = input[name];
  return Array.isArray(value) ? value.map(String) : undefined;
}

export function structure(input: Input, name: string): Input | undefined {
  const value = input[name];
  return typeof value === 'object' && value !== null ? (value as Input) : undefined;
}

export function capacity(input: Input, name: string): number | undefined {
  const value = number(input, name);
  if (value !== undefined && value < 0) throw validation(`${name} must be 0 or more`);
  return value;
}

/** A page of what is below a prefix and wanted; the token is the key after which the next page begins. */
export async function pageOf<Value>(
  store: Store,
  prefix: string,
  input: Input,
  isWanted: (value: Value) => boolean,
): Promise<{ readonly items: readonly Value[]; readonly nextToken: string | undefined }> {
  const max = number(input, 'MaxResults') ?? pageMax;
  if (max < 1 || max > pageMax) throw validation(`MaxResults must be between 1 and ${pageMax}`);
  let after = tokenKey(prefix, text(input, 'NextToken'));
  const items: Stored<Value>[] = [];
  for (;;) {
    const page = await store.page<Value>(prefix, after, max);
    for (const item of page.items) {
      if (!isWanted(item.value)) continue;
      const last = items.at(-1);
      if (items.length === max && last !== undefined) {
        return { items: items.map(({ value }) => value), nextToken: token(last.key) };
      }
      items.push(item);
    }
    if (page.next === undefined) return { items: items.map(({ value }) => value), nextToken: undefined };
    after = page.next;
  }
}

function token(key: string): string {
  return Buffer.from(key).toString('base64url');
}

function tokenKey(prefix: string, given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const key = Buffer.from(given, 'base64url').toString();
  if (key.startsWith(prefix) && key.length <= 1024 && key.isWellFormed() && !key.includes('\u0000'))
    return key;
  throw new WireError('InvalidNextTokenException', 'The next token supplied was invalid');
}
