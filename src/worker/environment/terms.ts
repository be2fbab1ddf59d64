/** The times that an environment goes by. */
import { aheadInitLimitMs } from '../limits.ts';
import type { EnvironmentSpec } from '../worker.ts';
import type { Terms } from './state-types.ts';

/** `initLimitMs`: of an init that an invoke waits for. */
export function termsOf({ version, initialization }: EnvironmentSpec, initLimitMs: number): Terms {
  const timeoutMs = version.configuration.timeoutSeconds * 1000;
  return initialization === 'provisioned-concurrency'
    ? { initLimitMs: aheadInitLimitMs(timeoutMs), isAhead: true, timeoutMs }
    : { initLimitMs, timeoutMs };
}
