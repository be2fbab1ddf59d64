/**
 * The conditions of a field, compiled: what takes a look-up is one, whatever their number; each of the others reads a value once.
 * A text is brought to lower case once, and only if somebody asks. Pure.
 */
import { unreachable } from '#lib/assert';
import { isWithin } from './address.ts';
import type { Condition, NumericBound, Scalar } from './pattern.ts';
import { wildcardTest } from './wildcard.ts';

/** Of the values at the place that the conditions are about: none, where the field is not there. */
export type LeavesTest = (leaves: readonly Scalar[]) => boolean;

type LeafTest = (leaf: Scalar) => boolean;
type TextTest = (text: Text) => boolean;

class Text {
  readonly exact: string;
  #lower: string | undefined;

  constructor(exact: string) {
    this.exact = exact;
  }

  get lower(): string {
    this.#lower ??= this.exact.toLowerCase();
    return this.#lower;
  }
}

export function compileConditions(conditions: readonly Condition[]): LeavesTest {
  const wantsNone = conditions.some((condition) => condition.kind === 'exists' && !condition.exists);
  const test = leafTest(conditions);
  return (leaves) => (leaves.length === 0 ? wantsNone : leaves.some(test));
}

function leafTest(conditions: readonly Condition[]): LeafTest {
  const equal = new Set<Scalar>();
  const equalInLower = new Set<string>();
  const ofTexts: TextTest[] = [];
  const ofNumbers: ((value: number) => boolean)[] = [];
  const ofAny: LeafTest[] = [];
  for (const condition of conditions) {
    switch (condition.kind) {
      case 'equals':
        equal.add(condition.value);
        break;
      case 'equals-ignore-case':
        equalInLower.add(condition.value.toLowerCase());
        break;
      case 'prefix':
      case 'suffix':
        ofTexts.push(affixTest(condition));
        break;
      case 'wildcard': {
        const test = wildcardTest(condition.pieces);
        ofTexts.push(({ exact }) => test(exact));
        break;
      }
      case 'cidr':
        ofTexts.push(({ exact }) => isWithin(condition.network, exact));
        break;
      case 'exists':
        if (condition.exists) ofAny.push(() => true);
        break;
      case 'numeric':
        ofNumbers.push((value) => condition.bounds.every((bound) => holds(bound, value)));
        break;
      case 'anything-but': {
        const excluded = leafTest(condition.none);
        ofAny.push((leaf) => !excluded(leaf));
        break;
      }
      default:
        unreachable(condition);
    }
  }
  return (leaf) => {
    if (equal.has(leaf)) return true;
    if (typeof leaf === 'number' && ofNumbers.some((test) => test(leaf))) return true;
    if (typeof leaf === 'string') {
      const text = new Text(leaf);
      if (equalInLower.size > 0 && equalInLower.has(text.lower)) return true;
      if (ofTexts.some((test) => test(text))) return true;
    }
    return ofAny.some((test) => test(leaf));
  };
}

function affixTest(condition: Extract<Condition, { kind: 'prefix' | 'suffix' }>): TextTest {
  const { kind, ignoreCase } = condition;
  const value = ignoreCase ? condition.value.toLowerCase() : condition.value;
  const textOf = (text: Text): string => (ignoreCase ? text.lower : text.exact);
  return kind === 'prefix'
    ? (text) => textOf(text).startsWith(value)
    : (text) => textOf(text).endsWith(value);
}

function holds({ comparison, value }: NumericBound, leaf: number): boolean {
  switch (comparison) {
    case '=':
      return leaf === value;
    case '<':
      return leaf < value;
    case '<=':
      return leaf <= value;
    case '>':
      return leaf > value;
    case '>=':
      return leaf >= value;
    default:
      return unreachable(comparison);
  }
}
