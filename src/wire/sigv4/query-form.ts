/**
 * The query form of a signature (presigned requests): the parameters `X-Amz-Algorithm`, `-Credential`, `-Date`,
 * `-Expires`, `-SignedHeaders`, `-Security-Token` and, itself not signed, `-Signature`.
 */
import type { WireRequest } from '../service.ts';
import { parseQuery } from './canonical.ts';
import { type Claim, type Parsed, parseSigner } from './claim.ts';
import { algorithm, incomplete, invalid, unsupportedAlgorithm } from './refusal.ts';

const required = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
  'X-Amz-Date',
  'X-Amz-Expires',
] as const;

type Required = Record<(typeof required)[number], string>;

/** Whether the query looks signed at all. */
export function isPresigned(rawQuery: string): boolean {
  return (
    rawQuery.includes('X-Amz-') && /(?:^|&)X-Amz-(?:Algorithm|Signature|Credential)(?:=|&|$)/.test(rawQuery)
  );
}

export function parseQueryForm(request: WireRequest): Parsed<Claim> {
  const pairs = parseQuery(request.rawQuery);
  const parameters: Record<string, string> = {};
  for (const { name, value } of pairs) {
    if (!name.startsWith('X-Amz-')) continue;
    if (Object.hasOwn(parameters, name)) {
      return { kind: 'refused', error: invalid(`Duplicate query-string parameter '${name.slice(0, 100)}'.`) };
    }
    parameters[name] = value;
  }
  const missing = required.filter((name) => !parameters[name]);
  if (missing.length > 0) {
    const message = missing.map((name) => `AWS query-string parameters must include '${name}'. `).join('');
    return { kind: 'refused', error: incomplete(`${message}Re-examine the query-string parameters.`) };
  }
  const given = parameters as Required & Record<string, string | undefined>;
  if (given['X-Amz-Algorithm'] !== algorithm) {
    return { kind: 'refused', error: unsupportedAlgorithm(given['X-Amz-Algorithm']) };
  }
  const signer = parseSigner(given['X-Amz-Credential'], given['X-Amz-SignedHeaders']);
  if (signer.kind === 'refused') return signer;
  const payloadHeader = request.headers['x-amz-content-sha256'];
  const claim: Claim = {
    signer: signer.value,
    signature: given['X-Amz-Signature'],
    timestamp: given['X-Amz-Date'],
    sessionToken: given['X-Amz-Security-Token'],
    // Clients that presign move this header into the query, and keep its name as it was.
    payload:
      pairs.find(({ name }) => name.toLowerCase() === 'x-amz-content-sha256')?.value ??
      (typeof payloadHeader === 'string' ? payloadHeader : undefined),
    query: pairs.filter(({ name }) => name !== 'X-Amz-Signature'),
    expires: given['X-Amz-Expires'],
  };
  return { kind: 'parsed', value: claim };
}
