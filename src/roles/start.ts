/**
 * Starts all roles in this process on the embedded engines, in the order in which they need each other, and stops them
 * in the opposite one. What cannot start leaves nothing open.
 *
 * Half of a start is loading the code, so this file brings little of it: the store is opened by its thread while the rest is loaded here.
 */
import { join } from 'node:path';
import { lockDirectory, openSqlite } from '#engines/sqlite';
import { systemClock, systemEntropy } from '#platform';
import { Closing } from './closing.ts';
import { openDataDirectory } from './data-directory.ts';
import type { LambkinOptions, StartOutcome } from './options.ts';
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
    const opening = openSqlite(join(dataDirectory, 'lambkin.db'), {
      clock: systemClock,
      entropy: systemEntropy,
    });
    closing.add(async () => (await opening.catch(() => undefined))?.close());
    const [store, { openIdentity }, { rootKeyFile }, { compose }, { openLog }] = await Promise.all([
      opening,
      import('#identity'),
      import('./root-key-file.ts'),
      import('./all-in-one.ts'),
      import('./log.ts'),
    ]);
    const opened = await openIdentity({
      accountId: options.accountId,
      region: options.region,
      ...options.accessKey,
      store: rootKeyFile(dataDirectory, systemEntropy),
      entropy: systemEntropy,
    });
    if (opened.kind === 'invalid') return await abandoned({ kind: 'refused', message: opened.message });
    const { identity } = opened;
    const composed = await compose(options, store, identity, openLog(options.logLevel), closing);
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
    const { operatorMessage } = await import('./operator-message.ts');
    const told = operatorMessage(error, dataDirectory);
    await closing.close(0);
    if (told === undefined) throw error;
    return { kind: 'refused', message: told.message, exitCode: told.exitCode };
  }

  async function abandoned(outcome: StartOutcome): Promise<StartOutcome> {
    await closing.close(0);
    return outcome;
  }
}
