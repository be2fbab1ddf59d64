/** ARNs and the ways in which clients name a log group, and what is answered when it is not there. */
import { WireError } from '#wire';
import type { Input, Output, RequestContext } from '#wire';
import type { Catalogue, Created, LogGroup } from '../catalogue.ts';
import type { LogStream } from '../stream.ts';

export function groupArn(context: RequestContext, group: string): string {
  return `arn:aws:logs:${context.region}:${context.principal.accountId}:log-group:${group}`;
}

export function streamArn(context: RequestContext, group: string, stream: string): string {
  return `${groupArn(context, group)}:log-stream:${stream}`;
}

/** The name in an ARN, with or without its `:*`, or a name itself; undefined for the ARN of anything else. */
export function nameOfGroup(identifier: string): string | undefined {
  if (!identifier.includes(':')) return identifier;
  return /^arn:[\w-]+:logs:[\w-]*:\d{12}:log-group:([^:]+)(?::\*)?$/.exec(identifier)?.[1];
}

/** The group that `logGroupName` or `logGroupIdentifier` names: exactly one of them is given. */
export function chosenGroup(catalogue: Catalogue, input: Input): LogGroup {
  const name = textOf(input, 'logGroupName');
  const identifier = textOf(input, 'logGroupIdentifier');
  if (name === undefined && identifier === undefined) {
    throw invalidParameter('Either logGroupName or logGroupIdentifier must be provided.');
  }
  if (name !== undefined && identifier !== undefined) {
    throw invalidParameter('LogGroup name and LogGroup ARN cannot be provided at the same time.');
  }
  const chosen = name ?? nameOfGroup(identifier ?? '');
  if (chosen === undefined) throw invalidParameter('The specified logGroupIdentifier is not valid.');
  return groupNamed(catalogue, chosen);
}

export function groupNamed(catalogue: Catalogue, name: string): LogGroup {
  return catalogue.group(name) ?? noGroup();
}

export function streamNamed(group: LogGroup, name: string): LogStream {
  return group.streams.get(name) ?? noStream();
}

export function noGroup(): never {
  throw new WireError('ResourceNotFoundException', 'The specified log group does not exist.');
}

export function noStream(): never {
  throw new WireError('ResourceNotFoundException', 'The specified log stream does not exist.');
}

/** The answer of an operation that creates something. */
export function answerCreated(outcome: Created, what: 'log group' | 'log stream'): Output {
  if (outcome === 'no-group') noGroup();
  if (outcome === 'exists') {
    throw new WireError('ResourceAlreadyExistsException', `The specified ${what} already exists`);
  }
  if (outcome === 'too-many') throw new WireError('LimitExceededException', 'Resource limit exceeded.');
  return {};
}

export function invalidParameter(message: string): WireError {
  return new WireError('InvalidParameterException', message);
}

export function invalidToken(): WireError {
  return invalidParameter('The specified nextToken is invalid.');
}

/** Members of an input that was validated: of the right type or absent. */
export function textOf(input: Input, name: string): string | undefined {
  const value = input[name];
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(input: Input, name: string): number | undefined {
  const value = input[name];
  return typeof value === 'number' ? value : undefined;
}

export function textsOf(input: Input, name: string): readonly string[] | undefined {
  const value = input[name];
  return Array.isArray(value) ? (value as readonly string[]) : undefined;
}

/** A token that goes on after a name in an ordered listing. `listing` binds it to the question that was asked. */
export function nameToken(listing: string, after: string): string {
  return Buffer.from(JSON.stringify([listing, after])).toString('base64url');
}

export function parseNameToken(listing: string, token: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    throw invalidToken();
  }
  if (
    !Array.isArray(parsed) ||
    parsed.length !== 2 ||
    parsed[0] !== listing ||
    typeof parsed[1] !== 'string'
  ) {
    throw invalidToken();
  }
  return parsed[1];
}
