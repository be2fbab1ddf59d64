/**
 * The load generator: one keep-alive connection per unit of concurrency, each sending its next request when the answer is there. The same
 * client serves the floor and Lambkin, so that its own cost stands on both sides. Requests are signed ahead: a signature is good for
 * five minutes, and signing is the client's work, not the service's.
 */
import { connect, type Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
  /** Complete HTTP/1.1 requests, sent in turn. */
  readonly requests: readonly Buffer[];
}

export interface Load {
  /** Milliseconds, one per request, ascending. */
  readonly latenciesMs: readonly number[];
  readonly perSecond: number;
}

export interface Answer {
  readonly statusCode: number;
  readonly head: string;
  readonly body: Buffer;
}

/** One keep-alive connection that speaks just enough HTTP/1.1: answers with Content-Length, one at a time. */
export class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#socket.on('error', (error) => this.#waiting?.reject(error));
    this.#socket.on('close', () =>
      this.#waiting?.reject(new Error('the connection was closed in mid-answer')),
    );
  }

  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    if (this.#received.length < headEnd + 4 + length) return;
    const body = this.#received.subarray(headEnd + 4, headEnd + 4 + length);
    this.#received = this.#received.subarray(headEnd + 4 + length);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ statusCode: Number(head.slice(9, 12)), head, body });
  }
}

/** Sends `total` requests at the given concurrency; throws on the first answer that is not a 200. */
export async function run(target: Target, concurrency: number, total: number): Promise<Load> {
  const latenciesMs: number[] = [];
  let sent = 0;
  const client = async (): Promise<void> => {
    const connection = new Connection(target.host, target.port);
    try {
      while (sent < total) {
        const request = target.requests[sent % target.requests.length];
        if (request === undefined) throw new Error('no requests to send');
        sent += 1;
        const start = performance.now();
        const answer = await connection.send(request);
        latenciesMs.push(performance.now() - start);
        if (answer.statusCode !== 200 || /x-amz-function-error/i.test(answer.head)) {
          throw new Error(`${answer.statusCode}: ${answer.body.toString()}`);
        }
      }
    } finally {
      connection.close();
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, client));
  const seconds = (performance.now() - start) / 1000;
  return { latenciesMs: latenciesMs.sort((a, b) => a - b), perSecond: total / seconds };
}

/** The value below which the share `quantile` (0..1) of the ascending `values` lies. */
export function quantile(values: readonly number[], share: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
