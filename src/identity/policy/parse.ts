/**
 * From the text of a policy document to what is evaluated, or to the message that IAM answers (of MalformedPolicyDocument). The checks
 * run in IAM's order, so that a document with several faults gets the message that it gets there.
 */
import type { CompiledPolicy, CompiledStatement, PolicyDialect } from './compiled.ts';
import { compileCondition, isOperator } from './conditions.ts';
import { type PolicyDocument, readDocument, type StatedPrincipals, type Statement } from './document.ts';
import { readJson } from './json.ts';
import { documentCharactersMax } from './limits.ts';
import { type PrincipalPattern, readPrincipal } from './principals.ts';
import { resourceProblem } from './resource-format.ts';
import { compileTemplate } from './template.ts';
import { piecesOf } from './wildcard.ts';

export type PolicyOutcome =
  | { readonly kind: 'valid'; readonly policy: CompiledPolicy }
  /** `message`: IAM's, or where IAM's is not known, one in its manner. */
  | { readonly kind: 'invalid'; readonly message: string };

const syntaxErrors = 'Syntax errors in policy.';
const legacyErrors = 'The policy failed legacy parsing';

/** The actions that a trust policy may name, in lower case. */
const trustActions: ReadonlySet<string> = new Set([
  'sts:assumerole',
  'sts:assumerolewithsaml',
  'sts:assumerolewithwebidentity',
  'sts:assumerole*',
  'sts:setcontext',
  'sts:setsourceidentity',
  'sts:tagsession',
]);

/** Never throws, whatever the text. Quotas on the size are the caller's: see `policyCharacters` and limits.ts. */
export function parsePolicy(text: string, dialect: PolicyDialect): PolicyOutcome {
  if (text.length > documentCharactersMax) {
    return invalid(`The policy document is longer than ${documentCharactersMax} characters.`);
  }
  const json = readJson(text);
  const document = json.kind === 'parsed' ? readDocument(json.value) : undefined;
  if (document === undefined || !operatorsAreKnown(document)) return invalid(syntaxErrors);
  const message = documentProblem(document, dialect);
  if (message !== undefined) return invalid(message);
  const statements: CompiledStatement[] = [];
  for (const statement of document.statements) {
    const compiled = compileStatement(statement, dialect, document.version === '2012-10-17');
    if (compiled === undefined) return invalid(legacyErrors);
    statements.push(compiled);
  }
  const late = lateProblem(document);
  return late === undefined ? { kind: 'valid', policy: { dialect, statements } } : invalid(late);
}

/** The size that IAM's quotas count: without white space. */
export function policyCharacters(text: string): number {
  return text.replaceAll(/\s+/g, '').length;
}

function invalid(message: string): PolicyOutcome {
  return { kind: 'invalid', message };
}

/** An unknown operator without any keys is passed over, as IAM does. */
function operatorsAreKnown({ statements }: PolicyDocument): boolean {
  return statements.every(({ conditions }) => conditions.every(({ operator }) => isOperator(operator)));
}

function documentProblem(document: PolicyDocument, dialect: PolicyDialect): string | undefined {
  const { version, statements } = document;
  if (dialect === 'identity' && version !== '2012-10-17') {
    return 'Policy document must be version 2012-10-17 or greater.';
  }
  if (statements.some(({ effect }) => effect !== 'Allow' && effect !== 'Deny')) return legacyErrors;
  const sids = statements.map(({ sid }) => sid).filter((sid) => sid !== undefined && sid !== '');
  if (new Set(sids).size < sids.length) return 'Statement IDs (SID) in a single policy must be unique.';
  if (dialect !== 'resource' && sids.some((sid) => !/^[0-9A-Za-z]*$/.test(sid ?? ''))) {
    return 'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*';
  }
  if (statements.some(({ action, notAction }) => (action ?? notAction ?? []).length === 0)) {
    return 'Policy statement must contain actions.';
  }
  return dialectProblem(statements, dialect);
}

