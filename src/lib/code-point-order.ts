/**
 * Ordering of strings by Unicode code point. It is the order of their UTF-8 bytes, so memory, SQLite and PostgreSQL (collation "C")
 * agree on it; JavaScript's `<` compares UTF-16 code units instead and differs where surrogates meet U+E000..U+FFFF.
 */

/** Negative, 0 or positive, as `Array.prototype.sort` wants it. Both strings must be well-formed. */
export function compareCodePoints(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const leftUnit = left.charCodeAt(index);
    const rightUnit = right.charCodeAt(index);
    if (leftUnit !== rightUnit) return rank(leftUnit) - rank(rightUnit);
  }
  return left.length - right.length;
}

/**
 * The least string above all strings that start with `prefix`, or undefined where there is none (an empty prefix, or nothing
 * but U+10FFFF).
 */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix);
  while (points.length > 0) {
    const last = points.pop()?.codePointAt(0) ?? 0;
    if (last < 0x10ffff) {
      const following = last === 0xd7ff ? 0xe000 : last + 1; // surrogates are no code points of their own
      return points.join('') + String.fromCodePoint(following);
    }
  }
  return undefined;
}

/** Surrogates belong to code points above U+FFFF, so they rank above all other units. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
