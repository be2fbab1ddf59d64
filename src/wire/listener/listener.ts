/**
 * The listener: the one HTTP server behind which all services stand. It authenticates, bounds and answers; what a
 * request means is the services' business.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AccessKey } from '#identity';
import { assert } from '#lib/assert';
import { type Clock, type Entropy, nodeHttp } from '#platform';
import type { WireError } from '../error.ts';
import type { LaterService, Service } from '../service.ts';
import { Verifier } from '../sigv4/verifier.ts';
import { Room } from './body.ts';
import { answerRaw, errorOfParser } from './broken.ts';
import { Connection } from './connection.ts';
import { Exchange, type Floor } from './exchange.ts';
import { malformed } from './head.ts';
import type { HostRoute } from './host-route.ts';
import { type ListenerLimits, listenerLimits } from './limits.ts';
import type { Log } from './log.ts';
import type { OpenRoute } from './open-route.ts';
import { Patience } from './patience.ts';
import { openLane } from './plain/open.ts';
import { Reply } from './reply.ts';
import { Services } from './services.ts';
import { MessageSource } from './source.ts';
import type { StreamRoute } from './stream-route.ts';

/** A client that goes by the `Keep-Alive` it was told may still be sending when its time is over. */
const idleSlackMs = 1_000;

export interface ListenerOptions {
  /** By signing name (`lambda`, `logs`). The first answers where no service is known yet, so it is one that is here. */
  readonly services: ReadonlyMap<string, Service | LaterService>;
  readonly identity: {
    readonly region: string;
    findKey(accessKeyId: string, sessionToken: string | undefined): AccessKey | undefined;
  };
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Log;
  readonly limits?: Partial<ListenerLimits>;
  readonly openRoutes?: readonly OpenRoute[];
  readonly streamRoutes?: readonly StreamRoute[];
  readonly hostRoutes?: readonly HostRoute[];
  /** Paths that are asked by so many requests that those which are plain do without node:http. Their answers are whole, never streams. */
  readonly plainPaths?: RegExp;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Listener {
  readonly address: Address;
  /** Connections and body bytes held at the moment. */
  usage(): { readonly connections: number; readonly bodyBytes: number };
  /**
   * Accepts no more connections, lets running requests end, closes idle connections after a moment (a client that keeps
   * one busy learns from its next answer), and cuts what is left after `graceMs`. Resolves once every connection is closed.
   */
  close(graceMs: number): Promise<void>;
}

export type ListenOutcome =
  | { readonly kind: 'listening'; readonly listener: Listener }
  /** Somebody else listens there. */
  | { readonly kind: 'taken'; readonly address: Address }
  /** Not an address of this host, or not allowed. */
  | { readonly kind: 'refused'; readonly address: Address; readonly message: string };

export async function createListener(options: ListenerOptions): Promise<ListenOutcome> {
  const { host, port } = options;
  const [defaultService] = options.services.values();
  assert(
    defaultService !== undefined && !('load' in defaultService),
    'a listener has at least one service, and the first is not loaded later',
  );
  const limits: ListenerLimits = { ...listenerLimits, ...options.limits };
  const floor: Floor = {
    services: new Services(options.services),
    defaultService,
    verifier: new Verifier({
      findKey: (accessKeyId, sessionToken) => options.identity.findKey(accessKeyId, sessionToken),
      region: options.identity.region,
      services: [...options.services.keys()],
      signingRegions: new Map(
        [...options.services].map(([name, service]) => [name, service.signingRegions ?? []]),
      ),
      nowMs: () => options.clock.wallMs(),
    }),
    openRoutes: options.openRoutes ?? [],
    streamRoutes: options.streamRoutes ?? [],
    hostRoutes: options.hostRoutes ?? [],
    clock: options.clock,
    log: options.log,
    limits,
    room: new Room(limits.bodiesBytesMax),
    readings: new Patience(options.clock, limits.requestTimeoutMs, limits.timeoutCheckIntervalMs),
    silences: new Patience(options.clock, limits.idleTimeoutMs + idleSlackMs, limits.timeoutCheckIntervalMs),
    closing: false,
  };
  const server = nodeHttp().createServer({
    maxHeaderSize: limits.headBytesMax,
    headersTimeout: limits.headTimeoutMs,
    // A body that a route reads as it comes may take hours; the others are watched by `readings`.
    requestTimeout: 0,
    connectionsCheckingInterval: limits.timeoutCheckIntervalMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    // Its own answer would carry no request id.
    requireHostHeader: false,
  });
  // Node drops further headers in silence; counting them is up to us.
  server.maxHeadersCount = 0;
  server.maxConnections = limits.connectionsMax;
  const connections = serve(server, floor, options);
  const failure = await listen(server, host, port);
  if (failure !== undefined) {
    const address = { host, port };
    if (failure.code === 'EADDRINUSE') return { kind: 'taken', address };
    return { kind: 'refused', address, message: failure.message };
  }
  const { address, port: boundPort } = server.address() as AddressInfo;
  return {
    kind: 'listening',
    listener: {
      address: { host: address, port: boundPort },
      usage: () => ({ connections: connections.size, bodyBytes: floor.room.bytes }),
      close: (graceMs) => close(server, floor, connections, graceMs),
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen({ host, port }, () => {
      server.removeListener('error', resolve);
      resolve(undefined);
    });
  });
}

function close(
  server: Server,
  floor: Floor,
  connections: ReadonlyMap<Duplex, Connection>,
  graceMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    floor.closing = true;
    const cancelCut = floor.clock.after(graceMs, () => {
      for (const socket of connections.keys()) socket.destroy();
    });
    // Node's HTTP server would drop idle connections at once, also one whose next request has arrived unread.
    const lingerMs = Math.min(floor.limits.closeLingerMs, graceMs);
    const cancelLinger = floor.clock.after(lingerMs, () => {
      for (const { lane } of connections.values()) lane?.endIfIdle();
      server.close();
    });
    NetServer.prototype.close.call(server, () => {
      cancelCut();
      cancelLinger();
      server.close(); // ends its own timer
      resolve();
    });
  });
}

