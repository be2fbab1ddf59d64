/**
 * Writing one answer: whole, as a stream, or before the request has been read to its end. A client that leaves an answer
 * unread is cut after a while.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Cancel, type Clock, nodeHttp } from '#platform';
import { discardBody } from './body.ts';
import type { ListenerLimits } from './limits.ts';

export interface ReplyFloor {
  readonly clock: Clock;
  readonly limits: ListenerLimits;
  /** No further request is wanted on any connection. */
  closing: boolean;
}

/** An answer that is there as a whole. */
export interface Written {
  readonly statusCode: number;
  readonly headers: Headers;
  readonly body: Uint8Array | undefined;
}

export type Headers = Readonly<Record<string, string | string[]>>;

/** Where one answer goes. */
export interface Outlet {
  /** To a client that asked whether it may send the body. */
  continue(): void;
  /** Throws, with nothing sent, where a header is none that HTTP can carry. */
  send(answer: Written): void;
  /** Answers a request of which more may be to come, and that nobody will read. */
  refuse(answer: Written, clientWaits: boolean): void;
  /** Rejects with the body's own error. What came before it is sent, then the connection is cut: a part must not be taken for the whole. */
  stream(statusCode: number, headers: Headers, body: AsyncIterable<Uint8Array>): Promise<void>;
  /** The connection is gone: nothing of the answer is waited for. */
  abandon(): void;
}

/** node:http joins a text to its head and writes both in one go, which for small answers saves more than copying costs. */
export const textBytesMax = 16 * 1024;

export class Reply implements Outlet {
  readonly #floor: ReplyFloor;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #requestId: string;
  readonly #left: () => void;
  #cancelTimeout: Cancel | undefined;

  /** `left` is called once the kernel has taken all of the answer. */
  constructor(
    floor: ReplyFloor,
    message: IncomingMessage,
    response: ServerResponse,
    requestId: string,
    left: () => void,
  ) {
    this.#floor = floor;
    this.#message = message;
    this.#response = response;
    this.#requestId = requestId;
    this.#left = left;
  }

  continue(): void {
    this.#response.writeContinue();
  }

  send({ statusCode, headers, body }: Written): void {
    const all = this.#headers(headers);
    if (statusCode !== 204 && all['content-length'] === undefined) {
      all['content-length'] = String(body?.length ?? 0);
    }
    // Said each time: of an attempt that failed, node:http remembers its reason.
    this.#response.writeHead(statusCode, reasonOf(statusCode), all);
    if (body === undefined || body.length === 0) this.#response.end();
    else if (body.length > textBytesMax) this.#response.end(body);
    else
      this.#response.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1'), 'latin1');
    this.#written();
  }

  /**
   * Answers a request of which more is to come, and ends the connection: a small body is read over instead, so that the
   * connection can be used again, and of a large one so much is thrown away that the client gets to see the answer.
   */
  refuse(answer: Written, clientWaits: boolean): void {
    const { limits, clock } = this.#floor;
    if (
      this.#message.complete ||
      (!clientWaits && bodyBytesAtMost(this.#message) <= limits.skippedBytesMax)
    ) {
      this.send(answer);
      this.#message.resume();
      return;
    }
    const { statusCode, headers, body } = answer;
    const length = { 'content-length': String(body?.length ?? 0), connection: 'close' };
    this.#response.writeHead(statusCode, { ...this.#headers(headers), ...length });
    if (clientWaits) {
      this.#response.end(body);
      this.#written();
      return;
    }
    // Whole for the client, who has the length; node:http closes only after `end`.
    if (body === undefined) this.#response.flushHeaders();
    else this.#response.write(body);
    discardBody(this.#message, limits, clock, () => {
      this.#response.end();
      this.#written();
    });
  }

  async stream(statusCode: number, headers: Headers, body: AsyncIterable<Uint8Array>): Promise<void> {
    const response = this.#response;
    const bytes = body[Symbol.asyncIterator]();
    response.writeHead(statusCode, this.#headers(headers));
    if (this.#message.method === 'HEAD') {
      response.end();
      this.#written();
      await bytes.return?.();
      return;
    }
    // The first of the body may be long in coming; the client has the head meanwhile.
    response.flushHeaders();
    const turns = new Turns(response);
    try {
      for (;;) {
        const next = await turns.wait(bytes.next());
        if (next === 'left') break;
        if (next.done === true) {
          response.end();
          this.#written();
          return;
        }
        if (response.write(next.value)) continue;
        this.#armTimeout();
        const turn = await turns.wait(turns.drained());
        this.#cancelTimeout?.();
        if (turn === 'left') break;
      }
    } catch (error) {
      this.#armTimeout();
      response.once('close', () => this.#cancelTimeout?.());
      this.#message.socket.destroySoon();
      throw error;
    }
    // Its error, if this makes one, is nobody's any more.
    await bytes.return?.().catch(() => undefined);
  }

  abandon(): void {
    this.#cancelTimeout?.();
  }

  #headers(headers: Headers): Record<string, string | string[]> {
    const all: Record<string, string | string[]> = { ...headers, 'x-amzn-RequestId': this.#requestId };
    if (this.#floor.closing) all['connection'] = 'close';
    return all;
  }

  /** All is written, but the kernel may not have taken all of it: then the client has to read it in time. */
  #written(): void {
    if (this.#response.writableFinished) return this.#left();
    if (this.#message.socket.writableLength > 0) this.#armTimeout();
    // Comes once; `once` would take it off again.
    this.#response.on('finish', () => {
      this.#cancelTimeout?.();
      this.#left();
    });
  }

  #armTimeout(): void {
    this.#cancelTimeout?.();
    this.#cancelTimeout = this.#floor.clock.after(this.#floor.limits.answerTimeoutMs, () =>
      this.#message.socket.destroy(),
    );
  }
}

/** What stands behind the status code in an answer's first line. */
export function reasonOf(statusCode: number): string {
  return nodeHttp().STATUS_CODES[statusCode] ?? 'unknown';
}

/** What the writing of a stream waits for: something of its own, or that the client is gone. At most one wait at a time. */
class Turns {
  readonly #response: ServerResponse;
  #left: boolean;
  #leave: () => void = () => {};

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#left = response.destroyed;
    response.once('close', () => {
      this.#left = true;
      this.#leave();
    });
  }

  wait<T>(turn: Promise<T>): Promise<T | 'left'> {
    return new Promise((resolve, reject) => {
      this.#leave = () => resolve('left');
      turn.then(resolve, reject);
      if (this.#left) resolve('left');
    });
  }

  drained(): Promise<'drained'> {
    return new Promise((resolve) => this.#response.once('drain', () => resolve('drained')));
  }
}

/** Lets a stream that nobody reads give back what it holds. */
export async function closeUnread(body: AsyncIterable<Uint8Array>): Promise<void> {
  await body[Symbol.asyncIterator]().return?.();
}

function bodyBytesAtMost({ headers }: IncomingMessage): number {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers;
  if (encoding !== undefined) return Number.POSITIVE_INFINITY;
  return length === undefined ? 0 : Number(length);
}
