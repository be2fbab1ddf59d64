/**
 * Patterns of the models, matched against the whole value. Compiled once, when first used. A pattern never sees more
 * than `patternLengthMax` characters, so that no pattern, however it backtracks, can hold the event loop; a test times
 * each with inputs made to hurt.
 */

/** Characters. The longest value that a pattern of the Lambda model describes is a resource policy of 20,480. */
export const patternLengthMax = 20_480;

const compiled = new Map<string, RegExp>();

/** Whether the whole of `value` matches. What is longer than `patternLengthMax` does not. */
export function matchesPattern(pattern: string, value: string): boolean {
  if (value.length > patternLengthMax) return false;
  let expression = compiled.get(pattern);
  if (expression === undefined) {
    // Only patterns with character properties need unicode mode; in it, [a-zA-Z0-9-_] would be a syntax error.
    expression = new RegExp(`^(?:${pattern})$`, pattern.includes('\\p{') ? 'u' : '');
    compiled.set(pattern, expression);
  }
  return expression.test(value);
}
