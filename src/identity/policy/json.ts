/**
 * JSON as policy documents need it read: bounded in depth and number of values, duplicate member names refused (JSON.parse silently keeps
 * the last, so that two readers of one document could disagree about what it allows), numbers kept as they are written.
 *
 * One pass, no regular expressions over the whole text; the recursion is bounded by `documentDepthMax`.
 */
import { documentDepthMax, documentValuesMax } from './limits.ts';

export type Json = string | boolean | null | JsonNumber | readonly Json[] | JsonObject;
/** In the order of the text. A map, because `__proto__` is a member name like any other. */
export type JsonObject = ReadonlyMap<string, Json>;

/** A number as it is written. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type JsonOutcome =
  | { readonly kind: 'parsed'; readonly value: Json }
  /** `offset` in UTF-16 units. */
  | { readonly kind: 'malformed'; readonly problem: string; readonly offset: number };

export function isObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map;
}

export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The caller bounds the length of `text`. */
export function readJson(text: string): JsonOutcome {
  const reader = new Reader(text);
  try {
    return { kind: 'parsed', value: reader.document() };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { kind: 'malformed', problem: error.problem, offset: error.offset };
  }
}

class Malformed extends Error {
  readonly problem: string;
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(problem);
    this.problem = problem;
    this.offset = offset;
  }
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Numbers are short; the bound keeps the pattern from reading far. */
const numberCharactersMax = 64;
const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Reader {
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    this.#space();
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail('text after the document');
    return value;
  }

  #value(depth: number): Json {
    this.#values += 1;
    if (this.#values > documentValuesMax) this.#fail('too many values');
    switch (this.#text[this.#at] ?? '') {
      case '{':
        return this.#object(depth + 1);
      case '[':
        return this.#array(depth + 1);
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): JsonObject {
    this.#enter(depth);
    const members = new Map<string, Json>();
    if (this.#take('}')) return members;
    for (;;) {
      const start = this.#at;
      if (this.#text[start] !== '"') this.#fail('a member name was expected');
      const name = this.#string();
      if (members.has(name)) this.#fail('a member name is there twice', start);
      if (!this.#take(':')) this.#fail('":" was expected');
      members.set(name, this.#value(depth));
      if (this.#take('}')) return members;
      if (!this.#take(',')) this.#fail('"," or "}" was expected');
    }
  }

  #array(depth: number): readonly Json[] {
    this.#enter(depth);
    const items: Json[] = [];
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.#value(depth));
      if (this.#take(']')) return items;
      if (!this.#take(',')) this.#fail('"," or "]" was expected');
    }
  }

  #enter(depth: number): void {
    if (depth > documentDepthMax) this.#fail('nested too deeply');
    this.#at += 1;
    this.#space();
  }

  /** Takes the punctuation and the white space around it. */
  #take(mark: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    this.#space();
    return true;
  }

  #string(): string {
    const text = this.#text;
    const start = this.#at;
    let value = '';
    let from = start + 1;
    for (let at = from; ; at++) {
      const code = text.charCodeAt(at); // NaN at the end
      if (code === 0x22) {
        value += text.slice(from, at);
        this.#at = at + 1;
        if (!value.isWellFormed()) this.#fail('half of a surrogate pair', start);
        return value;
      }
      if (!(code >= 0x20)) this.#fail('a control character or the end in a string', at);
      if (code !== 0x5c) continue;
      value += text.slice(from, at);
      const escape = text[at + 1] ?? '';
      if (escape === 'u') {
        const digits = text.slice(at + 2, at + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail('an unknown escape', at);
        value += String.fromCharCode(Number.parseInt(digits, 16));
        at += 5;
      } else {
        const meant = escapes[escape];
        if (meant === undefined) this.#fail('an unknown escape', at);
        value += meant;
        at += 1;
      }
      from = at + 1;
    }
  }

  #word(word: string, value: boolean | null): boolean | null {
    if (!this.#text.startsWith(word, this.#at)) this.#fail('a value was expected');
    this.#at += word.length;
    return value;
  }

  #number(): JsonNumber {
    const near = this.#text.slice(this.#at, this.#at + numberCharactersMax);
    numberPattern.lastIndex = 0;
    const [digits] = numberPattern.exec(near) ?? [];
    if (digits === undefined || digits.length === numberCharactersMax) this.#fail('a value was expected');
    this.#at += digits.length;
    return new JsonNumber(digits);
  }

  #space(): void {
    const text = this.#text;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #fail(problem: string, offset = this.#at): never {
    throw new Malformed(problem, offset);
  }
}
