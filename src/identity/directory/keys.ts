/**
 * Where the records stand in Documents, and what their ARNs are:
 *
 *   identity/<account>/users/<name>       UserRecord       arn:aws:iam::<account>:user<path><name>
 *   identity/<account>/roles/<name>       RoleRecord       arn:aws:iam::<account>:role<path><name>
 *   identity/<account>/policies/<name>    PolicyRecord     arn:aws:iam::<account>:policy<path><name>
 *
 * Names in keys are in lower case: IAM takes no two names that differ in their case alone.
 */

export type Collection = 'users' | 'roles' | 'policies';

export const directoryPrefix = (accountId: string): string => `identity/${accountId}/`;

export const documentKey = (accountId: string, collection: Collection, name: string): string =>
  `${directoryPrefix(accountId)}${collection}/${name.toLowerCase()}`;

/** Takes a key below `directoryPrefix` apart; `name` is in lower case. */
export function parseKey(
  key: string,
  accountId: string,
): { readonly collection: Collection; readonly name: string } | undefined {
  const prefix = directoryPrefix(accountId);
  if (!key.startsWith(prefix)) return undefined;
  const [collection, name, ...rest] = key.slice(prefix.length).split('/');
  if (name === undefined || name === '' || rest.length > 0) return undefined;
  return collection === 'users' || collection === 'roles' || collection === 'policies'
    ? { collection, name }
    : undefined;
}

const kinds = { users: 'user', roles: 'role', policies: 'policy' } as const;

export function arnOf(
  accountId: string,
  collection: Collection,
  { path, name }: { readonly path: string; readonly name: string },
): string {
  return `arn:aws:iam::${accountId}:${kinds[collection]}${path}${name}`;
}

/** The last part of `arn:aws:iam::<account>:role/<path>/<name>`. */
export function nameInArn(arn: string): string {
  const resource = arn.slice(arn.lastIndexOf(':') + 1);
  return resource.split('/').findLast((part) => part !== '') ?? '';
}