/** Wires the server's events; returns the connections that are open. */
function serve(server: Server, floor: Floor, options: ListenerOptions): ReadonlyMap<Duplex, Connection> {
  const { entropy, plainPaths } = options;
  const connections = new Map<Duplex, Connection>();
  const connectionOf = (socket: Socket): Connection => {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const connection = new Connection(socket);
    connections.set(socket, connection);
    socket.once('close', () => connections.delete(socket));
    return connection;
  };
  const begin = (message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void => {
    const connection = connectionOf(message.socket);
    if (connection.occupied >= floor.limits.pipelinedMax) {
      floor.log.warn('a connection had too many requests waiting', { pipelined: connection.occupied });
      message.socket.destroy();
      return;
    }
    const requestId = entropy.uuid();
    const outlet = (left: () => void): Reply => new Reply(floor, message, response, requestId, left);
    new Exchange(floor, connection, new MessageSource(message), outlet, {
      requestId,
      expectsContinue,
    }).start();
  };
  const answerBroken = (socket: Duplex, error: WireError): void => {
    answerRaw(socket, floor.defaultService, error, entropy.uuid(), floor.clock.wallMs());
    const cancel = floor.clock.after(floor.limits.brokenLingerMs, () => socket.destroy());
    socket.once('close', cancel);
  };

  if (plainPaths === undefined) server.on('connection', connectionOf);
  else {
    // node:http's own, which takes a connection's bytes for good.
    const takeOver = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      const connection = connectionOf(socket);
      connection.lane = openLane(floor, connection, entropy, plainPaths, () => {
        connection.lane = undefined;
        for (const take of takeOver) take.call(server, socket);
      });
    });
  }
  server.on('request', (message, response) => begin(message, response, false));
  server.on('checkContinue', (message, response) => begin(message, response, true));
  // Expectations other than 100-continue: there are none in use, and ignoring one is what AWS does.
  server.on('checkExpectation', (message, response) => begin(message, response, false));
  server.on('connect', (_message: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    answerBroken(socket, malformed('CONNECT is not served here.'));
    socket.resume();
  });
  server.on('clientError', (cause: NodeJS.ErrnoException, socket: Duplex) => {
    const connection = connections.get(socket);
    if (connection === undefined || connection.broken) return;
    const answerable = connection.answerable;
    connection.broken = true;
    const error = errorOfParser(cause.code);
    if (error === undefined || !answerable) socket.destroy();
    else answerBroken(socket, error);
  });
  server.on('drop', () =>
    floor.log.warn('a connection was refused', { connectionsMax: floor.limits.connectionsMax }),
  );
  return connections;
}
