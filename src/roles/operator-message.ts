/** What the operator of a Lambkin that does not start is told. */
import { OperatorError } from '#lib/operator-error';
import { StoreUnavailableError } from '#platform';
import { ContainersMissingError } from '#worker';

type OperatorMessage = Pick<OperatorError, 'message' | 'exitCode'>;

/** What the operator can do something about; undefined for our own bugs. */
export function operatorMessage(error: unknown, dataDirectory: string): OperatorMessage | undefined {
  if (error instanceof OperatorError) return error;
  if (error instanceof ContainersMissingError) {
    const message = `there is no container isolation here: ${error.message}. "lambkin doctor" tells more; --isolation process is for development only.`;
    return { message, exitCode: 1 };
  }
  if (error instanceof StoreUnavailableError || isOfSystem(error)) {
    return { message: `the data directory ${dataDirectory} cannot be used: ${error.message}`, exitCode: 1 };
  }
  return undefined;
}

const systemCodes: ReadonlySet<unknown> = new Set([
  'EACCES',
  'EPERM',
  'ENOENT',
  'ENOSPC',
  'EROFS',
  'ENOTDIR',
  'EEXIST',
  'EDQUOT',
  'EIO',
]);

/** What the operating system says of files. */
function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && systemCodes.has(error.code);
}
