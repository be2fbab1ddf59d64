/** Errors in Lambda's form: the name in a header, and a body spelled as the error's model spells it. */
import { assert } from '#lib/assert';
import { WireError } from '../error.ts';
import { errors } from '../errors.ts';
import type { WireResponse } from '../service.ts';

/** What is no WireError is a fault of ours: the client learns that, and nothing of what it was. */
export function encodeRestJsonError(error: unknown, requestId: string): WireResponse {
  const wire =
    error instanceof WireError
      ? error
      : new WireError('ServiceException', 'An error occurred and the request cannot be processed.');
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
