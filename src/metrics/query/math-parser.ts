/**
 * Metric math, as much of it as is served, from text to a tree. Pure.
 *
 *     sum     = product { ("+" | "-") product }          product = power { ("*" | "/") power }
 *     power   = unary [ "^" power ]                      unary   = "-" unary | value
 *     value   = number | text | name | name "(" [ sum { "," sum } ] ")" | "(" sum ")" | "[" sum { "," sum } "]"
 */
import { unreachable } from '#lib/assert';

export type Node =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: 'negated'; readonly of: Node }
  | { readonly kind: 'binary'; readonly operator: Operator; readonly left: Node; readonly right: Node };

export type Operator = '+' | '-' | '*' | '/' | '^';

/** What is wrong with an expression, for who wrote it. */
export class MathError extends Error {}

const nestingMax = 32;
const nodesMax = 500;

const token =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_][A-Za-z0-9_]*)|"([^"]*)"|'([^']*)'|([-+*/^()[\],]))/y;

interface Token {
  readonly kind: 'number' | 'name' | 'text' | 'sign';
  readonly text: string;
}

export function parseMath(text: string): Node {
  const parser = new Parser(tokensOf(text));
  const node = parser.sum(0);
  parser.end();
  return node;
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  token.lastIndex = 0;
  while (token.lastIndex < trimmed.length) {
    const at = token.lastIndex;
    const match = token.exec(trimmed);
    if (match === null) throw new MathError(`Unexpected '${trimmed.slice(at, at + 20).trim()}'`);
    const [, number, name, double, single, sign] = match;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else tokens.push({ kind: 'text', text: double ?? single ?? '' });
  }
  return tokens;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #nodes = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  sum(depth: number): Node {
    let left = this.#product(depth);
    for (let operator = this.#operator('+-'); operator !== undefined; operator = this.#operator('+-')) {
      left = this.#node({ kind: 'binary', operator, left, right: this.#product(depth) });
    }
    return left;
  }

  end(): void {
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw new MathError(`Unexpected '${left.text}'`);
  }

  #product(depth: number): Node {
    let left = this.#power(depth);
    for (let operator = this.#operator('*/'); operator !== undefined; operator = this.#operator('*/')) {
      left = this.#node({ kind: 'binary', operator, left, right: this.#power(depth) });
    }
    return left;
  }

  #power(depth: number): Node {
    if (depth > nestingMax) throw new MathError('It is nested too deeply');
    const left = this.#unary(depth);
    const operator = this.#operator('^');
    return operator === undefined
      ? left
      : this.#node({ kind: 'binary', operator, left, right: this.#power(depth + 1) });
  }

  #unary(depth: number): Node {
    if (depth > nestingMax) throw new MathError('It is nested too deeply');
    if (this.#operator('-') === undefined) return this.#value(depth);
    return this.#node({ kind: 'negated', of: this.#unary(depth + 1) });
  }

  #value(depth: number): Node {
    const found = this.#tokens[this.#at];
    this.#at += 1;
    if (found === undefined) throw new MathError('It ends too early');
    switch (found.kind) {
      case 'number':
        return this.#node({ kind: 'number', value: Number(found.text) });
      case 'text':
        return this.#node({ kind: 'text', value: found.text });
      case 'name':
        if (!this.#takes('(')) return this.#node({ kind: 'name', name: found.text });
        return this.#node({ kind: 'call', name: found.text.toUpperCase(), args: this.#items(')', depth) });
      case 'sign':
        return this.#enclosed(found.text, depth);
      default:
        return unreachable(found.kind);
    }
  }

  #enclosed(sign: string, depth: number): Node {
    if (sign === '[') return this.#node({ kind: 'list', items: this.#items(']', depth) });
    if (sign !== '(') throw new MathError(`Unexpected '${sign}'`);
    const inner = this.sum(depth + 1);
    if (!this.#takes(')')) throw new MathError("A ')' is missing");
    return inner;
  }

  #items(end: ')' | ']', depth: number): readonly Node[] {
    if (this.#takes(end)) return [];
    const items: Node[] = [];
    do items.push(this.sum(depth + 1));
    while (this.#takes(','));
    if (!this.#takes(end)) throw new MathError(`A '${end}' is missing`);
    return items;
  }

  #operator(of: string): Operator | undefined {
    const found = this.#tokens[this.#at];
    if (found?.kind !== 'sign' || !of.includes(found.text)) return undefined;
    this.#at += 1;
    return found.text as Operator;
  }

  #takes(sign: string): boolean {
    const found = this.#tokens[this.#at];
    if (found?.kind !== 'sign' || found.text !== sign) return false;
    this.#at += 1;
    return true;
  }

  #node(node: Node): Node {
    this.#nodes += 1;
    if (this.#nodes > nodesMax) throw new MathError(`It has more than ${nodesMax} parts`);
    return node;
  }
}
