/** A node of the zone's cache, whole: shards in memory and in a directory, served over HTTP. */
import { mkdir } from 'node:fs/promises';
import type { Entropy } from '#platform';
import { CacheNodeStore, type NodeCounts } from '../cache/node.ts';
import { shardBytes } from '../cache/shards.ts';
import { CacheServer } from './cache-server.ts';
import { openDiskTier, type DiskTier } from './disk-tier.ts';

export interface OpenCacheNodeOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Nobody else may use it. undefined: in memory only. */
  readonly directory: string | undefined;
  readonly diskBytesMax: number;
  readonly memoryBytesMax: number;
  readonly secret: string;
  readonly entropy: Entropy;
}

export interface OpenCacheNode {
  readonly port: number;
  readonly counts: () => NodeCounts;
  close(): Promise<void>;
}

/** Resolves when it serves, with what an earlier run left in its directory. */
export async function openCacheNode(options: OpenCacheNodeOptions): Promise<OpenCacheNode> {
  const { directory, diskBytesMax, memoryBytesMax, entropy } = options;
  let disk: DiskTier | undefined;
  if (directory !== undefined) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    disk = await openDiskTier({ directory, bytesMax: diskBytesMax, entropy, entryBytes: shardBytes });
  }
  const store = new CacheNodeStore({ memoryBytesMax, ...(disk === undefined ? {} : { disk }) });
  const server = await CacheServer.open({ ...options, store });
  return {
    port: server.port,
    counts: () => store.counts,
    close: async () => {
      await server.close();
      await disk?.settle();
    },
  };
}
