/**
 * The condition operators: how one value of a request is compared with one value of a policy. The negated ones (StringNotEquals, …) are
 * the same comparison, asked the other way round by conditions.ts.
 */
import type { RequestContext } from './context.ts';
import { parseDateMs } from './dates.ts';
import { contains, parseIpRange } from './ip-range.ts';
import { compileTemplate, resolveTemplate, resolveText, type Template } from './template.ts';
import { matchesPieces, type Piece } from './wildcard.ts';

/** Whether a value of the request matches. A value of the request that cannot be read as the operator's type matches nothing. */
export type Comparison = (value: string, context: RequestContext) => boolean;

export interface Operator {
  readonly negated: boolean;
  /** Undefined for a policy value that is not of the operator's type. `variables`: whether policy variables are read. */
  readonly compile: (value: string, variables: boolean) => Comparison | undefined;
}

const numberPattern = /^[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?$/;

function parseNumber(text: string): number | undefined {
  return numberPattern.test(text) ? Number(text) : undefined;
}

function stringEquals(value: string, variables: boolean): Comparison {
  const template = compileTemplate(value, { wildcards: 'none', variables });
  return (text, context) => resolveText(template, context) === text;
}

function stringEqualsIgnoreCase(value: string, variables: boolean): Comparison {
  const template = compileTemplate(value, { wildcards: 'none', variables });
  return (text, context) => resolveText(template, context)?.toLowerCase() === text.toLowerCase();
}

function stringLike(value: string, variables: boolean): Comparison {
  const template = compileTemplate(value, { wildcards: 'everything', variables });
  return (text, context) => {
    const pieces = resolveTemplate(template, context);
    return pieces !== undefined && matchesPieces(pieces, text);
  };
}

/** For types that are ordered; `parse` reads both sides. */
function ordered(
  parse: (text: string) => number | undefined,
  holds: (value: number, limit: number) => boolean,
): Operator['compile'] {
  return (limitText) => {
    const limit = parse(limitText);
    if (limit === undefined) return undefined;
    return (text) => {
      const value = parse(text);
      return value !== undefined && holds(value, limit);
    };
  };
}

function bool(value: string): Comparison | undefined {
  const wanted = value.toLowerCase();
  if (wanted !== 'true' && wanted !== 'false') return undefined;
  return (text) => text.toLowerCase() === wanted;
}

function binaryEquals(value: string): Comparison | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return undefined;
  const wanted = canonicalBase64(value);
  return (text) => canonicalBase64(text) === wanted;
}

function canonicalBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('base64');
}

function ipAddress(value: string): Comparison | undefined {
  const range = parseIpRange(value);
  if (range === undefined) return undefined;
  return (text) => {
    const address = parseIpRange(text);
    return address !== undefined && contains(range, address);
  };
}

/** Partition, service, region, account and the rest are compared one by one, so that no wildcard reaches from one into the next. */
function arnLike(value: string, variables: boolean): Comparison {
  const components = splitComponents(compileTemplate(value, { wildcards: 'everything', variables }));
  return (text, context) => {
    const given = arnComponents(text);
    const open = components.length < arnComponentsCount && endsOpen(components);
    if (open ? given.length < components.length : given.length !== components.length) return false;
    return components.every((component, index) => {
      const pieces = resolveTemplate(component, context);
      return pieces !== undefined && matchesPieces(pieces, given[index] ?? '');
    });
  };
}

const arnComponentsCount = 6;

/** "*" alone, or `arn:aws:sns:*`: what follows the last component is covered by its star. */
function endsOpen(components: readonly Template[]): boolean {
  const parts = components.at(-1)?.parts ?? [];
  return parts.length === 1 && parts[0]?.kind === 'any';
}

function arnComponents(arn: string): readonly string[] {
  const components = arn.split(':', arnComponentsCount - 1);
  const used = components.reduce((sum, component) => sum + component.length + 1, 0);
  return used > arn.length ? components : [...components, arn.slice(used)];
}

function splitComponents({ parts }: Template): readonly Template[] {
  const components: (typeof parts)[number][][] = [[]];
  const add = (part: (typeof parts)[number]): void => void components.at(-1)?.push(part);
  for (const part of parts) {
    if (part.kind !== 'literal') {
      add(part);
      continue;
    }
    const texts = arnTexts(part.text, arnComponentsCount - components.length);
    for (const [index, text] of texts.entries()) {
      if (index > 0) components.push([]);
      if (text !== '') add({ kind: 'literal', text });
    }
  }
  return components.map((own) => {
    const pieces: Piece[] = own.filter((part) => part.kind !== 'variable');
    return { parts: own, pieces: pieces.length === own.length ? pieces : undefined };
  });
}

/** Splits at the first `splits` colons. */
function arnTexts(text: string, splits: number): readonly string[] {
  const texts: string[] = [];
  let from = 0;
  for (let left = splits; left > 0; left--) {
    const at = text.indexOf(':', from);
    if (at === -1) break;
    texts.push(text.slice(from, at));
    from = at + 1;
  }
  return [...texts, text.slice(from)];
}

const equal = (value: number, limit: number): boolean => value === limit;
const less = (value: number, limit: number): boolean => value < limit;
const atMost = (value: number, limit: number): boolean => value <= limit;
const greater = (value: number, limit: number): boolean => value > limit;
const atLeast = (value: number, limit: number): boolean => value >= limit;

function plain(compile: Operator['compile']): Operator {
  return { negated: false, compile };
}

function negated(compile: Operator['compile']): Operator {
  return { negated: true, compile };
}

/** By name, without quantifier and IfExists. Null is not among them: it compares nothing. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ['StringEquals', plain(stringEquals)],
  ['StringNotEquals', negated(stringEquals)],
  ['StringEqualsIgnoreCase', plain(stringEqualsIgnoreCase)],
  ['StringNotEqualsIgnoreCase', negated(stringEqualsIgnoreCase)],
  ['StringLike', plain(stringLike)],
  ['StringNotLike', negated(stringLike)],
  ['NumericEquals', plain(ordered(parseNumber, equal))],
  ['NumericNotEquals', negated(ordered(parseNumber, equal))],
  ['NumericLessThan', plain(ordered(parseNumber, less))],
  ['NumericLessThanEquals', plain(ordered(parseNumber, atMost))],
  ['NumericGreaterThan', plain(ordered(parseNumber, greater))],
  ['NumericGreaterThanEquals', plain(ordered(parseNumber, atLeast))],
  ['DateEquals', plain(ordered(parseDateMs, equal))],
  ['DateNotEquals', negated(ordered(parseDateMs, equal))],
  ['DateLessThan', plain(ordered(parseDateMs, less))],
  ['DateLessThanEquals', plain(ordered(parseDateMs, atMost))],
  ['DateGreaterThan', plain(ordered(parseDateMs, greater))],
  ['DateGreaterThanEquals', plain(ordered(parseDateMs, atLeast))],
  ['Bool', plain(bool)],
  ['BinaryEquals', plain(binaryEquals)],
  ['IpAddress', plain(ipAddress)],
  ['NotIpAddress', negated(ipAddress)],
  ['ArnEquals', plain(arnLike)],
  ['ArnLike', plain(arnLike)],
  ['ArnNotEquals', negated(arnLike)],
  ['ArnNotLike', negated(arnLike)],
]);
