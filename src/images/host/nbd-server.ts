/**
 * Serves an image as a network block device on a Unix socket that only its owner may open. Reads of a client run side by side and are answered as
 * they come; when too many are under way, no more is taken from the client until some are answered.
 */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '#platform';
import { errors, greeting, reply } from '../device/nbd-protocol.ts';
import { NbdSession } from '../device/nbd-session.ts';
import { nbdLimits } from '../limits.ts';
import type { ImageReader } from '../reading/image-reader.ts';

export interface NbdServerOptions {
  /** At most 107 bytes: Linux has no room for more. */
  readonly path: string;
  /** The export's name. */
  readonly name: string;
  readonly reader: Pick<ImageReader, 'sizeBytes' | 'read'>;
  readonly clock: Clock;
  /** Hears of clients that break the protocol, and of reads that fail. */
  readonly warn?: (message: string) => void;
}

export class NbdServer {
  readonly #server: Server;
  readonly #path: string;
  readonly #connections = new Set<NbdConnection>();

  static async open(options: NbdServerOptions): Promise<NbdServer> {
    const server = createServer();
    server.maxConnections = nbdLimits.connectionsMax;
    await rm(options.path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(options.path, () => {
        server.off('error', reject);
        resolve();
      });
    });
    await chmod(options.path, 0o600);
    return new NbdServer(server, options);
  }

  private constructor(server: Server, options: NbdServerOptions) {
    this.#server = server;
    this.#path = options.path;
    server.on('error', (error) => options.warn?.(`the block device's socket fails: ${error.message}`));
    server.on('connection', (socket) => {
      const connection = new NbdConnection(socket, options);
      this.#connections.add(connection);
      socket.on('close', () => this.#connections.delete(connection));
    });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const connection of this.#connections) connection.destroy();
    await closed;
    await rm(this.#path, { force: true });
  }
}

class NbdConnection {
  readonly #socket: Socket;
  readonly #options: NbdServerOptions;
  readonly #session: NbdSession;
  #requests = 0;
  #bytes = 0;
  #finishing = false;

  constructor(socket: Socket, options: NbdServerOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#session = new NbdSession({ name: options.name, sizeBytes: options.reader.sizeBytes });
    const late = options.clock.after(nbdLimits.handshakeMs, () => {
      if (!this.#session.isGranted) socket.destroy();
    });
    socket.on('close', late);
    // A client that is gone is no news.
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      this.#session.receive(bytes);
      this.#work();
    });
    socket.write(greeting);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Does what the client asked for, as far as there is room. */
  #work(): void {
    while (!this.#isFull()) {
      const effect = this.#session.next();
      if (effect === undefined) {
        if (!this.#finishing) this.#socket.resume();
        return;
      }
      switch (effect.kind) {
        case 'send':
          this.#begin(0);
          this.#send([effect.bytes], 0);
          break;
        case 'read':
          this.#begin(effect.length);
          void this.#read(effect.cookie, effect.offset, effect.length);
          break;
        case 'finish':
          this.#finishing = true;
          this.#finishIfDone();
          return;
        case 'break':
          this.#options.warn?.(`a client of the block device broke the protocol: ${effect.reason}`);
          this.#socket.destroy();
          return;
        default:
          effect satisfies never;
      }
    }
    this.#socket.pause();
  }

  async #read(cookie: bigint, offset: number, length: number): Promise<void> {
    try {
      const bytes = await this.#options.reader.read(offset, length);
      this.#send([reply(cookie, errors.none), bytes], length);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.warn?.(`a read of ${length} bytes at ${offset} fails: ${reason}`);
      this.#send([reply(cookie, errors.io)], length);
    }
  }

  #send(pieces: readonly Buffer[], countedBytes: number): void {
    const sent = (): void => {
      this.#requests -= 1;
      this.#bytes -= countedBytes;
      this.#finishIfDone();
      // What was received meanwhile, unless the connection is gone.
      if (!this.#socket.destroyed && !this.#finishing) this.#work();
    };
    this.#socket.cork();
    for (const [at, piece] of pieces.entries()) {
      if (at === pieces.length - 1) this.#socket.write(piece, sent);
      else this.#socket.write(piece);
    }
    this.#socket.uncork();
  }

  #begin(bytes: number): void {
    this.#requests += 1;
    this.#bytes += bytes;
  }

  #isFull(): boolean {
    return this.#requests >= nbdLimits.requestsInFlightMax || this.#bytes >= nbdLimits.bytesInFlightMax;
  }

  #finishIfDone(): void {
    if (this.#finishing && this.#requests === 0) this.#socket.end();
  }
}
