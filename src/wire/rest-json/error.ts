/** Errors in Lambda's form: the name in a header, and a body spelled as the error's model spells it. */
import { assert } from '#lib/assert';
import { StoreUnavailableError } from '#platform';
import { WireError } from '../error.ts';
import { errors } from '../errors.ts';
import type { WireResponse } from '../service.ts';

/** What is no WireError is a fault of ours: the client learns that, and nothing of what it was, but for a store that has no room. */
export function encodeRestJsonError(error: unknown, requestId: string): WireResponse {
  const wire =
    error instanceof WireError ? error : new WireError('ServiceException', unavailableMessage(error));
  const row = errors.get(wire.errorName);
  assert(row !== undefined, `the table of errors has no ${wire.errorName}`);
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'x-amzn-RequestId': requestId,
    'x-amzn-ErrorType': wire.errorName,
  };
  const body: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(wire.members)) {
    const header = row.headers[name];
    if (header === undefined) body[name] = value;
    else headers[header] = String(value);
  }
  if (row.modelled) body['Type'] = row.fault === 'client' ? 'User' : 'Service';
  body[row.message] = wire.message;
  return { statusCode: row.statusCode, headers, body: Buffer.from(JSON.stringify(body)) };
}

function unavailableMessage(error: unknown): string {
  if (!(error instanceof StoreUnavailableError))
    return 'An error occurred and the request cannot be processed.';
  switch (error.reason) {
    case 'full':
      return 'Nothing was changed: the disk of the data directory is full. Make room there, and try again.';
    case 'overloaded':
      return 'Nothing was changed: too many writes wait for the disk. Try again later.';
    case 'failed':
    case 'busy':
    case 'crashed':
    case 'closed':
      return 'The store cannot be used now: the log of Lambkin says why.';
    default:
      return error.reason satisfies never;
  }
}
