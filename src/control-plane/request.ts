/** Reads requests: members by name with the types that the wire has checked, and the function that a request is about. */
import { assert } from '#lib/assert';
import { type FunctionName, parseFunctionName } from '#metadata';
import { type Input, type RequestContext, WireError } from '#wire';
import { invalidParameter } from './answers.ts';

export function text(input: Input, member: string): string | undefined {
  const value = input[member];
  assert(value === undefined || value === null || typeof value === 'string', `${member} is not a string`);
  return value ?? undefined;
}

export function number(input: Input, member: string): number | undefined {
  const value = input[member];
  assert(value === undefined || value === null || typeof value === 'number', `${member} is not a number`);
  return value ?? undefined;
}

export function flag(input: Input, member: string): boolean {
  return input[member] === true;
}

export function structure(input: Input, member: string): Input | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  assert(typeof value === 'object', `${member} is not a structure`);
  return value as Input;
}

export function list(input: Input, member: string): readonly unknown[] | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  assert(Array.isArray(value), `${member} is not a list`);
  return value;
}

export function required(input: Input, member: string): string {
  const value = text(input, member);
  assert(value !== undefined, `${member} is required by the wire`);
  return value;
}

export interface Target {
  readonly name: FunctionName;
  readonly qualifier: string | undefined;
}

/** The function that FunctionName (and Qualifier, where the operation has one) means to this caller. */
export function targetOf(input: Input, context: RequestContext, region: string, operation: string): Target {
  return referred(required(input, 'FunctionName'), text(input, 'Qualifier'), context, region, operation);
}

/** The function that a name or ARN means to this caller. Throws the error for one that means none of theirs. */
export function referred(
  nameOrArn: string,
  qualifier: string | undefined,
  context: RequestContext,
  region: string,
  operation: string,
): Target {
  const place = { accountId: context.principal.accountId, region };
  const reference = parseFunctionName(nameOrArn, qualifier, place);
  if (reference.kind === 'foreign-account') throw notAuthorized(context, operation, reference.arn);
  if (reference.kind === 'foreign-region') {
    throw new WireError('ResourceNotFoundException', reference.message);
  }
  if (reference.kind === 'invalid') throw invalidParameter(reference.message);
  return { name: { ...place, functionName: reference.functionName }, qualifier: reference.qualifier };
}

/** For operations on the function as a whole. */
export function unqualifiedTarget(
  input: Input,
  context: RequestContext,
  region: string,
  operation: string,
): FunctionName {
  const { name, qualifier } = targetOf(input, context, region, operation);
  if (qualifier !== undefined && qualifier !== '$LATEST') {
    throw invalidParameter(
      'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.',
    );
  }
  return name;
}

function notAuthorized(context: RequestContext, operation: string, arn: string): WireError {
  const action = `lambda:${operation}`;
  return new WireError(
    'AccessDeniedException',
    `User: ${context.principal.arn} is not authorized to perform: ${action} on resource: ${arn} because no resource-based policy allows the ${action} action`,
  );
}
