/** Hands batches of telemetry to what an extension listens with in its sandbox: by HTTP, or over a TCP connection that is kept. */
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Deliver, Delivery } from '../telemetry/subscriptions/subscriber.ts';
import type { Destination } from '../telemetry/subscriptions/subscription.ts';

/** All deliveries to one sandbox, whose listeners are reached at `host`. */
export class Courier {
  readonly #host: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
  readonly #connections = new Map<number, Socket>();

  constructor(host: string) {
    this.#host = host;
  }

  readonly deliver: Deliver = (destination, body) =>
    destination.protocol === 'HTTP' ? this.#post(destination, body) : this.#write(destination.port, body);

  close(): void {
    this.#agent.destroy();
    for (const socket of this.#connections.values()) socket.destroy();
    this.#connections.clear();
  }

  #post({ port, path, method }: Destination & { protocol: 'HTTP' }, body: string): Delivery {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const request = httpRequest(
      {
        host: this.#host,
        port,
        path,
        method,
        agent: this.#agent,
        headers: {
          Host: `sandbox.localdomain:${port}`,
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(body),
        },
      },
      (response) => {
        const { statusCode = 500 } = response;
        response.on('error', () => {});
        // What it says is for nobody; its connection can be used again once it has been read, within reason.
        response.on('end', () => resolve(statusCode < 300));
        response.on('close', () => resolve(statusCode < 300));
        response.resume();
      },
    );
    request.on('error', () => resolve(false));
    request.on('close', () => resolve(false));
    request.end(body);
    return { done: promise, cancel: () => request.destroy() };
  }

  #write(port: number, body: string): Delivery {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = this.#connection(port);
    const failed = (): void => resolve(false);
    socket.once('close', failed);
    socket.write(body, (error) => {
      socket.off('close', failed);
      resolve(!error);
    });
    return { done: promise, cancel: () => socket.destroy() };
  }

  #connection(port: number): Socket {
    const open = this.#connections.get(port);
    if (open !== undefined && !open.destroyed && open.writable) return open;
    const socket = connect({ host: this.#host, port });
    socket.unref();
    socket.on('error', () => {}); // `close` follows
    socket.on('data', () => {}); // it has nothing to say
    this.#connections.set(port, socket);
    return socket;
  }
}
