/** SQLite's errors in the platform's terms. The numbers are SQLite's primary result codes (sqlite.org/rescode.html). */
import type { Failure } from './protocol.ts';

interface SqliteError extends Error {
  readonly code: 'ERR_SQLITE_ERROR';
  /** The extended result code; its lowest byte is the primary one. */
  readonly errcode: number;
  readonly errstr: string;
}

/** Errors that come from the machine or from other processes. All others (misuse, constraints) are bugs of the engine. */
const outside: ReadonlyMap<number, Pick<Failure, 'reason' | 'code'>> = new Map([
  [5, { reason: 'busy', code: 'SQLITE_BUSY' }],
  [7, { reason: 'failed', code: 'SQLITE_NOMEM' }],
  [8, { reason: 'failed', code: 'SQLITE_READONLY' }],
  [10, { reason: 'failed', code: 'SQLITE_IOERR' }],
  [11, { reason: 'failed', code: 'SQLITE_CORRUPT' }],
  [13, { reason: 'full', code: 'SQLITE_FULL' }],
  [14, { reason: 'failed', code: 'SQLITE_CANTOPEN' }],
  [26, { reason: 'failed', code: 'SQLITE_NOTADB' }],
]);

/** The failure that `error` stands for, or undefined when it is a bug of the engine. */
export function failureOf(error: unknown): Failure | undefined {
  if (!isSqliteError(error)) return undefined;
  const kind = outside.get(error.errcode & 0xff);
  return kind === undefined ? undefined : { ...kind, message: `${error.message} (${error.errcode})` };
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR' && 'errcode' in error;
}
