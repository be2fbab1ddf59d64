/**
 * AssumeRole: a session of a role, for whom its trust policy lets in.
 *
 *     caller ──▶ trust policy (sts:AssumeRole; with tags sts:TagSession, with a source identity sts:SetSourceIdentity)
 *            ──▶ duration: at most the role's, and one hour from one role to the next
 *            ──▶ session policies, tags, source identity: into the token, as far as they fit
 */
import { assumedRoleArn, denialMessage, type RoleRecord, type Session } from '#identity';
import { type Handlers, type Input, type RequestContext, WireError } from '#wire';
import { malformedPolicy, notServed, validation } from '../answers.ts';
import type { IamContext } from '../context.ts';
import { chainedSessionSecondsMax, sessionSecondsDefault } from '../limits.ts';
import { requestConditions } from '../request-conditions.ts';
import { number, required, text } from '../request.ts';
import { credentialsOut } from './caller.ts';
import { packedPercent, sessionPolicies } from './session-policies.ts';
import { sessionTags, type SessionTags } from './session-tags.ts';

export function assumeRoleHandlers(context: IamContext): Handlers {
  const { account, clock } = context;
  return {
    AssumeRole: async (input, request) => {
      if (input['SerialNumber'] !== undefined || input['TokenCode'] !== undefined)
        throw notServed('MFA devices');
      if (input['ProvidedContexts'] !== undefined) throw notServed('AssumeRole with ProvidedContexts');
      const roleArn = required(input, 'RoleArn');
      if (!/^arn:aws[\w-]*:iam::\d{12}:role\//.test(roleArn)) throw validation(`${roleArn} is invalid`);
      const role = account.findRole(roleArn);
      if (role === undefined) throw denied(request, 'sts:AssumeRole', roleArn, '');

      const before = account.sessionOf(request.principal);
      const tags = sessionTags(input, before);
      const sourceIdentity = sourceIdentityOf(input, before);
      checkTrust(context, input, request, { role, roleArn, tags, sourceIdentity });
      const seconds = durationOf(input, request, role);
      const policies = sessionPolicies(context, input);
      const sessionName = required(input, 'RoleSessionName');
      const issued = account.issue({
        kind: 'role',
        roleArn,
        roleId: role.id,
        sessionName,
        expiresAtMs: clock.wallMs() + seconds * 1000,
        ...(policies.length === 0 ? {} : { policies }),
        ...(tags.all.length === 0 ? {} : { tags: tags.all }),
        ...(tags.transitiveKeys.length === 0 ? {} : { transitiveTagKeys: tags.transitiveKeys }),
        ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
      });
      if (issued === undefined) {
        throw new WireError(
          'PackedPolicyTooLarge',
          'Packed policy consumes more than 100% of its allotted space, please use smaller policy.',
        );
      }
      return {
        Credentials: credentialsOut(issued),
        AssumedRoleUser: {
          AssumedRoleId: `${role.id}:${sessionName}`,
          Arn: assumedRoleArn(account.accountId, roleArn, sessionName),
        },
        PackedPolicySize:
          policies.length + tags.all.length === 0 ? undefined : packedPercent(issued.sessionToken.length),
        SourceIdentity: sourceIdentity,
      };
    },
  };
}

interface Wanted {
  readonly role: RoleRecord;
  readonly roleArn: string;
  readonly tags: SessionTags;
  readonly sourceIdentity: string | undefined;
}

function checkTrust(context: IamContext, input: Input, request: RequestContext, wanted: Wanted): void {
  const { role, roleArn, tags, sourceIdentity } = wanted;
  const actions = [
    'sts:AssumeRole',
    ...(tags.all.length === 0 ? [] : ['sts:TagSession']),
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  const conditions = () => conditionsOf(context, input, request, wanted);
  for (const action of actions) {
    const decision = context.authorizer.decide({
      principal: request.principal,
      action,
      resource: roleArn,
      conditions,
      resourcePolicies: [role.trustPolicy],
    });
    if (decision.kind === 'denied') throw denied(request, action, roleArn, decision.because);
  }
}

function conditionsOf(
  context: IamContext,
  input: Input,
  request: RequestContext,
  { role, tags, sourceIdentity }: Wanted,
): ReadonlyMap<string, string | readonly string[]> {
  const values = requestConditions(context, request);
  values.set('sts:rolesessionname', required(input, 'RoleSessionName'));
  const externalId = text(input, 'ExternalId');
  if (externalId !== undefined) values.set('sts:externalid', externalId);
  if (sourceIdentity !== undefined) values.set('sts:sourceidentity', sourceIdentity);
  for (const { key, value } of role.tags) {
    values.set(`aws:resourcetag/${key.toLowerCase()}`, value);
    values.set(`iam:resourcetag/${key.toLowerCase()}`, value);
  }
  for (const [key, value] of tags.all) values.set(`aws:requesttag/${key.toLowerCase()}`, value);
  if (tags.all.length > 0)
    values.set(
      'aws:tagkeys',
      tags.all.map(([key]) => key),
    );
  if (tags.transitiveKeys.length > 0) values.set('sts:transitivetagkeys', tags.transitiveKeys);
  return values;
}

/** Seconds that the session may live. */
function durationOf(input: Input, { principal }: RequestContext, role: RoleRecord): number {
  const seconds = number(input, 'DurationSeconds') ?? sessionSecondsDefault;
  if (seconds > role.sessionSecondsMax) {
    throw validation('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  if (principal.kind === 'assumed-role' && seconds > chainedSessionSecondsMax) {
    throw validation(
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  return seconds;
}

/** Once set it stays through a whole chain. */
function sourceIdentityOf(input: Input, before: Session | undefined): string | undefined {
  const inherited = before?.kind === 'role' ? before.sourceIdentity : undefined;
  const given = text(input, 'SourceIdentity');
  if (inherited !== undefined && given !== undefined && given !== inherited) {
    throw validation('SourceIdentity cannot be changed once it is set in a chain of roles.');
  }
  if (given?.toLowerCase().startsWith('aws:') === true)
    throw malformedPolicy('SourceIdentity must not start with aws:');
  return given ?? inherited;
}

function denied({ principal }: RequestContext, action: string, resource: string, because: string): WireError {
  const message = denialMessage({ principal, action, resource, conditions: () => new Map() }, because);
  return new WireError('AccessDeniedException', message.trimEnd());
}
