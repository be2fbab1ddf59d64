/**
 * ARNs and names of functions as clients write them:
 *
 *   name                                            hello               hello:prod
 *   partial ARN                       000000000000:function:hello       000000000000:function:hello:1
 *   full ARN     arn:aws:lambda:us-east-1:000000000000:function:hello:$LATEST
 */
import type { FunctionName, Place } from './keys.ts';

/** The ARN of a function, qualified when a qualifier is given. */
export function functionArn(name: FunctionName, qualifier?: string): string {
  const arn = `arn:aws:lambda:${name.region}:${name.accountId}:function:${name.functionName}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}

export type FunctionReference =
  | {
      readonly kind: 'function';
      readonly functionName: string;
      /** From the name or ARN, or given besides it; undefined where neither names one. */
      readonly qualifier: string | undefined;
    }
  /** `arn` is of an account other than the caller's: to be answered like something that nobody granted. */
  | { readonly kind: 'foreign-account'; readonly arn: string }
  /** `message` in AWS's words. */
  | { readonly kind: 'foreign-region'; readonly message: string }
  | { readonly kind: 'invalid'; readonly message: string };

/** AWS's NamespacedFunctionName, taken apart (account, region, name and qualifier are its groups). */
const referencePattern =
  /^(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:((?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9_.-]+)(?::(\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9_-]+))?$/;

const bareName = /^[a-zA-Z0-9_-]{1,64}$/;
/** Longest reference that AWS takes, in characters. */
const referenceCharsMax = 256;

/**
 * Reads the FunctionName of a request, with the Qualifier that came beside it, as seen by a caller of `place`.
 * A qualifier given twice must be the same both times.
 */
export function parseFunctionName(
  value: string,
  qualifier: string | undefined,
  place: Place,
): FunctionReference {
  if (bareName.test(value)) return { kind: 'function', functionName: value, qualifier };
  const match = value.length > referenceCharsMax ? null : referencePattern.exec(value);
  const functionName = match?.[3];
  if (!match || functionName === undefined) {
    return { kind: 'invalid', message: `Invalid function name or ARN: ${value.slice(0, referenceCharsMax)}` };
  }
  const [, region, accountId, , ownQualifier] = match;
  if (region !== undefined && region !== place.region) {
    return {
      kind: 'foreign-region',
      message: `Functions from '${region}' are not reachable in this region ('${place.region}')`,
    };
  }
  if (accountId !== undefined && accountId !== place.accountId) {
    return {
      kind: 'foreign-account',
      arn: functionArn({ accountId, region: place.region, functionName }, ownQualifier ?? qualifier),
    };
  }
  if (ownQualifier !== undefined && qualifier !== undefined && ownQualifier !== qualifier) {
    return {
      kind: 'invalid',
      message: 'The derived qualifier from the function name does not match the specified qualifier.',
    };
  }
  return { kind: 'function', functionName, qualifier: ownQualifier ?? qualifier };
}
