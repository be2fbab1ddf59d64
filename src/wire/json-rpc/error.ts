/**
 * Errors in the form of AWS JSON: the name in the body. Services that spoke the Query protocol before add what the error is called there,
 * in a header, and keep its status; of all others, whatever is the client's fault has status 400.
 */
import { assert } from '#lib/assert';
import { WireError } from '../error.ts';
import { errors } from '../errors.ts';
import { queryCodeOf } from '../query/error.ts';
import type { WireResponse } from '../service.ts';
import { contentTypes } from './content-type.ts';

/** What is no WireError is a fault of ours: the client learns that, and nothing of what it was. */
export function encodeJsonRpcError(error: unknown, requestId: string): WireResponse {
  const wire = wireErrorOf(error);
  const { fault, statusCode } = rowOf(wire);
  const tooLarge = wire.errorName === 'RequestEntityTooLargeException';
  return {
    statusCode: fault === 'client' && !tooLarge ? 400 : statusCode,
    headers: { 'Content-Type': contentTypes['1.1'], 'x-amzn-RequestId': requestId },
    body: Buffer.from(JSON.stringify({ ...wire.members, __type: wire.errorName, message: wire.message })),
  };
}

/** Errors that a service's model does not declare belong to the front door, and are spelled as it does. */
const frontDoor = 'com.amazon.coral.service';

export interface QueryCompatible {
  /** `com.amazonaws.sqs` */
  readonly namespace: string;
  /** Names of the errors that the service's model declares. */
  readonly modelled: ReadonlySet<string>;
}

export function encodeQueryCompatibleError(
  queryCompatible: QueryCompatible,
  error: unknown,
  requestId: string,
): WireResponse {
  const { statusCode, queryError, members } = queryCompatibleErrorOf(queryCompatible, error);
  return {
    statusCode,
    headers: {
      'Content-Type': contentTypes['1.0'],
      'x-amzn-RequestId': requestId,
      'x-amzn-query-error': queryError,
    },
    body: Buffer.from(JSON.stringify(members)),
  };
}

/** An error's parts, however they travel. */
export function queryCompatibleErrorOf(
  { namespace, modelled }: QueryCompatible,
  error: unknown,
): {
  readonly statusCode: number;
  /** `InvalidParameterValue;Sender` */
  readonly queryError: string;
  readonly members: Readonly<Record<string, string | number>>;
} {
  const wire = wireErrorOf(error);
  const { errorName, message, members } = wire;
  const { fault, statusCode } = rowOf(wire);
  const text = modelled.has(errorName)
    ? { __type: `${namespace}#${errorName}`, message }
    : { __type: `${frontDoor}#${errorName}`, Message: message };
  const queryError = `${queryCodeOf(errorName)};${fault === 'client' ? 'Sender' : 'Receiver'}`;
  return { statusCode, queryError, members: { ...members, ...text } };
}

function wireErrorOf(error: unknown): WireError {
  return error instanceof WireError
    ? error
    : new WireError('InternalFailure', 'An error occurred and the request cannot be processed.');
}

function rowOf({ errorName }: WireError) {
  const row = errors.get(errorName);
  assert(row !== undefined, `the table of errors has no ${errorName}`);
  return row;
}
