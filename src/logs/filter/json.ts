/**
 * JSON patterns: `{ ($.level = "ERROR" || $.status >= 500) && $.user.ids[0] IS NULL }`. Messages that are no JSON object
 * never match; a comparison with a property that is not there is false.
 *
 *   or         = and ("||" and)*
 *   and        = condition ("&&" condition)*
 *   condition  = "(" or ")" | selector test
 *   test       = ("=" | "!=" | "<" | "<=" | ">" | ">=") value | "IS" ("NULL" | "TRUE" | "FALSE") | "NOT" "EXISTS" | "EXISTS"
 *   value      = "quoted, * for anything" | bare, * for anything | number
 */
import type { Json } from '#platform';
import { parseSelector, select } from './selector.ts';
import type { Selector } from './selector.ts';
import { invalidCharacters, regexRefused } from './parsed.ts';
import type { Parsed } from './parsed.ts';

type Condition = (root: Json) => boolean;
type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

interface Lexeme {
  readonly kind: 'symbol' | 'comparison' | 'quoted' | 'bare';
  readonly text: string;
}

/** Parentheses within parentheses. */
const depthMax = 32;

class Refusal {
  readonly parsed: Parsed;
  constructor(parsed: Parsed) {
    this.parsed = parsed;
  }
}

export function parseJsonPattern(pattern: string): Parsed {
  try {
    if (!pattern.endsWith('}')) throw refusal('a JSON pattern ends with }');
    const parser = new Parser(lex(pattern.slice(1, -1)));
    const condition = parser.whole();
    return {
      kind: 'pattern',
      matches: (message) => {
        const root = parseObject(message);
        return root !== undefined && condition(root);
      },
    };
  } catch (error) {
    if (error instanceof Refusal) return error.parsed;
    throw error;
  }
}

class Parser {
  readonly #lexemes: readonly Lexeme[];
  #at = 0;
  #depth = 0;

  constructor(lexemes: readonly Lexeme[]) {
    this.#lexemes = lexemes;
  }

  whole(): Condition {
    const condition = this.#or();
    const rest = this.#lexemes[this.#at];
    if (rest !== undefined) throw refusal(`unexpected ${rest.text}`);
    return condition;
  }

  #or(): Condition {
    const list = [this.#and()];
    while (this.#skip('||')) list.push(this.#and());
    return list.length === 1 && list[0] !== undefined ? list[0] : (root) => list.some((test) => test(root));
  }

  #and(): Condition {
    const list = [this.#condition()];
    while (this.#skip('&&')) list.push(this.#condition());
    return list.length === 1 && list[0] !== undefined ? list[0] : (root) => list.every((test) => test(root));
  }

  #condition(): Condition {
    if (this.#skip('(')) {
      this.#depth += 1;
      if (this.#depth > depthMax) throw refusal('too many parentheses');
      const inner = this.#or();
      if (!this.#skip(')')) throw refusal('a parenthesis is not closed');
      this.#depth -= 1;
      return inner;
    }
    const name = this.#next();
    const selector = name.kind === 'bare' ? parseSelector(name.text) : undefined;
    if (selector === undefined) throw refusal(`${name.text} is not a property selector such as $.level`);
    return this.#test(selector);
  }

  #test(selector: Selector): Condition {
    const operator = this.#next();
    if (operator.kind === 'comparison') {
      const value = this.#next();
      if (value.kind !== 'bare' && value.kind !== 'quoted') throw refusal(`unexpected ${value.text}`);
      if (value.kind === 'bare' && value.text.startsWith('%')) throw new Refusal(regexRefused);
      const compares = comparing(operator.text as Comparison, value);
      return (root) => select(root, selector).some(compares);
    }
    switch (operator.text.toUpperCase()) {
      case 'EXISTS':
        return (root) => select(root, selector).length > 0;
      case 'NOT':
        this.#word('EXISTS');
        return (root) => select(root, selector).length === 0;
      case 'IS': {
        const expected = isValues.get(this.#next().text.toUpperCase());
        if (expected === undefined) throw refusal('IS is followed by NULL, TRUE or FALSE');
        return (root) => select(root, selector).includes(expected);
      }
      default:
        throw refusal(`unexpected ${operator.text}`);
    }
  }

  #word(word: string): void {
    if (this.#next().text.toUpperCase() !== word) throw refusal(`${word} is missing`);
  }

  #next(): Lexeme {
    const lexeme = this.#lexemes[this.#at];
    if (lexeme === undefined) throw refusal('it ends too early');
    this.#at += 1;
    return lexeme;
  }

  #skip(symbol: string): boolean {
    const lexeme = this.#lexemes[this.#at];
    if (lexeme?.kind !== 'symbol' || lexeme.text !== symbol) return false;
    this.#at += 1;
    return true;
  }
}

const isValues: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['NULL', null],
  ['TRUE', true],
  ['FALSE', false],
]);

