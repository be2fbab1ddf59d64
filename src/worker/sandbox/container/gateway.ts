/**
 * The enclave's two ends for sandboxes: the Runtime API, and addresses of the host that they may reach (Lambkin's own endpoint, services that
 * the operator named). The listeners belong to the enclave's network and are served here.
 */
import { spawn } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Enclave } from './enclave.ts';
import { bridgesMax, commandMsMax } from './limits.ts';
import { credentialsAddress, endpointPort, gatewayAddress, runtimeApiPort } from './network.ts';

const program = fileURLToPath(new URL('listening.mjs', import.meta.url));

export interface GatewayParts {
  /** URLs that sandboxes may reach; asked for when the first connection comes. */
  readonly reached: readonly (() => string)[];
  /** A connection to the Runtime API, and the address that it comes from. */
  readonly api: (socket: Socket, from: string) => void;
}

export class Gateway {
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();

  static async open(enclave: Enclave, parts: GatewayParts): Promise<Gateway> {
    const ports = [runtimeApiPort, ...parts.reached.map((_, index) => portOf(index))];
    const addresses = [...ports.map((port) => `${gatewayAddress}:${port}`), credentialsAddress];
    const received = await listenersIn(enclave, addresses);
    return new Gateway(received, parts);
  }

  private constructor(received: ReadonlyMap<string, Server>, parts: GatewayParts) {
    this.#servers = [...received].map(([address, listener]) => {
      const target = parts.reached.find((_, index) => address === `${gatewayAddress}:${portOf(index)}`);
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        if (target === undefined) parts.api(socket, socket.remoteAddress ?? '');
        else this.#bridge(socket, target());
      });
      server.on('error', () => {}); // a connection that could not be accepted: its client sees that
      server.listen(listener);
      server.unref();
      return server;
    });
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #bridge(inside: Socket, url: string): void {
    const { hostname, port } = new URL(url);
    if (this.#sockets.size >= bridgesMax) return void inside.destroy();
    const outside = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || 80),
      allowHalfOpen: true,
      noDelay: true,
    });
    for (const socket of [inside, outside]) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        inside.destroy();
        outside.destroy();
      });
    }
    inside.pipe(outside);
    outside.pipe(inside);
    return undefined;
  }
}

/** The URL by which a sandbox reaches the address with this number. */
export function reachedUrl(index: number, url: string): string {
  const { pathname } = new URL(url);
  return `http://${gatewayAddress}:${portOf(index)}${pathname === '/' ? '' : pathname}`;
}

function portOf(index: number): number {
  return index === 0 ? endpointPort : runtimeApiPort + index;
}

function listenersIn(enclave: Enclave, addresses: readonly string[]): Promise<ReadonlyMap<string, Server>> {
  const target = ['--target', String(enclave.pid), '--net', '--', process.execPath, program];
  const child = spawn('nsenter', [...target, ...addresses], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { PATH: process.env['PATH'] },
  });
  const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, Server>>();
  const received = new Map<string, Server>();
  let complaint = '';
  const timeout = AbortSignal.timeout(commandMsMax);
  timeout.addEventListener('abort', () => child.kill('SIGKILL'));
  child.stderr?.on('data', (text: Buffer) => (complaint = (complaint + text.toString()).slice(-500)));
  child.on('message', (address, handle) => {
    if (typeof address === 'string') received.set(address, handle as Server);
    if (received.size < addresses.length) return;
    resolve(received);
    child.send('thanks', () => {});
  });
  child.on('error', reject);
  child.on('exit', () => reject(new Error(complaint.trim() || 'the gateway could not be opened')));
  return promise;
}
