/** What policies say to one request, before it is known what their word is worth (decide.ts). */
import type { Caller } from './caller.ts';
import type { CompiledPolicy, CompiledStatement } from './compiled.ts';
import { holds } from './conditions.ts';
import type { RequestContext } from './context.ts';
import { isExempt, type Naming, namingOf, stronger } from './principals.ts';
import { resolveTemplate } from './template.ts';
import { matchesPieces } from './wildcard.ts';

export interface PolicyRequest {
  readonly caller: Caller;
  /** In lower case. */
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
}

export type Verdict = 'denied' | 'allowed' | 'silent';

/** Of policies that are attached to the caller. */
export function verdictOf(policies: readonly CompiledPolicy[], request: PolicyRequest): Verdict {
  let verdict: Verdict = 'silent';
  for (const { statements } of policies) {
    for (const statement of statements) {
      // An Allow after another adds nothing; a Deny ends it.
      if (statement.effect === 'Allow' && verdict === 'allowed') continue;
      if (!applies(statement, request)) continue;
      if (statement.effect === 'Deny') return 'denied';
      verdict = 'allowed';
    }
  }
  return verdict;
}

export type ResourceVerdict =
  | { readonly kind: 'denied' }
  /** `naming`: the strongest name by which an Allow reaches the caller; `not` where none does. */
  | { readonly kind: 'granted'; readonly naming: Naming };

/** Of policies that are attached to the resource. */
export function resourceVerdictOf(
  policies: readonly CompiledPolicy[],
  request: PolicyRequest,
): ResourceVerdict {
  let naming: Naming = 'not';
  for (const { statements } of policies) {
    for (const statement of statements) {
      const named = reaches(statement, request.caller);
      if (named === 'not') continue;
      if (statement.effect === 'Allow' && stronger(naming, named) === naming) continue;
      if (!applies(statement, request)) continue;
      if (statement.effect === 'Deny') return { kind: 'denied' };
      naming = named;
    }
  }
  return { kind: 'granted', naming };
}

function reaches({ principals, effect }: CompiledStatement, caller: Caller): Naming {
  if (principals === undefined) return 'not';
  const { negated, patterns } = principals;
  if (!negated) return namingOf(patterns, caller);
  // Whoever is named at all gets nothing from an Allow; a Deny spares only who is named in full.
  const spared = effect === 'Allow' ? namingOf(patterns, caller) !== 'not' : isExempt(patterns, caller);
  return spared ? 'not' : 'everyone';
}

/** All but the Principal. */
function applies(statement: CompiledStatement, request: PolicyRequest): boolean {
  const { actions, resources, conditions } = statement;
  const { action, resource, context } = request;
  if (actions.patterns.some((pieces) => matchesPieces(pieces, action)) === actions.negated) return false;
  if (resources !== undefined) {
    const matched = resources.patterns.some((template) => {
      const pieces = resolveTemplate(template, context);
      return pieces !== undefined && matchesPieces(pieces, resource);
    });
    if (matched === resources.negated) return false;
  }
  return conditions.every((condition) => holds(condition, context));
}
