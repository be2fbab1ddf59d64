/** The public face of roles: starts a Lambkin from its options, and says where one runs. */
export type { Isolation, LambkinOptions, LogLevel, RunningLambkin, StartOutcome } from './options.ts';
export { rootKeyFileName } from './root-key-file.ts';
export { startLambkin } from './start.ts';
export { readState } from './running-file.ts';
export type { State } from './running-file.ts';
