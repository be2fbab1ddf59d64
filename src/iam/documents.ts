/** Policy documents on their way in (checked, counted) and out (percent-encoded, as IAM answers them). */
import { parsePolicy, policyCharacters, policyLimits, type Entity, type InlinePolicy } from '#identity';
import { limitExceeded, malformedPolicy, quotaExceeded, validation } from './answers.ts';
import { inlinePoliciesMax, storedCharactersMax } from './limits.ts';

const { managedPolicyCharactersMax: managedCharactersMax, trustPolicyCharactersMax: trustCharactersMax } =
  policyLimits;
const inlineCharactersMax = {
  user: policyLimits.userInlinePoliciesCharactersMax,
  role: policyLimits.roleInlinePoliciesCharactersMax,
} as const;

/** Tab, line breaks, and what Latin-1 can print: the pattern of documents in IAM's API. */
const documentCharacters = /^[\t\n\r\u0020-\u00ff]+$/;

/** Throws MalformedPolicyDocument, or ValidationError for characters that no document may have. */
export function checkDocument(
  document: string,
  dialect: 'identity' | 'trust',
  member = 'policyDocument',
): void {
  if (!documentCharacters.test(document)) {
    throw validation(
      `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+`,
    );
  }
  const parsed = parsePolicy(document, dialect);
  if (parsed.kind === 'invalid') throw malformedPolicy(parsed.message);
}

export function checkManagedPolicy(document: string): void {
  checkDocument(document, 'identity');
  if (policyCharacters(document) > managedCharactersMax)
    throw quotaExceeded('PolicySize', managedCharactersMax);
}

export function checkTrustPolicy(document: string, member: string): void {
  checkDocument(document, 'trust', member);
  if (policyCharacters(document) > trustCharactersMax) {
    throw quotaExceeded('ACLSizePerRole', trustCharactersMax);
  }
}

/** Whether all inline policies of a user or role together are within their bounds. */
export function checkInlinePolicies(
  kind: 'user' | 'role',
  { name }: Entity,
  policies: readonly InlinePolicy[],
): void {
  const max = inlineCharactersMax[kind];
  const characters = policies.reduce((sum, { document }) => sum + policyCharacters(document), 0);
  const stored = policies.reduce((sum, { document }) => sum + document.length, 0);
  if (characters > max || stored > storedCharactersMax || policies.length > inlinePoliciesMax) {
    throw limitExceeded(`Maximum policy size of ${max} bytes exceeded for ${kind} ${name}`);
  }
}

/** As RFC 3986 wants it: everything but letters, digits and `-._~`. */
export function encodeDocument(document: string): string {
  return encodeURIComponent(document).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
