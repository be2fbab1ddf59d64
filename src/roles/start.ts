/**
 * Starts all roles in this process on the embedded engines, in the order in which they need each other, and stops them
 * in the opposite one. What cannot start leaves nothing open.
 */
import { lockDirectory } from '#engines/sqlite';
import { openIdentity } from '#identity';
import { StoreUnavailableError, systemEntropy } from '#platform';
import { ContainersMissingError } from '#worker';
import { compose } from './all-in-one.ts';
import { Closing } from './closing.ts';
import { openDataDirectory } from './data-directory.ts';
import { openLog } from './log.ts';
import type { LambkinOptions, StartOutcome } from './options.ts';
import { rootKeyFile } from './root-key-file.ts';
import { removeRunning, writeRunning } from './running-file.ts';

/** Never rejects for a reason that the operator can mend. */
export async function startLambkin(options: LambkinOptions): Promise<StartOutcome> {
  const { dataDirectory } = options;
  const closing = new Closing();
  try {
    await openDataDirectory(dataDirectory);
    const lock = lockDirectory(dataDirectory);
    if (lock.kind === 'taken') {
      const { holderPid } = lock;
      return {
        kind: 'data-directory-taken',
        dataDirectory,
        ...(holderPid === undefined ? {} : { pid: holderPid }),
      };
    }
    closing.add(() => lock.release());
    const opened = await openIdentity({
      accountId: options.accountId,
      region: options.region,
      ...options.accessKey,
      store: rootKeyFile(dataDirectory, systemEntropy),
      entropy: systemEntropy,
    });
    if (opened.kind === 'invalid') return await abandoned({ kind: 'refused', message: opened.message });
    const { identity } = opened;
    const composed = await compose(options, identity, openLog(options.logLevel), closing);
    if (composed.kind !== 'listening') return await abandoned(composed);
    const { endpoint, runtimes, isolation } = composed;
    closing.add(() => removeRunning(dataDirectory));
    writeRunning(dataDirectory, {
      pid: process.pid,
      endpoint,
      accountId: identity.accountId,
      region: identity.region,
      accessKeyId: identity.rootCredentials.accessKeyId,
      secretAccessKey: identity.rootCredentials.secretAccessKey,
    });
    return {
      kind: 'started',
      lambkin: {
        endpoint,
        dataDirectory,
        accountId: identity.accountId,
        region: identity.region,
        isolation,
        runtimes: () => runtimes.list(),
        stop: (graceMs) => closing.close(graceMs),
      },
    };
  } catch (error) {
    const message = operatorMessage(error, dataDirectory);
    await closing.close(0);
    if (message === undefined) throw error;
    return { kind: 'refused', message };
  }

  async function abandoned(outcome: StartOutcome): Promise<StartOutcome> {
    await closing.close(0);
    return outcome;
  }
}

/** What the operator can do something about, in a sentence; undefined for our own bugs. */
function operatorMessage(error: unknown, dataDirectory: string): string | undefined {
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
