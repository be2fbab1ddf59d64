/** The cache role: a node of a zone's cache of image chunks, by itself. */
import { openCacheNode, readSecretFile, type OpenCacheNode } from '#images';
import { systemEntropy } from '#platform';

export interface CacheNodeRoleOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** undefined: in memory only. */
  readonly directory: string | undefined;
  readonly diskBytesMax: number;
  readonly memoryBytesMax: number;
  /** Holds what the zone's nodes and workers share. */
  readonly secretFile: string;
}

export type RunningCacheNode = OpenCacheNode;

/** Rejects with an error that says what to mend. */
export async function startCacheNode(options: CacheNodeRoleOptions): Promise<RunningCacheNode> {
  const secret = await readSecretFile(options.secretFile);
  return openCacheNode({ ...options, secret, entropy: systemEntropy });
}
