/**
 * Unstructured patterns. Terms are case-sensitive and found anywhere in the message.
 *
 *   term      must be in the message        letters, digits, underscores; anything else in double quotes
 *   -term     must not be
 *   ?term     at least one of these must be; without effect beside terms that must be
 */
import { invalidCharacters, regexRefused } from './parsed.ts';
import type { Parsed } from './parsed.ts';

const token = /\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/y;
const plain = /^[\p{L}\p{N}_]+$/u;

export function parseTerms(pattern: string): Parsed {
  const required: string[] = [];
  const excluded: string[] = [];
  const optional: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < pattern.length) {
    const start = token.lastIndex;
    const match = token.exec(pattern);
    if (match === null) return invalidCharacters(pattern.slice(start).trim()[0] ?? '');
    const [, sign, quoted, bare] = match;
    if (bare?.startsWith('%') === true) return regexRefused;
    if (bare !== undefined && !plain.test(bare)) {
      return invalidCharacters(/[^\p{L}\p{N}_]+/u.exec(bare)?.[0] ?? bare);
    }
    const term = bare ?? (quoted ?? '').replace(/\\(.)/g, '$1');
    if (sign === '-') excluded.push(term);
    else if (sign === '?') optional.push(term);
    else required.push(term);
  }
  const any = required.length > 0 ? [] : optional;
  return {
    kind: 'pattern',
    matches: (message) =>
      required.every((term) => message.includes(term)) &&
      !excluded.some((term) => message.includes(term)) &&
      (any.length === 0 || any.some((term) => message.includes(term))),
  };
}
