/** Errors in the form of AWS JSON 1.1: the name in the body, and 400 for whatever is the client's fault. */
import { assert } from '#lib/assert';
import { WireError } from '../error.ts';
import { errors } from '../errors.ts';
import type { WireResponse } from '../service.ts';
import { contentType } from './content-type.ts';

/** What is no WireError is a fault of ours: the client learns that, and nothing of what it was. */
export function encodeJsonRpcError(error: unknown, requestId: string): WireResponse {
  const wire =
    error instanceof WireError
      ? error
      : new WireError('InternalFailure', 'An error occurred and the request cannot be processed.');
  const row = errors.get(wire.errorName);
  assert(row !== undefined, `the table of errors has no ${wire.errorName}`);
  const tooLarge = wire.errorName === 'RequestEntityTooLargeException';
  return {
    statusCode: row.fault === 'client' && !tooLarge ? 400 : row.statusCode,
    headers: { 'Content-Type': contentType, 'x-amzn-RequestId': requestId },
    body: Buffer.from(JSON.stringify({ ...wire.members, __type: wire.errorName, message: wire.message })),
  };
}
