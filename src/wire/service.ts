/**
 * How a service stands behind the one listener. The listener authenticates a request, finds the service by the
 * signing name in its credential scope, and the service's protocol decodes, calls the handler, and encodes.
 */
import type { Principal } from '#identity';

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
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/**
 * Members by the wire's names, decoded and validated against the operation's input shape: strings, numbers, booleans,
 * arrays, plain objects; blobs as Uint8Array; timestamps as Date.
 */
export type Input = Readonly<Record<string, unknown>>;
/** Members by the wire's names; undefined members are left out of the answer. */
export type Output = Readonly<Record<string, unknown>>;

export type Handler = (input: Input, context: RequestContext) => Promise<Output>;

/** Operation name to handler. What is missing answers with an error that names the operation. */
export type Handlers = Readonly<Record<string, Handler>>;
