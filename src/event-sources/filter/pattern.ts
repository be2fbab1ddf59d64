/**
 * Filter patterns: which records a mapping hands to its function. The syntax is that of AWS's event filtering and, beyond it, of
 * EventBridge's patterns (`cidr`, `wildcard`); here a text becomes a tree, or a reason why it is no pattern. Pure.
 *
 *   { "body": { "city": ["Basel", { "prefix": "Z" }], "$or": [{ "a": [1] }, { "b": [{ "exists": true }] }] } }
 *
 * All fields of an object must match, one condition of a list, one alternative of each `$or`.
 */
import { type Network, parseNetwork } from './address.ts';
import { numericMagnitudeMax, patternCharsMax, patternDepthMax, wildcardsMax } from './limits.ts';
import { parseWildcard } from './wildcard.ts';

export interface FilterPattern {
  readonly fields: readonly (readonly [name: string, FieldPattern])[];
  /** Of the `$or`, if there is one: one of them must match too. */
  readonly alternatives: readonly FilterPattern[];
}

export type FieldPattern =
  | { readonly kind: 'object'; readonly pattern: FilterPattern }
  | { readonly kind: 'any-of'; readonly conditions: readonly Condition[] };

export type Scalar = string | number | boolean | null;

export type Condition =
  | { readonly kind: 'equals'; readonly value: Scalar }
  | { readonly kind: 'equals-ignore-case'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string; readonly ignoreCase: boolean }
  | { readonly kind: 'suffix'; readonly value: string; readonly ignoreCase: boolean }
  /** The texts between the stars. */
  | { readonly kind: 'wildcard'; readonly pieces: readonly string[] }
  | { readonly kind: 'cidr'; readonly network: Network }
  | { readonly kind: 'exists'; readonly exists: boolean }
  | { readonly kind: 'numeric'; readonly bounds: readonly NumericBound[] }
  | { readonly kind: 'anything-but'; readonly none: readonly Condition[] };

export interface NumericBound {
  readonly comparison: '=' | '<' | '<=' | '>' | '>=';
  readonly value: number;
}

export type ParsedPattern =
  | { readonly kind: 'pattern'; readonly pattern: FilterPattern }
  | { readonly kind: 'invalid'; readonly reason: string };

class Invalid extends Error {}

export function parseFilterPattern(text: string): ParsedPattern {
  if (text.length > patternCharsMax) return invalid(`longer than ${patternCharsMax} characters`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return invalid('not JSON');
  }
  try {
    const pattern = patternOf(json, 1);
    if (wildcardsIn(pattern) > wildcardsMax) return invalid(`more than ${wildcardsMax} wildcards`);
    return { kind: 'pattern', pattern };
  } catch (error) {
    if (error instanceof Invalid) return invalid(error.message);
    throw error;
  }
}

const invalid = (reason: string): ParsedPattern => ({ kind: 'invalid', reason });

function patternOf(json: unknown, depth: number): FilterPattern {
  if (!isObject(json)) throw new Invalid('a pattern must be an object');
  if (depth > patternDepthMax) throw new Invalid(`more than ${patternDepthMax} objects within each other`);
  const members = Object.entries(json);
  if (members.length === 0) throw new Invalid('an object without fields');
  const fields: [string, FieldPattern][] = [];
  let alternatives: readonly FilterPattern[] = [];
  for (const [name, value] of members) {
    if (name === '$or') alternatives = alternativesOf(value, depth);
    else fields.push([name, fieldOf(name, value, depth)]);
  }
  return { fields, alternatives };
}

function alternativesOf(json: unknown, depth: number): readonly FilterPattern[] {
  if (!Array.isArray(json) || json.length < 2) throw new Invalid('$or must list two objects or more');
  return json.map((alternative) => patternOf(alternative, depth + 1));
}

function fieldOf(name: string, json: unknown, depth: number): FieldPattern {
  if (!Array.isArray(json)) {
    if (!isObject(json)) throw new Invalid(`${JSON.stringify(name)} must be an object or a list`);
    return { kind: 'object', pattern: patternOf(json, depth + 1) };
  }
  if (json.length === 0) throw new Invalid(`the list of ${JSON.stringify(name)} is empty`);
  return { kind: 'any-of', conditions: json.map(conditionOf) };
}

function conditionOf(json: unknown): Condition {
  if (isScalar(json)) return { kind: 'equals', value: json };
  const [operator, operand] = onlyMember(json);
  switch (operator) {
    case 'equals-ignore-case':
      return { kind: operator, value: textOf(operand, operator) };
    case 'prefix':
    case 'suffix':
      return affixOf(operator, operand);
    case 'wildcard':
      return { kind: operator, pieces: piecesOf(operand) };
    case 'cidr':
      return { kind: operator, network: networkOf(operand) };
    case 'exists':
      if (typeof operand !== 'boolean') throw new Invalid('exists must be true or false');
      return { kind: operator, exists: operand };
    case 'numeric':
      return { kind: operator, bounds: boundsOf(operand) };
    case 'anything-but':
      return { kind: operator, none: exclusionsOf(operand) };
    default:
      throw new Invalid(`no comparison is called ${JSON.stringify(operator)}`);
  }
}

