/**
 * Routes by host name: everything that is sent to such a host is theirs, whatever its path and method, signed or not. The
 * listener reads, bounds and (where the route wants it) authenticates; errors are told in the route's own form.
 *
 *     head ──accept──▶ answered | refused                                    nothing of the body is read
 *              └─────▶ operation ──signature?──▶ body ≤ bodyBytesMax ──▶ call ──▶ answer
 */
import type { Principal } from '#identity';
import type { WireError } from '../error.ts';
import type { Service, WireRequest } from '../service.ts';

export interface HostAnswer {
  readonly statusCode: number;
  /** Names in any case; several values of one name as a list. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

export interface HostRequest {
  readonly request: WireRequest;
  /** Every value of the headers that came more than once, by name in lower case. */
  readonly repeated: ReadonlyMap<string, readonly string[]> | undefined;
  /** `HTTP/1.1` */
  readonly protocol: string;
  readonly requestId: string;
  /** The client's address, without port. */
  readonly sourceIp: string;
}

export interface HostOperation {
  readonly kind: 'operation';
  /** The signing name that the request must be signed for; undefined: nobody looks at its signature. */
  readonly signedFor: string | undefined;
  readonly bodyBytesMax: number;
  bodyTooLarge(): WireError;
  /** `principal`: who signed it, where it had to be signed. What it rejects with is told by `encodeError`. */
  call(body: Uint8Array, principal: Principal | undefined): Promise<HostAnswer>;
}

/** Thrown by a body that ends before its end for a reason that was told elsewhere: the connection is cut, and nothing is logged. */
export class BodyCut extends Error {
  constructor(reason: string) {
    super(`the body ended early: ${reason}`);
    this.name = 'BodyCut';
  }
}

export type HostDecision =
  | { readonly kind: 'answered'; readonly answer: HostAnswer & { readonly body: Uint8Array | undefined } }
  | { readonly kind: 'refused'; readonly error: WireError }
  | HostOperation;

export interface HostRoute extends Pick<Service, 'encodeError'> {
  /** Asked of every request, with its Host header as sent: must cost next to nothing. */
  serves(host: string): boolean;
  /** Looks at the head alone. */
  accept(request: HostRequest): HostDecision;
}