function comparing(operator: Comparison, value: Lexeme): (found: Json) => boolean {
  const number = value.kind === 'bare' && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value.text);
  if (operator !== '=' && operator !== '!=') {
    if (!number) throw refusal(`${operator} compares with a number`);
    const bound = Number(value.text);
    return (found) => typeof found === 'number' && orders(operator, found, bound);
  }
  const isText = wildcard(value.text);
  const equal = (found: Json): boolean => {
    if (number && typeof found === 'number') return found === Number(value.text);
    if (typeof found === 'number') return value.kind === 'bare' && isText(String(found));
    if (typeof found === 'boolean')
      return value.kind === 'bare' && String(found) === value.text.toLowerCase();
    return typeof found === 'string' && isText(found);
  };
  return operator === '=' ? equal : (found) => !equal(found);
}

function orders(operator: '<' | '<=' | '>' | '>=', found: number, bound: number): boolean {
  switch (operator) {
    case '<':
      return found < bound;
    case '<=':
      return found <= bound;
    case '>':
      return found > bound;
    case '>=':
      return found >= bound;
    default:
      return operator satisfies never;
  }
}

/** Matches `*` with anything, in time linear in the text for each part of the pattern: no regular expression. */
function wildcard(pattern: string): (text: string) => boolean {
  const parts = pattern.split('*');
  const [head = '', ...rest] = parts;
  const tail = rest.pop();
  if (tail === undefined) return (text) => text === pattern;
  return (text) => {
    if (!text.startsWith(head) || text.length < head.length + tail.length || !text.endsWith(tail))
      return false;
    let at = head.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return at <= text.length - tail.length;
  };
}

const lexeme =
  /\s*(?:(\|\||&&|[()])|(!=|<=|>=|=|<|>)|"((?:[^"\\]|\\.)*)"|((?:\$(?:\[[^\]]*\]|[^\s=!<>()&|[\]"])*)|%[^%]*%|[^\s=!<>()&|",{}[\]]+))/y;

function lex(text: string): readonly Lexeme[] {
  const lexemes: Lexeme[] = [];
  lexeme.lastIndex = 0;
  while (text.slice(lexeme.lastIndex).trim() !== '') {
    const start = lexeme.lastIndex;
    const match = lexeme.exec(text);
    if (match === null) throw new Refusal(invalidCharacters(text.slice(start).trim()[0] ?? ''));
    const [, symbol, comparison, quoted, bare] = match;
    if (symbol !== undefined) lexemes.push({ kind: 'symbol', text: symbol });
    else if (comparison !== undefined) lexemes.push({ kind: 'comparison', text: comparison });
    else if (quoted !== undefined) lexemes.push({ kind: 'quoted', text: quoted.replace(/\\(.)/g, '$1') });
    else lexemes.push({ kind: 'bare', text: bare ?? '' });
  }
  return lexemes;
}

function parseObject(message: string): Json | undefined {
  if (!/^\s*\{/.test(message)) return undefined;
  try {
    return JSON.parse(message) as Json;
  } catch {
    return undefined;
  }
}

function refusal(reason: string): Refusal {
  return new Refusal({ kind: 'refused', message: `Invalid filter pattern: ${reason}` });
}
