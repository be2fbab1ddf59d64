/** Lambkin's own log: one line of JSON per event on standard error, for its operator. */
import { destination, pino } from 'pino';
import type { Log } from '#wire';
import type { LogLevel } from './options.ts';

/** Synchronous, so that the last line before a crash is there. */
export function openLog(level: LogLevel): Log {
  const output = destination({ dest: 2, sync: true });
  output.on('error', () => {}); // nobody reads it any more: no reason to stop
  const log = pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, output);
  return {
    debug: (message, fields) => log.debug(fields, message),
    info: (message, fields) => log.info(fields, message),
    warn: (message, fields) => log.warn(fields, message),
    error: (message, fields) => log.error(fields, message),
  };
}

/** What an error says in that log. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
