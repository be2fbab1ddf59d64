/**
 * How a service stands behind the one listener. The listener reads a request's head, finds the service by the signing
 * name in its credential scope, has the service choose the operation, authenticates, reads the body within the
 * operation's bound, and calls it. The service's protocol decodes, validates, calls the handler, and encodes.
 *
 *     head ──route──▶ refused ──────────────────────────────────────▶ encodeError
 *            └──────▶ operation ──read ≤ bodyBytesMax──▶ call ──────▶ response (also for errors: call never throws one)
 *                               └─ larger ──▶ bodyTooLarge ─────────▶ encodeError
 */
import type { Principal } from '#identity';
import type { WireError } from './error.ts';

export interface RequestContext {
  /** Also in the answer as `x-amzn-RequestId`. */
  readonly requestId: string;
  readonly principal: Principal;
  /** From the credential scope, or the configured one. */
  readonly region: string;
  /** Scheme, host and port as the client reached us (`http://127.0.0.1:9000`): the base of links handed out. */
  readonly endpoint: string;
  /** X-Amzn-Trace-Id, if the client sent one. */
  readonly traceId?: string;
  /** The client's address, without port. */
  readonly sourceIp: string;
  readonly userAgent?: string;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/**
 * Members by the wire's names, decoded and validated against the operation's input shape: strings, numbers, booleans,
 * arrays, plain objects; blobs as Uint8Array; timestamps as Date.
 */
export type Input = Readonly<Record<string, unknown>>;
/**
 * Members by the wire's names; undefined members are left out of the answer. An event stream is an async iterable of its events: objects with one
 * member, the event's name. It is read no faster than the client reads; its `return` is called when the client goes away.
 */
export type Output = Readonly<Record<string, unknown>>;

/** A member that any output may have besides its shape's: the trace of what was run, which becomes the header of this name. */
export const traceMember = 'X-Amzn-Trace-Id';

export type Handler = (input: Input, context: RequestContext) => Promise<Output>;

/** Operation name to handler. What is missing answers with an error that names the operation. */
export type Handlers = Readonly<Record<string, Handler>>;

/** The head of a request. `rawPath` and `rawQuery` are as sent, still percent-encoded; `rawQuery` without its `?`. */
export interface WireRequest {
  readonly method: string;
  readonly rawPath: string;
  readonly rawQuery: string;
  /** Names in lower case, as node:http gives them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** `body` undefined: no content, and no content-type. The listener adds content-length. */
export interface WireResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** In the place of a body: one that is still being made. Its `return` is called when the client goes away. */
  readonly stream?: AsyncIterable<Uint8Array>;
}

export interface RoutedOperation {
  readonly kind: 'operation';
  readonly operation: string;
  /** What the listener reads at most; a larger body is answered with `bodyTooLarge()`. */
  readonly bodyBytesMax: number;
  /** A body with `Content-Encoding: gzip` is given to `call` as it came; absent: it is refused. */
  readonly takesGzip?: true;
  bodyTooLarge(): WireError;
  /** Decodes, validates, calls the handler, encodes. Never rejects: what the handler throws is encoded by `encodeError`. */
  call(body: Uint8Array, context: RequestContext): Promise<WireResponse>;
}

export interface Refused {
  readonly kind: 'refused';
  /** To be given to `encodeError` with the request's id. */
  readonly error: WireError;
}

export type Routed = RoutedOperation | Refused;

export interface Service {
  /** Regions that its clients may sign for besides the configured one: a global service is signed for us-east-1 wherever it is called. */
  readonly signingRegions?: readonly string[];
  /** For a service of several protocols: the one that the request speaks, whose errors it understands. */
  speaking?(request: WireRequest): Service;
  /** Chooses the operation from the head of the request, before the body is read. Never throws. */
  route(request: WireRequest): Routed;
  /**
   * Serialises an error in this service's form: also for the listener's own (authentication, bodies too large).
   * What is no WireError is answered as an internal error and says nothing of what it was.
   */
  encodeError(error: unknown, requestId: string): WireResponse;
}

/** A service whose code is loaded with its first request. */
export interface LaterService extends Pick<Service, 'signingRegions'> {
  /** Not called again once it has resolved. Where it rejects, the requests that wait are answered as with a fault of ours. */
  load(): Promise<Service>;
}

/**
 * Asked before a handler, with members that are valid: returns when the principal may do this, throws a WireError when not. Synchronous,
 * as it is on the warm path.
 */
export type Authorize = (operation: string, input: Input, context: RequestContext) => void;

/** Told of what a handler threw that was no WireError: such an error is a fault of ours, answered without its text. */
export type ReportFault = (error: unknown, operation: string, requestId: string) => void;
