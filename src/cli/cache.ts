/** `lambkin cache`: a node of a zone's cache, until it is told to stop. */
import type { CacheNodeRoleOptions } from '#roles';
import { Failure } from './failure.ts';
import { surviveClosedOutput } from './terminal.ts';
import { Told } from './up.ts';

export async function cache(options: CacheNodeRoleOptions): Promise<void> {
  surviveClosedOutput();
  const { startCacheNode } = await import('#roles');
  const told = new Told();
  const node = await startCacheNode(options).catch((error: unknown) => {
    throw new Failure(
      `the cache node does not start: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  process.stdout.write(`cache node at http://${options.host}:${node.port}\n`);
  await told.first;
  await node.close();
  process.exit(0);
}
