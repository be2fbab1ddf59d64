/**
 * Wildcards: `*` stands for any text, also for none; `\*` and `\\` are the characters themselves. Matched from left to right without going
 * back: every text between two stars is taken where it is found first. Pure.
 */
import { Literal } from './literal.ts';

/** The texts between the stars, at least one; undefined for two stars in a row and for other escapes. */
export function parseWildcard(text: string): readonly string[] | undefined {
  const pieces: string[] = [];
  let piece = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '*') {
      if (text[at + 1] === '*') return undefined;
      pieces.push(piece);
      piece = '';
    } else if (character === '\\') {
      at += 1;
      const escaped = text[at];
      if (escaped !== '*' && escaped !== '\\') return undefined;
      piece += escaped;
    } else {
      piece += character;
    }
  }
  return [...pieces, piece];
}

export function wildcardTest(pieces: readonly string[]): (subject: string) => boolean {
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length <= 1) return (subject) => subject === first;
  const between = pieces.slice(1, -1).map((piece) => new Literal(piece));
  return (subject) => {
    if (subject.length < first.length + last.length) return false;
    if (!subject.startsWith(first) || !subject.endsWith(last)) return false;
    const end = subject.length - last.length;
    let from = first.length;
    for (const literal of between) {
      const found = literal.indexIn(subject, from, end);
      if (found < 0) return false;
      from = found + literal.text.length;
    }
    return true;
  };
}
