/**
 * Checks that bytes are one JSON value (RFC 8259) in UTF-8, without building it: one pass, no allocation beyond a bit per level of
 * nesting. AWS refuses a payload that is no JSON before any runtime sees it; a parse into objects would cost several times as much.
 */
import { isUtf8 } from 'node:buffer';

export type JsonCheck =
  | { readonly kind: 'valid' }
  /** `problem` says what is wrong and where. */
  | { readonly kind: 'invalid'; readonly problem: string };

const valid: JsonCheck = { kind: 'valid' };

/** Nesting is stored as one bit per level (1: object), in words of 32. */
const levelsPerWord = 32;

/** For each byte what it means inside a string: 0 goes on, 1 ends it, 2 escapes, 3 may not stand there. */
const inString = new Uint8Array(256);
inString.fill(3, 0, 0x20);
inString[0x22] = 1;
inString[0x5c] = 2;

export function checkJson(bytes: Uint8Array): JsonCheck {
  if (!isUtf8(bytes)) return { kind: 'invalid', problem: 'Invalid UTF-8' };
  const scan = new Scan(bytes);
  const at = scan.value();
  return at < 0 ? valid : { kind: 'invalid', problem: describe(bytes, at) };
}

/** Positions are byte offsets; every method answers where it stopped, or -1 - offset where something is wrong. */
class Scan {
  readonly #bytes: Uint8Array;
  #levels: number[] = [];
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** -1 when the bytes are one JSON value, else the offset of the problem. */
  value(): number {
    const bytes = this.#bytes;
    let at = this.#space(0);
    for (;;) {
      // A value begins here.
      const byte = bytes[at];
      if (byte === 0x7b /* { */ || byte === 0x5b /* [ */) {
        const isObject = byte === 0x7b;
        at = this.#space(at + 1);
        if (bytes[at] === (isObject ? 0x7d : 0x5d)) at += 1;
        else {
          this.#enter(isObject);
          if (!isObject) continue;
          at = this.#name(at);
          if (at < 0) return -1 - at;
          continue;
        }
      } else {
        at = byte === 0x22 ? this.#string(at) : this.#scalar(at);
        if (at < 0) return -1 - at;
      }
      // A value has ended: leave as many levels as end here.
      for (;;) {
        at = this.#space(at);
        if (this.#depth === 0) return at === bytes.length ? -1 : at;
        const isObject = this.#isObject();
        if (bytes[at] === 0x2c /* , */) {
          at = this.#space(at + 1);
          if (isObject) at = this.#name(at);
          if (at < 0) return -1 - at;
          break;
        }
        if (bytes[at] !== (isObject ? 0x7d : 0x5d)) return at;
        this.#depth -= 1;
        at += 1;
      }
    }
  }

  #space(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (;;) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
      at += 1;
    }
  }

  /** A member's name and colon, up to its value. */
  #name(from: number): number {
    if (this.#bytes[from] !== 0x22) return -1 - from;
    let at = this.#string(from);
    if (at < 0) return at;
    at = this.#space(at);
    if (this.#bytes[at] !== 0x3a /* : */) return -1 - at;
    return this.#space(at + 1);
  }

  #string(from: number): number {
    const bytes = this.#bytes;
    const { length } = bytes;
    let at = from + 1;
    while (at < length) {
      const kind = inString[bytes[at] ?? 0];
      if (kind === 0) at += 1;
      else if (kind === 1) return at + 1;
      else if (kind === 3) return -1 - at;
      else {
        const escaped = bytes[at + 1] ?? 0;
        if (escaped === 0x75 /* u */) {
          for (let digit = at + 2; digit < at + 6; digit++) {
            if (!isHexDigit(bytes[digit])) return -1 - Math.min(digit, length);
          }
          at += 6;
        } else if (isEscape(escaped)) at += 2;
        else return -1 - Math.min(at + 1, length);
      }
    }
    return -1 - length;
  }

  #scalar(from: number): number {
    const byte = this.#bytes[from];
    if (byte === 0x74) return this.#word(from, 'true');
    if (byte === 0x66) return this.#word(from, 'false');
    if (byte === 0x6e) return this.#word(from, 'null');
    return this.#number(from);
  }

  #word(from: number, word: string): number {
    for (let i = 0; i < word.length; i++) {
      if (this.#bytes[from + i] !== word.charCodeAt(i)) return -1 - from;
    }
    return from + word.length;
  }

  #number(from: number): number {
    const bytes = this.#bytes;
    let at = bytes[from] === 0x2d /* - */ ? from + 1 : from;
    if (bytes[at] === 0x30 /* 0 */) at += 1;
    else at = this.#digits(at);
    if (at < 0) return at;
    if (bytes[at] === 0x2e /* . */) at = this.#digits(at + 1);
    if (at < 0) return at;
    if (bytes[at] === 0x65 || bytes[at] === 0x45 /* e, E */) {
      const sign = bytes[at + 1];
      at = this.#digits(sign === 0x2b || sign === 0x2d ? at + 2 : at + 1);
    }
    return at;
  }

  #digits(from: number): number {
    let at = from;
    while (isDigit(this.#bytes[at])) at += 1;
    return at === from ? -1 - Math.min(at, this.#bytes.length) : at;
  }

  #enter(isObject: boolean): void {
    const word = Math.floor(this.#depth / levelsPerWord);
    const bit = 1 << (this.#depth % levelsPerWord);
    const levels = this.#levels[word] ?? 0;
    this.#levels[word] = isObject ? levels | bit : levels & ~bit;
    this.#depth += 1;
  }

  #isObject(): boolean {
    const level = this.#depth - 1;
    return ((this.#levels[Math.floor(level / levelsPerWord)] ?? 0) & (1 << (level % levelsPerWord))) !== 0;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

/** One of `"\/bfnrt`. */
function isEscape(byte: number): boolean {
  return '"\\/bfnrt'.includes(String.fromCharCode(byte)) && byte !== 0;
}

function describe(bytes: Uint8Array, at: number): string {
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < at; i++) {
    if (bytes[i] !== 0x0a) continue;
    line += 1;
    lineStart = i + 1;
  }
  const where = `line: ${line}, column: ${at - lineStart + 1}`;
  const byte = bytes[at];
  if (byte === undefined) return `Unexpected end-of-input at ${where}`;
  const shown =
    byte > 0x20 && byte < 0x7f ? `'${String.fromCharCode(byte)}' (code ${byte})` : `(code ${byte})`;
  return `Unexpected character ${shown} at ${where}`;
}
