/** A node of the zone's cache, asked over HTTP. */
import { nodeHttp } from '#platform';
import type { CacheNode } from '../cache/zone-tier.ts';
import type { ZoneCache } from '../device/mounted.ts';
import { shardBytes } from '../cache/shards.ts';
import { zoneLimits } from '../limits.ts';

/** Throws where a node's address is none. */
export function cacheNodes(
  { nodes, secret }: ZoneCache,
  answerMsMax: number = zoneLimits.answerMsMax,
): readonly CacheNode[] {
  if (nodes.length > zoneLimits.nodesMax)
    throw new Error(`a zone has at most ${zoneLimits.nodesMax} cache nodes`);
  return nodes.map((address) => {
    const url = URL.parse(address);
    if (url?.protocol !== 'http:' || url.pathname !== '/') {
      throw new Error(`a cache node's address is http://HOST:PORT, not ${address}`);
    }
    return new HttpCacheNode(url.origin, secret, answerMsMax);
  });
}

class HttpCacheNode implements CacheNode {
  readonly id: string;
  readonly #secret: string;
  readonly #answerMsMax: number;
  readonly #agent = new (nodeHttp().Agent)({ keepAlive: true, maxSockets: zoneLimits.connectionsPerNodeMax });

  constructor(origin: string, secret: string, answerMsMax: number) {
    this.id = origin;
    this.#answerMsMax = answerMsMax;
    this.#secret = secret;
  }

  async get(chunk: string, shard: number): Promise<Uint8Array | undefined> {
    return this.#ask('GET', chunk, shard);
  }

  async put(chunk: string, shard: number, bytes: Uint8Array): Promise<void> {
    await this.#ask('PUT', chunk, shard, bytes);
  }

  async remove(chunk: string, shard: number): Promise<void> {
    await this.#ask('DELETE', chunk, shard);
  }

  /** The answer's body; undefined: not found. */
  #ask(method: string, chunk: string, shard: number, body?: Uint8Array): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      const asked = nodeHttp().request(`${this.id}/shards/${chunk}/${shard}`, {
        method,
        agent: this.#agent,
        headers: {
          authorization: `Bearer ${this.#secret}`,
          ...(body === undefined ? {} : { 'content-length': body.byteLength }),
        },
        signal: AbortSignal.timeout(this.#answerMsMax),
      });
      asked.on('error', reject);
      asked.on('response', (response) => {
        response.on('error', reject);
        const pieces: Buffer[] = [];
        let length = 0;
        response.on('data', (piece: Buffer) => {
          length += piece.length;
          // It would not be believed anyway; it is not kept either.
          if (length > shardBytes) asked.destroy(new Error('a cache node answers with more than a shard'));
          else pieces.push(piece);
        });
        response.on('end', () => {
          const { statusCode } = response;
          if (statusCode === 200) resolve(Buffer.concat(pieces));
          else if (statusCode === 204 || statusCode === 404) resolve(undefined);
          else reject(new Error(`the cache node ${this.id} answers ${statusCode}`));
        });
      });
      asked.end(body);
    });
  }
}
