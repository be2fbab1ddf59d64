/**
 * Matching with `*` and `?`, in time proportional to pieces × text whatever the pattern: the set of text positions that can be reached is
 * carried from one piece of the pattern to the next, and nothing is ever tried twice.
 *
 *     pattern  a * b        pieces: literal "a", any, literal "b"
 *     text     a x b b      reached: {0} → {1} → {1,2,3,4} → {3,4}; the end, 4, is in it: match
 */

export type Piece =
  | { readonly kind: 'literal'; readonly text: string }
  /** `?`: one character; with `segment`, no colon. A character is a code point. */
  | { readonly kind: 'one'; readonly segment: boolean }
  /** `*`: any number of characters; with `segment`, no colon among them. */
  | { readonly kind: 'any'; readonly segment: boolean };

/** Where `*` and `?` may reach: over everything, or as in the Resource element (see `piecesOf`). */
export type Reach = 'everything' | 'segments';

/**
 * With `segments`, the rule of the Resource element: wildcards stand for characters between two colons, but a `*` that is the last
 * character of a segment may reach beyond colons (`arn:aws:lambda:us-east-1:000000000000:function:hello*` covers the function's versions).
 */
export function piecesOf(pattern: string, reach: Reach): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character !== '*' && character !== '?') continue;
    if (at > from) pieces.push({ kind: 'literal', text: pattern.slice(from, at) });
    from = at + 1;
    const endsSegment = from === pattern.length || pattern[from] === ':';
    if (character === '?') pieces.push({ kind: 'one', segment: reach === 'segments' });
    else pieces.push({ kind: 'any', segment: reach === 'segments' && !endsSegment });
  }
  if (from < pattern.length) pieces.push({ kind: 'literal', text: pattern.slice(from) });
  return pieces;
}

export function matchesPieces(pieces: readonly Piece[], text: string): boolean {
  const [first, second] = pieces;
  if (first === undefined) return text === '';
  // What almost all patterns are: a name, everything, or a beginning.
  if (pieces.length === 1) {
    if (first.kind === 'literal') return first.text === text;
    if (first.kind === 'any' && !first.segment) return true;
  }
  if (pieces.length === 2 && first.kind === 'literal' && second?.kind === 'any' && !second.segment) {
    return text.startsWith(first.text);
  }
  return matchesByPositions(pieces, text);
}

export function matches(pattern: string, text: string, reach: Reach = 'everything'): boolean {
  return matchesPieces(piecesOf(pattern, reach), text);
}

const colon = 0x3a;

function matchesByPositions(pieces: readonly Piece[], text: string): boolean {
  const { length } = text;
  let reached = new Uint8Array(length + 1);
  let next = new Uint8Array(length + 1);
  reached[0] = 1;
  for (const piece of pieces) {
    next.fill(0);
    let alive = false;
    if (piece.kind === 'any') {
      let open = false;
      for (let at = 0; at <= length; at++) {
        if (reached[at] === 1) open = true;
        if (open) {
          next[at] = 1;
          alive = true;
          if (piece.segment && text.charCodeAt(at) === colon) open = false;
        }
      }
    } else {
      for (let at = 0; at <= length; at++) {
        if (reached[at] !== 1) continue;
        const step =
          piece.kind === 'literal' ? literalLength(piece.text, text, at) : oneLength(piece.segment, text, at);
        if (step === 0) continue;
        next[at + step] = 1;
        alive = true;
      }
    }
    if (!alive) return false;
    [reached, next] = [next, reached];
  }
  return reached[length] === 1;
}

/** 0 where it does not stand. */
function literalLength(literal: string, text: string, at: number): number {
  return text.startsWith(literal, at) ? literal.length : 0;
}

/** UTF-16 units of the character, 0 where there is none that counts. */
function oneLength(segment: boolean, text: string, at: number): number {
  const code = text.codePointAt(at);
  if (code === undefined || (segment && code === colon)) return 0;
  return code > 0xffff ? 2 : 1;
}
