/** Errors of the file system in the platform's terms. */
import { StoreUnavailableError } from '../../unavailable.ts';

/** The error code that Node gives to errors of the operating system (`ENOENT`, ...), if `error` is one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && 'syscall' in error ? String(error.code) : undefined;
}

/** Wraps an error of the operating system; every other error stays what it is. */
export function unavailable(error: unknown): unknown {
  const code = errorCode(error);
  if (code === undefined) return error;
  const reason = code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'failed';
  const message = error instanceof Error ? error.message : '';
  return new StoreUnavailableError(reason, { code, message, cause: error });
}
