/**
 * A node of the zone's cache over HTTP, for those who know the zone's secret:
 *
 *     GET     /shards/<chunk>/<shard>   200 and the shard, or 404
 *     PUT     /shards/<chunk>/<shard>   204; exactly a shard's bytes, with their length
 *     DELETE  /shards/<chunk>/<shard>   204, also where there was none
 *     GET     /counts                   200 and what was counted, as JSON
 *
 * `authorization: Bearer <secret>`. Shards are of ciphertext, and whoever reads them verifies: the secret keeps strangers from filling the cache.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeHttp } from '#platform';
import type { CacheNodeStore } from '../cache/node.ts';
import { shardBytes } from '../cache/shards.ts';
import { zoneLimits } from '../limits.ts';

export interface CacheServerOptions {
  readonly store: CacheNodeStore;
  readonly secret: string;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

const shardPath = /^\/shards\/([0-9a-f]{64})\/([0-4])$/;

export class CacheServer {
  readonly port: number;
  readonly #server: Server;

  static async open(options: CacheServerOptions): Promise<CacheServer> {
    const secret = digest(`Bearer ${options.secret}`);
    const server = nodeHttp().createServer(
      { requestTimeout: zoneLimits.requestMsMax },
      (request, response) => {
        request.on('error', () => {});
        const isKnown = timingSafeEqual(digest(request.headers.authorization ?? ''), secret);
        if (isKnown) void answer(options.store, request, response).catch(() => end(request, response, 500));
        else end(request, response, 401);
      },
    );
    server.maxConnections = zoneLimits.connectionsMax;
    server.keepAliveTimeout = zoneLimits.idleConnectionMs;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(options.port, options.host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return new CacheServer(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}

async function answer(
  store: CacheNodeStore,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'GET' && request.url === '/counts') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(store.counts));
    return;
  }
  const [, chunk, place] = shardPath.exec(request.url ?? '') ?? [];
  if (chunk === undefined || place === undefined) return end(request, response, 404);
  const shard = Number(place);
  if (request.method === 'GET') {
    const bytes = await store.get(chunk, shard);
    if (bytes === undefined) return end(request, response, 404);
    response.setHeader('content-length', bytes.byteLength).end(bytes);
  } else if (request.method === 'PUT') {
    if (request.headers['content-length'] !== String(shardBytes)) return end(request, response, 400);
    const bytes = await bodyOf(request);
    if (bytes === undefined) return end(request, response, 400);
    store.put(chunk, shard, bytes);
    end(request, response, 204);
  } else if (request.method === 'DELETE') {
    store.remove(chunk, shard);
    end(request, response, 204);
  } else end(request, response, 405);
}

/** undefined: it broke off. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const bytes = Buffer.allocUnsafeSlow(shardBytes);
  let filled = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) filled += piece.copy(bytes, filled);
  } catch {
    return undefined;
  }
  return filled === shardBytes ? bytes : undefined;
}

/** A body that nobody reads ends the connection. */
function end(request: IncomingMessage, response: ServerResponse, status: number): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (!request.complete && request.headers['content-length'] !== undefined)
    response.setHeader('connection', 'close');
  response.writeHead(status).end();
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
