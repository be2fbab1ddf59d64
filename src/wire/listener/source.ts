/** A request on its way in, whoever reads it: node:http, or for one that came whole and plain, `plain/request.ts`. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '#platform';
import type { WireError } from '../error.ts';
import { type BodyOutcome, type BodyBounds, readBody } from './body.ts';
import { type Head, readHead } from './head.ts';
import type { ListenerLimits } from './limits.ts';
import { StreamBody } from './stream-route.ts';

export interface Source {
  /** The header; '' where there is none. */
  readonly host: string;
  /** `1.1` or `1.0`. */
  readonly httpVersion: string;
  /** See `readHead`. */
  head(limits: ListenerLimits, encodings: 'plain' | 'as-sent'): Head | WireError;
  /** Reads the body within bounds: see `readBody`. */
  read(bounds: BodyBounds, taken: (bytes: number) => void, done: (outcome: BodyOutcome) => void): void;
  /** The body as it comes: see `StreamBody`. */
  stream(clock: Clock, idleMs: number, begin: () => void): AsyncIterable<Uint8Array>;
}

/** A request that node:http reads. */
export class MessageSource implements Source {
  readonly #message: IncomingMessage;

  constructor(message: IncomingMessage) {
    this.#message = message;
  }

  get host(): string {
    return this.#message.headers.host ?? '';
  }

  get httpVersion(): string {
    return this.#message.httpVersion;
  }

  head(limits: ListenerLimits, encodings: 'plain' | 'as-sent'): Head | WireError {
    return readHead(this.#message, limits, encodings);
  }

  read(bounds: BodyBounds, taken: (bytes: number) => void, done: (outcome: BodyOutcome) => void): void {
    readBody(this.#message, bounds, taken, done);
  }

  stream(clock: Clock, idleMs: number, begin: () => void): AsyncIterable<Uint8Array> {
    return new StreamBody(this.#message, clock, idleMs, begin);
  }
}
