/**
 * What conditions may look at in a resource policy itself: whom its statements grant something. Reads leniently: a text that is no policy
 * grants nobody anything here, and is refused by whoever stores it.
 */

export interface Grants {
  /** Services, accounts and ARNs as the policy spells them; `*` for everybody. */
  readonly principals: readonly string[];
  readonly urlAuthTypes: readonly string[];
}

const nothing: Grants = { principals: [], urlAuthTypes: [] };

/** Of one statement, or of all where `statementId` is undefined. */
export function grantsIn(policy: string, statementId: string | undefined): Grants {
  const statements = listOf(member(parsed(policy), 'Statement')).filter(
    (statement) => statementId === undefined || member(statement, 'Sid') === statementId,
  );
  if (statements.length === 0) return nothing;
  return {
    principals: unique(statements.flatMap((statement) => principalsOf(member(statement, 'Principal')))),
    urlAuthTypes: unique(
      statements.flatMap((statement) =>
        textsOf(member(member(member(statement, 'Condition'), 'StringEquals'), 'lambda:FunctionUrlAuthType')),
      ),
    ),
  };
}

function parsed(policy: string): unknown {
  try {
    return JSON.parse(policy);
  } catch {
    return undefined;
  }
}

function principalsOf(principal: unknown): readonly string[] {
  if (typeof principal === 'string') return [principal];
  return ['AWS', 'Service', 'Federated', 'CanonicalUser'].flatMap((kind) => textsOf(member(principal, kind)));
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item) => typeof item === 'string');
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
