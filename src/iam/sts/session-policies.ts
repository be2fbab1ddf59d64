/**
 * The policies that narrow a session. They travel by value inside the token, as they were when the session began: nothing of a session is
 * stored, and a policy that is changed later changes no session.
 */
import { policyCharacters, policyLimits, sessionTokenCharactersMax } from '#identity';
import type { Input } from '#wire';
import { malformedPolicy, validation } from '../answers.ts';
import type { IamContext } from '../context.ts';
import { checkDocument } from '../documents.ts';
import { sessionPolicyArnsMax } from '../limits.ts';
import { findPolicy } from '../managed-policies.ts';
import { text } from '../request.ts';

export function sessionPolicies(context: IamContext, input: Input): readonly string[] {
  const inline = text(input, 'Policy');
  if (inline !== undefined) {
    const max = policyLimits.sessionPolicyCharactersMax;
    if (policyCharacters(inline) > max) {
      throw validation(
        `1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to ${max}`,
      );
    }
    checkDocument(inline, 'identity', 'policy');
  }
  const arns = ((input['PolicyArns'] as readonly { readonly arn?: string }[] | undefined) ?? []).flatMap(
    ({ arn }) => (arn === undefined ? [] : [arn]),
  );
  if (arns.length > sessionPolicyArnsMax) {
    throw validation(`A session may have at most ${sessionPolicyArnsMax} managed policies.`);
  }
  const managed = arns.map((arn) => documentOf(context, arn));
  return inline === undefined ? managed : [withoutBlanks(inline), ...managed];
}

/** White space means nothing, is not counted, and takes room. */
const withoutBlanks = (document: string): string => JSON.stringify(JSON.parse(document));

function documentOf(context: IamContext, arn: string): string {
  const policy = findPolicy(context, arn);
  const version = policy?.versions.find(({ id }) => id === policy.defaultVersionId);
  if (version === undefined) throw malformedPolicy(`The policy ${arn} does not exist.`);
  return withoutBlanks(version.document);
}

/** How much of the room in a token a session takes, in per cent. */
export function packedPercent(tokenCharacters: number): number {
  return Math.ceil((tokenCharacters / sessionTokenCharactersMax) * 100);
}
