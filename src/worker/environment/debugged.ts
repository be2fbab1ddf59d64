/**
 * The function that somebody debugs: its process listens for a debugger, one environment of it is there at a time (the port is one, and a
 * breakpoint is in one process), nothing times out, and its code always has the same path, whatever its version.
 */
import { type Launch, withDebugger } from '#runtimes';
import type { EnvironmentSpec } from '../worker.ts';

export interface Debugged {
  readonly functionName: string;
  /** Of the loopback interface; 0: any free one. */
  readonly port: number;
  /** Absolute; where its code stands. Made anew for each environment. */
  readonly directory: string;
}

/** The longest that a timer can be: 24 days. */
export const untimedMs = 2 ** 31 - 1;

/** How the process of a version starts, debugged or not. */
export function launchOf(
  launch: Launch,
  functionName: string,
  runtime: string,
  debugged: Debugged | undefined,
): Launch {
  return debugged?.functionName === functionName ? withDebugger(launch, runtime, debugged.port) : launch;
}

/** The environment without its function's timeout. */
export function untimed(spec: EnvironmentSpec): EnvironmentSpec {
  const { version } = spec;
  const configuration = { ...version.configuration, timeoutSeconds: Math.floor(untimedMs / 1000) };
  return { ...spec, version: { ...version, configuration } };
}
