/** A policy document after parsing and checking: what evaluation runs over. Immutable; may be kept and shared. */
import type { Condition } from './conditions.ts';
import type { PrincipalPattern } from './principals.ts';
import type { Template } from './template.ts';
import type { Piece } from './wildcard.ts';

/**
 * - `identity`: attached to a user, role or group, a boundary, or a session policy. No Principal.
 * - `trust`: who may assume a role. Principal, no Resource.
 * - `resource`: attached to a resource. Principal and Resource.
 */
export type PolicyDialect = 'identity' | 'trust' | 'resource';

export interface CompiledPolicy {
  readonly dialect: PolicyDialect;
  readonly statements: readonly CompiledStatement[];
}

export interface CompiledStatement {
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  /** Undefined in identity policies: whoever they are attached to. */
  readonly principals: Element<PrincipalPattern> | undefined;
  /** In lower case. */
  readonly actions: Element<readonly Piece[]>;
  /** Undefined in trust policies: the role itself. */
  readonly resources: Element<Template> | undefined;
  /** All must hold. */
  readonly conditions: readonly Condition[];
}

/** `Action` or `NotAction`, `Resource` or `NotResource`, `Principal` or `NotPrincipal`. */
export interface Element<Pattern> {
  readonly negated: boolean;
  readonly patterns: readonly Pattern[];
}

/** Stands in for a stored document that cannot be read (any more): what it may have denied, it denies. */
export function denyEverything(dialect: PolicyDialect): CompiledPolicy {
  const everything: Piece = { kind: 'any', segment: false };
  return {
    dialect,
    statements: [
      {
        sid: undefined,
        effect: 'Deny',
        principals: dialect === 'identity' ? undefined : { negated: false, patterns: [{ kind: 'everyone' }] },
        actions: { negated: false, patterns: [[everything]] },
        resources:
          dialect === 'trust'
            ? undefined
            : { negated: false, patterns: [{ parts: [everything], pieces: [everything] }] },
        conditions: [],
      },
    ],
  };
}
