/** Hands batches of telemetry to what an extension listens with in its sandbox: by HTTP, or over a TCP connection that is kept. */
import type { Agent } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { nodeHttp } from '#platform';
import type { Deliver, Delivery } from '../telemetry/subscriptions/subscriber.ts';
import type { Destination } from '../telemetry/subscriptions/subscription.ts';

/** A connection to what listens at a port of the sandbox. */
export type Dial = (port: number) => Promise<Socket>;

/** All deliveries to one sandbox. */
export class Courier {
  readonly #dial: Dial;
  readonly #agent: Agent;
  readonly #connections = new Map<number, Promise<Socket>>();
  #closed = false;

  constructor(dial: Dial) {
    this.#dial = dial;
    this.#agent = new SandboxAgent(dial);
  }

  readonly deliver: Deliver = (destination, body) =>
    destination.protocol === 'HTTP' ? this.#post(destination, body) : this.#write(destination.port, body);

  close(): void {
    this.#agent.destroy();
    this.#closed = true;
    for (const connection of this.#connections.values())
      void connection.then((socket) => socket.destroy(), ignored);
    this.#connections.clear();
  }

  #post({ port, path, method }: Destination & { protocol: 'HTTP' }, body: string): Delivery {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const request = nodeHttp().request(
      {
        host: 'sandbox.localdomain',
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
    const failed = (): void => resolve(false);
    const connection = this.#connection(port);
    connection.then((socket) => {
      socket.once('close', failed);
      socket.write(body, (error) => {
        socket.off('close', failed);
        resolve(!error);
      });
    }, failed);
    return { done: promise, cancel: () => void connection.then((socket) => socket.destroy(), ignored) };
  }

  #connection(port: number): Promise<Socket> {
    const known = this.#connections.get(port);
    if (known !== undefined) return known;
    const forget = (): void => {
      if (this.#connections.get(port) === opening) this.#connections.delete(port);
    };
    const opening = this.#dial(port).then((socket) => {
      socket.unref();
      socket.on('error', () => {}); // `close` follows
      socket.on('close', forget);
      socket.on('data', () => {}); // it has nothing to say
      if (this.#closed) socket.destroy();
      return socket;
    });
    opening.catch(forget);
    this.#connections.set(port, opening);
    return opening;
  }
}

class SandboxAgent extends nodeHttp().Agent {
  readonly #dial: Dial;

  constructor(dial: Dial) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#dial = dial;
  }

  override createConnection(
    { port }: { readonly port?: unknown },
    callback: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#dial(Number(port)).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, new Socket()),
    );
    return undefined;
  }
}

function ignored(): void {}
