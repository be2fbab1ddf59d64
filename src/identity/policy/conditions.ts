/**
 * One member of a Condition element: an operator, a key, and the values it may have.
 *
 * | | key is there | key is missing |
 * |---|---|---|
 * | `StringEquals` and the like | some value of the request matches some value of the policy | false |
 * | `StringNotEquals` and the like | no value of the request matches any value of the policy | true |
 * | `…IfExists` | as without | true |
 * | `ForAnyValue:` | some value of the request satisfies the operator | false |
 * | `ForAllValues:` | every value of the request satisfies the operator | true |
 * | `Null` | true for "false" | true for "true" |
 */
import type { RequestContext } from './context.ts';
import { type Comparison, operators } from './operators.ts';

export type Condition =
  | {
      readonly kind: 'compare';
      /** As in the document, with its quantifier and IfExists. */
      readonly operator: string;
      /** In lower case. */
      readonly key: string;
      readonly quantifier: 'none' | 'any' | 'all';
      readonly ifExists: boolean;
      readonly negated: boolean;
      readonly comparisons: readonly Comparison[];
      /** As in the document. */
      readonly values: readonly string[];
    }
  | {
      readonly kind: 'null';
      readonly key: string;
      /** Whether the key may be missing, and may be there. */
      readonly missing: boolean;
      readonly there: boolean;
    };

export type ConditionOutcome =
  | { readonly kind: 'compiled'; readonly condition: Condition }
  | { readonly kind: 'unknown-operator' }
  | { readonly kind: 'unreadable-value' };

const namePattern = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/;

/** Whether there is such an operator, with quantifier and IfExists. */
export function isOperator(name: string): boolean {
  const [, , bare = '', ifExists] = namePattern.exec(name) ?? [];
  return bare === 'Null' ? ifExists === undefined : operators.has(bare);
}

export function compileCondition(
  name: string,
  key: string,
  values: readonly string[],
  variables: boolean,
): ConditionOutcome {
  const [, quantifier, bare = '', ifExists] = namePattern.exec(name) ?? [];
  if (!isOperator(name)) return { kind: 'unknown-operator' };
  const lowerKey = key.toLowerCase();
  const operator = operators.get(bare);
  if (operator === undefined) {
    const wanted = values.map((value) => value.toLowerCase());
    if (!wanted.every((value) => value === 'true' || value === 'false')) return { kind: 'unreadable-value' };
    const condition: Condition = {
      kind: 'null',
      key: lowerKey,
      missing: wanted.includes('true'),
      there: wanted.includes('false'),
    };
    return { kind: 'compiled', condition };
  }
  const comparisons: Comparison[] = [];
  for (const value of values) {
    const comparison = operator.compile(value, variables);
    if (comparison === undefined) return { kind: 'unreadable-value' };
    comparisons.push(comparison);
  }
  const condition: Condition = {
    kind: 'compare',
    operator: name,
    key: lowerKey,
    quantifier: quantifier === undefined ? 'none' : quantifier === 'ForAnyValue' ? 'any' : 'all',
    ifExists: ifExists !== undefined,
    negated: operator.negated,
    comparisons,
    values,
  };
  return { kind: 'compiled', condition };
}

export function holds(condition: Condition, context: RequestContext): boolean {
  const values = context.get(condition.key) ?? [];
  if (condition.kind === 'null') return values.length === 0 ? condition.missing : condition.there;
  const { quantifier, negated, comparisons } = condition;
  if (values.length === 0) {
    if (condition.ifExists || quantifier === 'all') return true;
    return quantifier === 'none' && negated;
  }
  // AWS counts an empty text as no value at all here.
  if (quantifier === 'all' && values.every((value) => value === '')) return true;
  const satisfies = (value: string): boolean =>
    comparisons.some((comparison) => comparison(value, context)) !== negated;
  // Without a quantifier a negated operator means that none matches, any other that one does.
  const all = quantifier === 'all' || (quantifier === 'none' && negated);
  return all ? values.every(satisfies) : values.some(satisfies);
}
