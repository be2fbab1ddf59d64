/**
 * The verifier: whether a request was signed by whom it says, by AWS Signature Version 4.
 *
 * It works in two steps, so that nothing of a stranger's body has to be read where that can be helped:
 *
 *     head ──▶ refused                       the claim is malformed, out of time, of an unknown key, or proved wrong
 *          ├─▶ proven  ──finish(hash)──▶     the signature holds; only a declared hash is left to compare
 *          └─▶ pending ──finish(hash)──▶     no hash is declared, so the signature can be checked only with the body
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { AccessKey, Principal } from '#identity';
import type { WireError } from '../error.ts';
import type { WireRequest } from '../service.ts';
import { canonicalHeaderValue, canonicalPath, canonicalQuery } from './canonical.ts';
import { type Claim, type Parsed, scopeProblem } from './claim.ts';
import { HeaderForm } from './header-form.ts';
import { isPresigned, parseQueryForm } from './query-form.ts';
import {
  algorithm,
  excerpt,
  expiredToken,
  incomplete,
  invalid,
  mismatch,
  missingToken,
  unrecognized,
  unsigned,
} from './refusal.ts';
import { SigningKeys } from './signing-keys.ts';
import { timeProblem } from './validity.ts';

export interface VerifierOptions {
  /** Looked up on every request, so that a key that is gone stops working at once. */
  readonly findKey: (accessKeyId: string, sessionToken: string | undefined) => AccessKey | undefined;
  readonly region: string;
  /** Signing names of the services behind this endpoint; the first is named to clients that ask for another. */
  readonly services: readonly string[];
  /** Regions besides `region` that clients of a service may sign for, by signing name. */
  readonly signingRegions?: ReadonlyMap<string, readonly string[]>;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

export type Examination =
  | { readonly kind: 'refused'; readonly error: WireError; readonly service: string | undefined }
  | (Examined & { readonly kind: 'proven' | 'pending' });

export interface Examined {
  readonly principal: Principal;
  readonly region: string;
  /** The signing name. */
  readonly service: string;
  /** false: the body is not signed, and needs no hash. */
  readonly needsBodyHash: boolean;
  /** To be called with the body's SHA-256 (lower-case hexadecimal; '' where none is needed) before anything is done. */
  finish(bodySha256: string): WireError | undefined;
}

const unsignedPayload = 'UNSIGNED-PAYLOAD';
const sha256Hex = /^[0-9a-f]{64}$/;
const digestCharacters = 64;

export class Verifier {
  readonly #options: VerifierOptions;
  readonly #headerForm = new HeaderForm();
  readonly #signingKeys = new SigningKeys();

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  /**
   * `repeated` holds every value of the headers that came more than once; `service` is the only signing name that will do, where
   * it is not any of ours. Never throws for what a client sent.
   */
  examine(
    request: WireRequest,
    repeated?: ReadonlyMap<string, readonly string[]>,
    service?: string,
  ): Examination {
    const parsed = this.#parse(request);
    if (parsed.kind === 'refused') return { ...parsed, service: undefined };
    const claim = parsed.value;
    const { signer } = claim;
    const refused = (error: WireError): Examination => ({ kind: 'refused', error, service: signer.service });

    const problem = this.#problem(request, claim, service);
    if (problem !== undefined) return refused(problem);
    const key = this.#options.findKey(signer.accessKeyId, claim.sessionToken);
    if (key === undefined) {
      this.#signingKeys.forget(signer);
      return refused(unrecognized());
    }
    if (key.sessionToken !== claim.sessionToken) return refused(unrecognized());

    const canonicalHead = canonicalise(request, claim, repeated);
    if (canonicalHead === undefined) return refused(mismatch());
    const prove = (payload: string): WireError | undefined => {
      const signature = this.#sign(claim, key.secretAccessKey, `${canonicalHead}\n${payload}`);
      if (!equal(signature, claim.signature)) return mismatch();
      // After the signature, so that only who holds the key learns of its state.
      if (key.expiresAtMs !== undefined && this.#options.nowMs() >= key.expiresAtMs) return expiredToken();
      const { authorization } = request.headers;
      if (claim.expires === undefined && authorization !== undefined) {
        this.#headerForm.remember(authorization as string, signer);
      }
      return undefined;
    };

    const { payload } = claim;
    const examined = { principal: key.principal, region: signer.region, service: signer.service };
    if (payload === undefined) {
      return { ...examined, kind: 'pending', needsBodyHash: true, finish: prove };
    }
    const failure = prove(payload);
    if (failure !== undefined) return refused(failure);
    if (payload === unsignedPayload) {
      return { ...examined, kind: 'proven', needsBodyHash: false, finish: () => undefined };
    }
    return {
      ...examined,
      kind: 'proven',
      needsBodyHash: true,
      finish: (bodySha256) => (equal(bodySha256, payload) ? undefined : mismatch()),
    };
  }

  #parse(request: WireRequest): Parsed<Claim> {
    const { authorization } = request.headers;
    const presigned = isPresigned(request.rawQuery);
    if (typeof authorization === 'string') {
      if (!presigned) return this.#headerForm.parse(request, authorization);
      const message =
        "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
      return { kind: 'refused', error: invalid(message) };
    }
    return presigned ? parseQueryForm(request) : { kind: 'refused', error: missingToken() };
  }

