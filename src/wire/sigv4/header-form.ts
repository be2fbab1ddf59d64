/**
 * The header form of a signature:
 *
 *     Authorization: AWS4-HMAC-SHA256 Credential=<keyid>/<scope>, SignedHeaders=<a;b;c>, Signature=<64 hex digits>
 */
import { Lru } from '#lib/lru';
import type { WireRequest } from '../service.ts';
import { parseQuery } from './canonical.ts';
import { type Claim, type Parsed, parseSigner, type Signer } from './claim.ts';
import { authorizationsMax } from './limits.ts';
import { algorithm, incomplete, invalid, missingToken, unsupportedAlgorithm } from './refusal.ts';
import { timestampOfDateHeader } from './timestamp.ts';

const signatureCharacters = 64;

export class HeaderForm {
  /** By all of the header but the signature, which a client sends unchanged the whole day. */
  readonly #known = new Lru<string, Signer>(authorizationsMax);
  /** The one that came last: a client that goes on sends it again, and comparing is less than looking up. */
  #latest: { readonly form: string; readonly signer: Signer } | undefined;

  parse(request: WireRequest, authorization: string): Parsed<Claim> {
    const known = this.#find(authorization);
    if (known !== undefined) {
      return claimOf(request, known, authorization.slice(-signatureCharacters));
    }
    if (!authorization.startsWith('AWS4-')) return { kind: 'refused', error: missingToken() };
    const space = authorization.indexOf(' ');
    const given = space < 0 ? authorization : authorization.slice(0, space);
    if (given !== algorithm) return { kind: 'refused', error: unsupportedAlgorithm(given) };
    const parameters = parseParameters(authorization.slice(given.length));
    if (parameters.kind === 'refused') return parameters;
    const { Credential: credential, SignedHeaders: signedHeaders, Signature: signature } = parameters.value;
    if (!credential || !signature || !signedHeaders) {
      const missing = Object.entries({
        Credential: credential,
        Signature: signature,
        SignedHeaders: signedHeaders,
      })
        .filter(([, value]) => !value)
        .map(([name]) => `Authorization header requires '${name}' parameter. `);
      return { kind: 'refused', error: incomplete(`${missing.join('')}Authorization=${algorithm}`) };
    }
    const signer = parseSigner(credential, signedHeaders);
    return signer.kind === 'refused' ? signer : claimOf(request, signer.value, signature);
  }

  /** To be told of headers whose signature proved right: they will come again. */
  remember(authorization: string, signer: Signer): void {
    if (this.#latest?.signer === signer) return;
    if (authorization.endsWith('Signature=', authorization.length - signatureCharacters)) {
      const form = authorization.slice(0, -signatureCharacters);
      this.#known.set(form, signer);
      this.#latest = { form, signer };
    }
  }

  #find(authorization: string): Signer | undefined {
    const latest = this.#latest;
    const isLatest =
      latest !== undefined &&
      authorization.length === latest.form.length + signatureCharacters &&
      authorization.startsWith(latest.form);
    if (isLatest) return latest.signer;
    const form = authorization.slice(0, -signatureCharacters);
    const signer = this.#known.get(form);
    if (signer !== undefined) this.#latest = { form, signer };
    return signer;
  }
}

type Parameters = { readonly [name in 'Credential' | 'SignedHeaders' | 'Signature']?: string };

function parseParameters(text: string): Parsed<Parameters> {
  const parameters: Record<string, string> = {};
  for (const part of text.split(/[,\s]+/)) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 1) {
      const message = 'Invalid key=value pair (missing equal-sign) in Authorization header.';
      return { kind: 'refused', error: incomplete(message) };
    }
    const name = part.slice(0, equals);
    if (Object.hasOwn(parameters, name)) {
      return { kind: 'refused', error: invalid(`Duplicate parameter in Authorization header.`) };
    }
    parameters[name] = part.slice(equals + 1);
  }
  return { kind: 'parsed', value: parameters };
}

function claimOf(request: WireRequest, signer: Signer, signature: string): Parsed<Claim> {
  const { headers } = request;
  const timestamp = single(headers['x-amz-date']) ?? timestampOf(single(headers['date']));
  if (timestamp === undefined) {
    const message = `Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=${algorithm}`;
    return { kind: 'refused', error: incomplete(message) };
  }
  const claim: Claim = {
    signer,
    signature,
    timestamp,
    sessionToken: single(headers['x-amz-security-token']),
    payload: single(headers['x-amz-content-sha256']),
    query: parseQuery(request.rawQuery),
    expires: undefined,
  };
  return { kind: 'parsed', value: claim };
}

function timestampOf(date: string | undefined): string | undefined {
  return date === undefined ? undefined : (timestampOfDateHeader(date) ?? date);
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(',');
}
