/** The statement that AddPermission makes of its members, in the form and order in which AWS writes it. Pure. */
import type { Json } from '#platform';
import type { Input } from '#wire';
import { invalidParameter } from './answers.ts';
import { required, text } from './request.ts';

export type Statement = { readonly [member: string]: Json };

const accountPattern = /^[0-9]{12}$/;
const principalArnPattern =
  /^arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:root|(?:user|role)\/[\w+=,.@/-]{1,576})|sts::[0-9]{12}:(?:assumed-role|federated-user)\/[\w+=,.@/-]{1,576})$/;
const servicePattern = /^[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}$/;
const serviceDomains = ['.amazonaws.com', '.amazonaws.com.cn', '.amazon.com'];

/** Throws InvalidParameterValueException. */
export function permissionStatement(input: Input, resourceArn: string): Statement {
  const action = required(input, 'Action');
  const condition = conditionOf(input, action);
  return {
    Sid: required(input, 'StatementId'),
    Effect: 'Allow',
    Principal: principalOf(required(input, 'Principal')),
    Action: action,
    Resource: resourceArn,
    ...(Object.keys(condition).length > 0 && { Condition: condition }),
  };
}

function principalOf(principal: string): Json {
  if (principal === '*') return '*';
  if (accountPattern.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (principalArnPattern.test(principal)) return { AWS: principal };
  if (servicePattern.test(principal) && serviceDomains.some((domain) => principal.endsWith(domain))) {
    return { Service: principal };
  }
  throw invalidParameter('The provided principal was invalid. Please check the principal and try again.');
}

function conditionOf(input: Input, action: string): Readonly<Record<string, Json>> {
  const authType = text(input, 'FunctionUrlAuthType');
  if (authType !== undefined && action !== 'lambda:InvokeFunctionUrl') {
    throw invalidParameter('FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action');
  }
  const viaUrl = input['InvokedViaFunctionUrl'];
  const sourceArn = text(input, 'SourceArn');
  const equals = defined({
    'AWS:SourceAccount': text(input, 'SourceAccount'),
    'lambda:EventSourceToken': text(input, 'EventSourceToken'),
    'aws:PrincipalOrgID': text(input, 'PrincipalOrgID'),
    'lambda:FunctionUrlAuthType': authType,
  });
  return {
    ...(Object.keys(equals).length > 0 && { StringEquals: equals }),
    ...(sourceArn && { ArnLike: { 'AWS:SourceArn': sourceArn } }),
    ...(typeof viaUrl === 'boolean' && { Bool: { 'lambda:InvokedViaFunctionUrl': String(viaUrl) } }),
  };
}

/** Members that say something: an empty text is how some clients leave a member out. */
function defined(members: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
}
