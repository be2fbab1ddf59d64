/** The policies of functions, aliases, versions and layers, for the operations that write them. */
import type { CompiledPolicy, CompiledStatement } from './compiled.ts';
import type { Condition } from './conditions.ts';
import { parseIpRange } from './ip-range.ts';
import { resourcePolicyCharactersMax } from './limits.ts';
import { parsePolicy, type PolicyOutcome } from './parse.ts';

/** Checks a whole document. `message`: why it is not one. */
export function checkResourcePolicy(text: string): PolicyOutcome {
  if (text.length > resourcePolicyCharactersMax) {
    const message = `The final policy size (${text.length}) is bigger than the limit (${resourcePolicyCharactersMax}).`;
    return { kind: 'invalid', message };
  }
  return parsePolicy(text, 'resource');
}

/**
 * Whether a policy lets in anybody: an Allow for everyone that no condition ties to somebody. The rule is that of S3's and Lambda's block
 * public access: a fixed account, user, role or service is not public, nor is "*" with a fixed value (no wildcard, no policy variable)
 * of a key that tells who asks or for whom. Denies do not make a policy less public.
 */
export function isPublic(policy: CompiledPolicy): boolean {
  return policy.statements.some(
    (statement) =>
      statement.effect === 'Allow' &&
      letsInEveryone(statement) &&
      !statement.conditions.some((one) => restricts(one)),
  );
}

function letsInEveryone({ principals }: CompiledStatement): boolean {
  if (principals === undefined) return false;
  return principals.negated || principals.patterns.some(({ kind }) => kind === 'everyone');
}

/** Keys of which a fixed value means a fixed somebody, in lower case. */
const restrictingKeys: ReadonlySet<string> = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceowner',
  'aws:sourceorgid',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  // The statements of function URLs: what they open is the URL, and that is decided by its own AuthType.
  'lambda:functionurlauthtype',
  'lambda:invokedviafunctionurl',
  'lambda:eventsourcetoken',
]);
const restrictingOperator =
  /^(?:ForAnyValue:)?(?:StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|Bool)$/;

/** Broader ranges of addresses count as everybody. */
const ipv4PrefixBitsMin = 8;
const ipv6PrefixBitsMin = 32;

function restricts(condition: Condition): boolean {
  if (condition.kind === 'null' || condition.values.length === 0) return false;
  if (condition.key === 'aws:sourceip') {
    return /^(?:ForAnyValue:)?IpAddress$/.test(condition.operator) && condition.values.every(isNarrowRange);
  }
  if (!restrictingKeys.has(condition.key) || !restrictingOperator.test(condition.operator)) return false;
  return condition.values.every((value) => isFixed(condition.key, value));
}

function isFixed(key: string, value: string): boolean {
  if (key === 'lambda:invokedviafunctionurl') return value.toLowerCase() === 'true';
  return value !== '' && !/[*?]|\$\{/.test(value);
}

function isNarrowRange(value: string): boolean {
  const range = parseIpRange(value);
  if (range === undefined) return false;
  return range.prefixBits >= (range.bytes.length === 4 ? ipv4PrefixBitsMin : ipv6PrefixBitsMin);
}