  /** Everything that can be wrong before a key is looked at. */
  #problem(request: WireRequest, claim: Claim, service: string | undefined): WireError | undefined {
    const { signer, payload } = claim;
    const time = timeProblem(claim.timestamp, claim.expires, this.#options.nowMs());
    if (time !== undefined) return time;
    if (!signer.signedHeaderSet.has('host')) return unsigned('host');
    if (signer.signedHeaderSet.size !== signer.signedHeaders.length) {
      return invalid('A header stands more than once in SignedHeaders.');
    }
    for (const name in request.headers) {
      if (name.startsWith('x-amz-') && !signer.signedHeaderSet.has(name)) return unsigned(excerpt(name));
    }
    const ours = service === undefined ? this.#options : { ...this.#options, services: [service] };
    const scope = scopeProblem(signer, claim.timestamp, ours);
    if (scope !== undefined) return invalid(scope);
    if (!sha256Hex.test(claim.signature)) return mismatch();
    if (payload !== undefined && payload !== unsignedPayload && !sha256Hex.test(payload)) {
      return incomplete(
        `x-amz-content-sha256 must be ${unsignedPayload} or a valid sha256 value, got '${excerpt(payload)}'`,
      );
    }
    return undefined;
  }

  #sign(claim: Claim, secret: string, canonical: string): string {
    // One byte per character: what is hashed is what was sent.
    const digest = hash('sha256', Buffer.from(canonical, 'latin1'), 'hex');
    const text = `${algorithm}\n${claim.timestamp}\n${claim.signer.scope}\n${digest}`;
    return this.#signingKeys.sign(claim.signer, secret, text);
  }
}

/** All of the canonical request but its last line, or undefined where a header that was signed is not there. */
function canonicalise(
  request: WireRequest,
  { signer, query }: Claim,
  repeated: ReadonlyMap<string, readonly string[]> | undefined,
): string | undefined {
  let headers = '';
  for (const name of signer.signedHeaders) {
    const value = repeated?.get(name) ?? request.headers[name];
    if (value === undefined) return undefined;
    headers += `${name}:${canonicalHeaderValue(value)}\n`;
  }
  const path = canonicalPath(request.rawPath);
  return `${request.method}\n${path}\n${canonicalQuery(query)}\n${headers}\n${signer.signedHeaderLine}`;
}

/** Where digests are compared; nothing in them outlives a comparison. */
const left = Buffer.alloc(digestCharacters);
const right = Buffer.alloc(digestCharacters);

/** Takes the same time wherever two digests (lower-case hexadecimal) differ. */
function equal(a: string, b: string): boolean {
  if (a.length !== digestCharacters || b.length !== digestCharacters) return false;
  left.write(a, 'latin1');
  right.write(b, 'latin1');
  return timingSafeEqual(left, right);
}
