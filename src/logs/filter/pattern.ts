/**
 * Pattern: what FilterLogEvents searches for. Rules:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 *
 *   (nothing)                 every event
 *   ERROR "two words" -DEBUG  terms.ts
 *   ?ERROR ?WARN              terms.ts
 *   { $.level = "ERROR" }     json.ts
 *   [a, b=1, ...] and %regex% are refused: not there yet.
 */
import { parseJsonPattern } from './json.ts';
import type { Parsed } from './parsed.ts';
import { parseTerms } from './terms.ts';

export function parsePattern(text: string): Parsed {
  const pattern = text.trim();
  if (pattern === '') return { kind: 'pattern', matches: () => true };
  if (pattern.startsWith('{')) return parseJsonPattern(pattern);
  if (pattern.startsWith('[')) {
    return {
      kind: 'refused',
      message: 'Invalid filter pattern: Lambkin does not support space-delimited patterns ([field, ...]) yet',
    };
  }
  return parseTerms(pattern);
}
