/** Who asks, as policies see it: the names that Principal elements may give it, and the condition keys that come from it. */
import { unreachable } from '#lib/assert';
import type { Principal } from '../principal.ts';

/** Somebody without policies of its own in this account. */
export type Outsider =
  | { readonly kind: 'service'; /** `s3.amazonaws.com` */ readonly service: string }
  | { readonly kind: 'anonymous' };

export interface Caller {
  readonly kind: Principal['kind'] | Outsider['kind'];
  readonly accountId: string | undefined;
  readonly arn: string | undefined;
  /** Of a role's session. */
  readonly roleArn: string | undefined;
  /** `AIDA…`, or `AROA…:<session>`. */
  readonly userId: string | undefined;
  readonly service: string | undefined;
  /** In lower case. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
}

const callerKeys: ReadonlySet<string> = new Set([
  'aws:sourceidentity',
  'aws:tokenissuetime',
  'aws:userid',
  'aws:username',
]);

/** Keys that only `callerOf` may fill: whatever a request says about them is not believed. */
export function isCallerKey(key: string): boolean {
  return key.startsWith('aws:principal') || callerKeys.has(key);
}

const principalTypes = { root: 'Account', user: 'User', 'assumed-role': 'AssumedRole' } as const;

/** `tags`: of the principal. */
export function callerOf(principal: Principal, tags: ReadonlyMap<string, string> = new Map()): Caller {
  const { kind, accountId, arn, userId } = principal;
  const roleArn = kind === 'assumed-role' ? principal.roleArn : undefined;
  const keys = new Map<string, readonly string[]>([
    ['aws:principalarn', [roleArn ?? arn]],
    ['aws:principalaccount', [accountId]],
    ['aws:principaltype', [principalTypes[kind]]],
    ['aws:principalisawsservice', ['false']],
    ['aws:userid', [userId]],
  ]);
  if (kind === 'user' && principal.userName !== undefined) keys.set('aws:username', [principal.userName]);
  const { sourceIdentity, tokenIssuedAtMs } = principal;
  if (sourceIdentity !== undefined) keys.set('aws:sourceidentity', [sourceIdentity]);
  if (tokenIssuedAtMs !== undefined)
    keys.set('aws:tokenissuetime', [new Date(tokenIssuedAtMs).toISOString()]);
  for (const [tag, value] of tags) keys.set(`aws:principaltag/${tag.toLowerCase()}`, [value]);
  return { kind, accountId, arn, roleArn, userId, service: undefined, keys };
}

export function outsiderOf(outsider: Outsider): Caller {
  const nobody = { accountId: undefined, arn: undefined, roleArn: undefined, userId: undefined };
  switch (outsider.kind) {
    case 'service': {
      const { kind, service } = outsider;
      const keys = new Map<string, readonly string[]>([
        ['aws:principalisawsservice', ['true']],
        ['aws:principalservicename', [service]],
        ['aws:principalservicenameslist', [service]],
      ]);
      return { kind, service, keys, ...nobody };
    }
    case 'anonymous': {
      const keys = new Map<string, readonly string[]>([
        ['aws:principaltype', ['Anonymous']],
        ['aws:userid', ['anonymous']],
      ]);
      return { kind: outsider.kind, service: undefined, keys, ...nobody };
    }
    default:
      return unreachable(outsider);
  }
}
