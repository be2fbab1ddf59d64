/** What a handler learns of the request it serves. */
import type { Principal } from '#identity';
import type { RequestContext, WireRequest } from '../service.ts';

export class Context implements RequestContext {
  readonly requestId: string;
  readonly principal: Principal;
  readonly region: string;
  readonly endpoint: string;
  readonly traceId?: string;
  readonly sourceIp: string;
  readonly userAgent?: string;
  readonly #source: { signal(): AbortSignal };

  constructor(
    requestId: string,
    sender: { readonly principal: Principal; readonly region: string },
    headers: WireRequest['headers'],
    sourceIp: string,
    source: { signal(): AbortSignal },
  ) {
    this.requestId = requestId;
    this.principal = sender.principal;
    this.region = sender.region;
    // The host is signed, so it is the one that the client meant.
    this.endpoint = `http://${String(headers['host'])}`;
    const traceId = headers['x-amzn-trace-id'];
    if (typeof traceId === 'string') this.traceId = traceId;
    this.sourceIp = sourceIp;
    const userAgent = headers['user-agent'];
    if (typeof userAgent === 'string') this.userAgent = userAgent;
    this.#source = source;
  }

  get signal(): AbortSignal {
    return this.#source.signal();
  }
}
