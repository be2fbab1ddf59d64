/** What the operator of a Lambkin that does not start is told. */
import { StoreUnavailableError } from '#platform';
import { ContainersMissingError } from '#worker';

/** What the operator can do something about, in a sentence; undefined for our own bugs. */
export function operatorMessage(error: unknown, dataDirectory: string): string | undefined {
  if (error instanceof StoreUnavailableError) {
    return `the data directory ${dataDirectory} cannot be used: ${error.message}`;
  }
  if (error instanceof ContainersMissingError) {
    return `there is no container isolation here: ${error.message}. "lambkin doctor" tells more; --isolation process is for development only.`;
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const known = ['EACCES', 'EPERM', 'ENOENT', 'ENOSPC', 'EROFS', 'ENOTDIR', 'EEXIST', 'EDQUOT', 'EIO'];
  if (typeof code === 'string' && known.includes(code)) {
    return `the data directory ${dataDirectory} cannot be used: ${(error as Error).message}`;
  }
  return error instanceof Error &&
    /holds no (?:root|master) key|can be read by others|secret of the zone|^--images-kms-key/.test(
      error.message,
    )
    ? error.message
    : undefined;
}
