/**
 * Routes by path whose requests may be of any length: the route authenticates by itself, and reads the body as it comes, as fast as it can use it.
 *
 *     head ──serve(head, body)──▶ answer        what of the body was not read by then is thrown away, within bounds
 */
import type { IncomingMessage } from 'node:http';
import type { Cancel, Clock } from '#platform';
import type { Service, WireRequest } from '../service.ts';
import type { HostAnswer } from './host-route.ts';

export interface StreamRequest {
  readonly request: WireRequest;
  readonly requestId: string;
  /** The client's address, without port. */
  readonly sourceIp: string;
  /** undefined: sent in chunks, so not known. 0: no body. */
  readonly contentLength: number | undefined;
  /** To be read once, or not at all. Its iteration throws when the client goes away or stands still. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

export interface StreamRoute extends Pick<Service, 'encodeError'> {
  /** Serves every path that starts with it, by any method. */
  readonly pathPrefix: string;
  /** What it rejects with is told by `encodeError`. */
  serve(request: StreamRequest): Promise<HostAnswer>;
}

/** The body of a request, read no faster than it is asked for. A client that sends nothing for `idleMs` while it is asked is cut off. */
export class StreamBody implements AsyncIterable<Uint8Array> {
  readonly #message: IncomingMessage;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #begin: () => void;

  /** `begin` is called before the first byte is read: clients may wait for that. */
  constructor(message: IncomingMessage, clock: Clock, idleMs: number, begin: () => void) {
    this.#message = message;
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.#begin = begin;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    this.#begin();
    // Not destroyed when it is left early: there is an answer to be written.
    const pieces = this.#message.iterator({ destroyOnReturn: false });
    try {
      for (;;) {
        const cancel = this.#watch();
        let next: IteratorResult<unknown>;
        try {
          next = await pieces.next();
        } finally {
          cancel();
        }
        if (next.done === true) return;
        yield next.value as Buffer;
      }
    } finally {
      await pieces.return?.();
    }
  }

  #watch(): Cancel {
    return this.#clock.after(this.#idleMs, () =>
      this.#message.destroy(new Error('the client stood still while it sent a body')),
    );
  }
}
