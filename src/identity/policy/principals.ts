/** The Principal element: its patterns, and by which of its names it reaches a caller. */
import { unreachable } from '#lib/assert';
import type { Caller } from './caller.ts';

export type PrincipalPattern =
  | { readonly kind: 'everyone' }
  /** By its number, or by the ARN of its root: everybody in it. */
  | { readonly kind: 'account'; readonly accountId: string }
  /** A user, a role, or a role's session. */
  | { readonly kind: 'arn'; readonly arn: string }
  /** `AIDA…`, `AROA…`: what IAM puts in the place of an ARN whose user or role is gone. */
  | { readonly kind: 'unique-id'; readonly id: string }
  | { readonly kind: 'service'; readonly service: string }
  /** Identity providers and canonical users: nobody here comes from one, so they reach nobody. */
  | { readonly kind: 'elsewhere'; readonly name: string };

/**
 * How an element names a caller, from the weakest to the strongest. It matters to what an Allow is worth (see decide.ts):
 * an account delegates, a role's grant stays inside its boundary and session policies, the caller itself needs nothing else.
 */
export const namings = ['not', 'account', 'everyone', 'role', 'itself'] as const;
export type Naming = (typeof namings)[number];

export function stronger(one: Naming, other: Naming): Naming {
  return namings.indexOf(one) >= namings.indexOf(other) ? one : other;
}

/** The strongest of the names by which the patterns reach the caller. */
export function namingOf(patterns: readonly PrincipalPattern[], caller: Caller): Naming {
  let strongest: Naming = 'not';
  for (const pattern of patterns) strongest = stronger(strongest, namingBy(pattern, caller));
  return strongest;
}

/**
 * Whether NotPrincipal leaves a caller out. AWS may ask for the account, the role and the session one after the other, so whoever is to
 * be left out of a Deny must be listed with all of them: a user with its account, a session with its role and account.
 */
export function isExempt(patterns: readonly PrincipalPattern[], caller: Caller): boolean {
  const listed = (...kinds: Naming[]): boolean =>
    patterns.some((pattern) => kinds.includes(namingBy(pattern, caller)));
  if (listed('everyone')) return true;
  switch (caller.kind) {
    case 'user':
      return listed('itself') && listed('account');
    case 'assumed-role':
      return listed('itself') && listed('role') && listed('account');
    case 'root':
    case 'service':
    case 'anonymous':
      return listed('itself');
    default:
      return unreachable(caller.kind);
  }
}

function namingBy(pattern: PrincipalPattern, caller: Caller): Naming {
  switch (pattern.kind) {
    case 'everyone':
      return 'everyone';
    case 'account':
      if (pattern.accountId !== caller.accountId) return 'not';
      return caller.kind === 'root' ? 'itself' : 'account';
    case 'arn':
      if (pattern.arn === caller.arn) return 'itself';
      return pattern.arn === caller.roleArn ? 'role' : 'not';
    case 'unique-id':
      if (pattern.id === caller.userId) return 'itself';
      return caller.kind === 'assumed-role' && caller.userId?.startsWith(`${pattern.id}:`) === true
        ? 'role'
        : 'not';
    case 'service':
      return pattern.service === caller.service ? 'itself' : 'not';
    case 'elsewhere':
      return 'not';
    default:
      return unreachable(pattern);
  }
}

const accountPattern = /^\d{12}$/;
const rootPattern = /^arn:aws[a-z-]*:iam::(\d{12}):root$/;
const arnPattern =
  /^arn:aws[a-z-]*:(?:iam::\d{12}:(?:user|role)\/[^\s*?]{1,600}|sts::\d{12}:(?:assumed-role\/[^\s*?/]{1,128}\/[^\s*?/]{1,128}|federated-user\/[^\s*?/]{1,128}))$/;
const uniqueIdPattern = /^(?:AIDA|AROA)[A-Z0-9]{12,124}(?::[\w+=,.@-]{2,64})?$/;
const servicePattern = /^[a-z0-9-]{1,128}(?:\.[a-z0-9-]{1,128}){1,8}$/;
const providerPattern = /^[^\s*?]{1,2048}$/;

/** A pattern by its type in the document (`AWS`, `Service`, …); undefined for what names nobody. */
export function readPrincipal(type: string, value: string): PrincipalPattern | undefined {
  switch (type) {
    case 'AWS': {
      if (value === '*') return { kind: 'everyone' };
      const accountId = accountPattern.test(value) ? value : rootPattern.exec(value)?.[1];
      if (accountId !== undefined) return { kind: 'account', accountId };
      if (arnPattern.test(value)) return { kind: 'arn', arn: value };
      return uniqueIdPattern.test(value) ? { kind: 'unique-id', id: value } : undefined;
    }
    case 'Service':
      return servicePattern.test(value) ? { kind: 'service', service: value } : undefined;
    case 'Federated':
    case 'CanonicalUser':
      return providerPattern.test(value) ? { kind: 'elsewhere', name: value } : undefined;
    default:
      return undefined;
  }
}
