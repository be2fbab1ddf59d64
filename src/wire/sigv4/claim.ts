/**
 * What a signed request claims, before anything of it is proved: who signed, when, for which service, which headers,
 * and with what result. Both forms (Authorization header, query string) are read into this one shape.
 */
import type { WireError } from '../error.ts';
import type { QueryPair } from './canonical.ts';
import { excerpt, incomplete, terminator } from './refusal.ts';

/** The part that stays the same over many requests of one client, and is worth keeping parsed. */
export interface Signer {
  readonly accessKeyId: string;
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
  /** `date/region/service/terminator`. */
  readonly scope: string;
  readonly signedHeaders: readonly string[];
  readonly signedHeaderSet: ReadonlySet<string>;
  /** The same, separated by semicolons. */
  readonly signedHeaderLine: string;
}

export interface Claim {
  readonly signer: Signer;
  /** As sent: perhaps not even hexadecimal. */
  readonly signature: string;
  /** As sent, not checked yet; in basic ISO 8601 form where it was converted. */
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** The hash of the body, or a word in its place, as declared by the client; undefined where it declares none. */
  readonly payload: string | undefined;
  /** What is signed of the query: without the signature itself. */
  readonly query: readonly QueryPair[];
  /** Only presigned requests say how long they are valid. */
  readonly expires: string | undefined;
}

export type Parsed<T> =
  | { readonly kind: 'parsed'; readonly value: T }
  | { readonly kind: 'refused'; readonly error: WireError };

/** `credential` is `keyid/date/region/service/term`; `signedHeaders` is separated by semicolons. */
export function parseSigner(credential: string, signedHeaders: string): Parsed<Signer> {
  const parts = credential.split('/');
  const [accessKeyId, date, region, service, end] = parts;
  if (
    parts.length !== 5 ||
    accessKeyId === undefined ||
    accessKeyId === '' ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    end === undefined
  ) {
    const message = `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${excerpt(credential)}'`;
    return { kind: 'refused', error: incomplete(message) };
  }
  const names = signedHeaders.toLowerCase().split(';');
  const signer: Signer = {
    accessKeyId,
    date,
    region,
    service,
    terminator: end,
    scope: `${date}/${region}/${service}/${end}`,
    signedHeaders: names,
    signedHeaderSet: new Set(names),
    signedHeaderLine: names.join(';'),
  };
  return { kind: 'parsed', value: signer };
}

/** For people whose clients of other services follow AWS_ENDPOINT_URL here. */
function notServed(service: string): string {
  const where = 'where it is by --endpoint-url or AWS_ENDPOINT_URL_<SERVICE>';
  return `'${excerpt(service)}' is not served at this endpoint: tell its client ${where}. `;
}

/** Why a credential scope is not one of ours; undefined where it is. AWS names everything that is wrong with it at once. */
export function scopeProblem(
  signer: Signer,
  timestamp: string,
  ours: {
    readonly region: string;
    readonly services: readonly string[];
    readonly signingRegions?: ReadonlyMap<string, readonly string[]>;
  },
): string | undefined {
  const problems: string[] = [];
  const foreign = signer.region !== ours.region;
  if (foreign && ours.signingRegions?.get(signer.service)?.includes(signer.region) !== true) {
    problems.push(`Credential should be scoped to a valid region, not '${excerpt(signer.region)}'. `);
  }
  if (!ours.services.includes(signer.service)) {
    problems.push(`Credential should be scoped to correct service: '${ours.services[0] ?? ''}'. `);
    if (ours.services.length > 1) problems.push(notServed(signer.service));
  }
  if (signer.terminator !== terminator) {
    problems.push(
      `Credential should be scoped with a valid terminator: '${terminator}', not '${excerpt(signer.terminator)}'. `,
    );
  }
  const day = timestamp.slice(0, 8);
  if (signer.date !== day) {
    problems.push(
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ' +
        `'${excerpt(signer.date)}' != '${day}', from '${timestamp}'. `,
    );
  }
  return problems.length === 0 ? undefined : problems.join('');
}