function dialectProblem(statements: readonly Statement[], dialect: PolicyDialect): string | undefined {
  for (const { effect, principal, notPrincipal, action, notAction, resource, notResource } of statements) {
    const resources = resource ?? notResource;
    const principals = principal ?? notPrincipal;
    if (dialect === 'trust') {
      if (resources !== undefined)
        return `Has prohibited field ${resource === undefined ? 'NotResource' : 'Resource'}`;
      if (notPrincipal !== undefined) return 'Has prohibited field NotPrincipal';
      if (notAction !== undefined || action?.some((name) => !trustActions.has(name.toLowerCase())) === true) {
        return 'AssumeRole policy may only specify STS AssumeRole actions.';
      }
    } else if ((resources ?? []).length === 0) {
      return dialect === 'identity'
        ? 'Policy statement must contain resources.'
        : 'Missing required field Resource';
    }
    if (dialect === 'identity') {
      if (principals !== undefined) return 'Policy document should not specify a principal.';
      continue;
    }
    if (principals === undefined) return 'Missing required field Principal';
    if (principals.length === 0) return 'Missing required field Principal cannot be empty!';
    if (notPrincipal !== undefined && effect === 'Allow')
      return 'NotPrincipal is not supported with the effect Allow.';
    const wrong = principals.find(([type, value]) => readPrincipal(type, value) === undefined);
    if (wrong !== undefined) return invalidPrincipal(wrong);
  }
  return undefined;
}

function invalidPrincipal([type, value]: readonly [string, string]): string {
  const shown = type === 'Service' || type === 'Federated' ? type.toUpperCase() : type;
  return `Invalid principal in policy: "${shown}":"${value}"`;
}

/** What IAM finds only after everything else. */
function lateProblem({ statements }: PolicyDocument): string | undefined {
  for (const { resource, notResource } of statements) {
    for (const name of resource ?? notResource ?? []) {
      const problem = resourceProblem(name);
      if (problem !== undefined) return problem;
    }
  }
  for (const { action, notAction } of statements) {
    for (const name of action ?? notAction ?? []) {
      const problem = actionProblem(name);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

function actionProblem(action: string): string | undefined {
  const [vendor = '', ...rest] = action.split(':');
  if (action === '*') return undefined;
  if (rest.length === 0) return 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
  if (rest.length > 1) return 'Actions/Condition can contain only one colon.';
  return vendor !== '*' && /[^a-zA-Z0-9.-]/.test(vendor) ? `Vendor ${vendor} is not valid` : undefined;
}

/** Undefined where a condition's value is not of its operator's type. */
function compileStatement(
  stated: Statement,
  dialect: PolicyDialect,
  variables: boolean,
): CompiledStatement | undefined {
  const { principal, notPrincipal, action, notAction, resource, notResource } = stated;
  const conditions = [];
  for (const { operator, key, values } of stated.conditions) {
    const outcome = compileCondition(operator, key, values, variables);
    if (outcome.kind !== 'compiled') return undefined;
    conditions.push(outcome.condition);
  }
  return {
    sid: stated.sid,
    effect: stated.effect === 'Deny' ? 'Deny' : 'Allow',
    principals:
      dialect === 'identity'
        ? undefined
        : {
            negated: notPrincipal !== undefined,
            patterns: principalPatterns(principal ?? notPrincipal ?? []),
          },
    actions: {
      negated: notAction !== undefined,
      patterns: (action ?? notAction ?? []).map((name) => piecesOf(name.toLowerCase(), 'everything')),
    },
    resources:
      dialect === 'trust'
        ? undefined
        : {
            negated: notResource !== undefined,
            patterns: (resource ?? notResource ?? []).map((name) =>
              compileTemplate(name, { wildcards: 'segments', variables }),
            ),
          },
    conditions,
  };
}

function principalPatterns(stated: StatedPrincipals): readonly PrincipalPattern[] {
  return stated.map(([type, value]) => readPrincipal(type, value)).filter((pattern) => pattern !== undefined);
}
