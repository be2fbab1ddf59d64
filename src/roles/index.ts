/**
 * The public face of roles: starts a Lambkin from its options, or a part of one. The code of each is loaded when it is asked for, so that a command
 * has no more of Lambkin than it needs.
 */
import type { CacheNodeRoleOptions, RunningCacheNode } from './cache-node.ts';
import type { LambkinOptions, StartOutcome } from './options.ts';

export type { LambkinOptions, LogLevel, RunningLambkin, StartOutcome } from './options.ts';
export type { Running } from './running-file.ts';
export type { CacheNodeRoleOptions } from './cache-node.ts';
export { imageMountsProblem, probeContainers, probeMounting } from './probes.ts';

/** Never rejects for a reason that the operator can mend. */
export async function startLambkin(options: LambkinOptions): Promise<StartOutcome> {
  const role = await import('./start.ts');
  return role.startLambkin(options);
}

/** Rejects with an error that says what to mend. */
export async function startCacheNode(options: CacheNodeRoleOptions): Promise<RunningCacheNode> {
  const role = await import('./cache-node.ts');
  return role.startCacheNode(options);
}