function affixOf(kind: 'prefix' | 'suffix', operand: unknown): Condition {
  if (typeof operand === 'string') return { kind, value: operand, ignoreCase: false };
  const [operator, value] = onlyMember(operand);
  if (operator !== 'equals-ignore-case') throw new Invalid(`${kind} must be a string`);
  return { kind, value: textOf(value, kind), ignoreCase: true };
}

function piecesOf(operand: unknown): readonly string[] {
  const pieces = parseWildcard(textOf(operand, 'wildcard'));
  if (pieces === undefined) throw new Invalid('a wildcard has no stars in a row, and escapes only * and \\');
  return pieces;
}

function networkOf(operand: unknown): Network {
  const network = parseNetwork(textOf(operand, 'cidr'));
  if (network === undefined) throw new Invalid('cidr takes an address and a number of bits: 10.0.0.0/24');
  return network;
}

/** `"a"`, `["a", 1]`, or `{"prefix": "a"}`, `{"suffix": ["a", "b"]}`, `{"equals-ignore-case": …}`, `{"wildcard": …}`. */
function exclusionsOf(operand: unknown): readonly Condition[] {
  if (isObject(operand)) {
    const [operator, value] = onlyMember(operand);
    if (!excludable.has(operator)) {
      throw new Invalid(`anything-but takes no ${JSON.stringify(operator)}`);
    }
    return listOf(value).map((each) => conditionOf({ [operator]: each }));
  }
  return listOf(operand).map((each) => {
    if (typeof each !== 'string' && typeof each !== 'number') {
      throw new Invalid('anything-but takes strings and numbers');
    }
    return { kind: 'equals', value: each };
  });
}

const excludable: ReadonlySet<string> = new Set(['prefix', 'suffix', 'equals-ignore-case', 'wildcard']);

function listOf(operand: unknown): readonly unknown[] {
  const list: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
  if (list.length === 0) throw new Invalid('an empty list');
  return list;
}

const comparisons: ReadonlySet<unknown> = new Set(['=', '<', '<=', '>', '>=']);

/** `["=", 1]`, `[">", 1]`, or a range of a lower and an upper bound: `[">", 1, "<=", 5]`. */
function boundsOf(operand: unknown): readonly NumericBound[] {
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) {
    throw new Invalid('numeric takes one or two comparisons');
  }
  const bounds: NumericBound[] = [];
  for (let at = 0; at < operand.length; at += 2) {
    const [comparison, value] = [operand[at], operand[at + 1]] as [unknown, unknown];
    if (!comparisons.has(comparison)) throw new Invalid('numeric compares with =, <, <=, > or >=');
    if (typeof value !== 'number' || Math.abs(value) > numericMagnitudeMax) {
      throw new Invalid('numeric takes numbers up to 5 billion');
    }
    bounds.push({ comparison: comparison as NumericBound['comparison'], value });
  }
  const [lower, upper] = bounds;
  if (lower && upper) {
    const isRange = lower.comparison.startsWith('>') && upper.comparison.startsWith('<');
    if (!isRange || lower.value >= upper.value)
      throw new Invalid('a range goes from a lower to an upper bound');
  }
  return bounds;
}

function onlyMember(json: unknown): readonly [string, unknown] {
  const members = isObject(json) ? Object.entries(json) : [];
  const [member] = members;
  if (member === undefined || members.length > 1) {
    throw new Invalid('a condition is a value, or an object with one comparison');
  }
  return member;
}

function wildcardsIn({ fields, alternatives }: FilterPattern): number {
  let count = 0;
  for (const alternative of alternatives) count += wildcardsIn(alternative);
  for (const [, field] of fields) {
    if (field.kind === 'object') count += wildcardsIn(field.pattern);
    else for (const condition of field.conditions) count += wildcardsOf(condition);
  }
  return count;
}

function wildcardsOf(condition: Condition): number {
  if (condition.kind !== 'anything-but') return condition.kind === 'wildcard' ? 1 : 0;
  return condition.none.filter(({ kind }) => kind === 'wildcard').length;
}

function textOf(json: unknown, operator: string): string {
  if (typeof json !== 'string') throw new Invalid(`${operator} must be a string`);
  return json;
}

const isObject = (json: unknown): json is Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

const isScalar = (json: unknown): json is Scalar =>
  json === null || typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean';
