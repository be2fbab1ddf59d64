/** The public face of roles: starts a Lambkin from its options. */
export type { LambkinOptions, LogLevel, RunningLambkin, StartOutcome } from './options.ts';
export { rootKeyFileName } from './root-key-file.ts';
export { startLambkin } from './start.ts';
export type { Running } from './running-file.ts';
export { imageMountsProblem } from '#images';
export { probeContainers, probeMounting } from '#worker';
export { startCacheNode } from './cache-node.ts';
export type { CacheNodeRoleOptions } from './cache-node.ts';
