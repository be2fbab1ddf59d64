/** Whether containers really work here: one is started, says how it ended, and is gone. Nothing less tells. */
import type { ContainerSandboxes } from './container-sandboxes.ts';
import { runtimeMsMax } from './limits.ts';

/** No other program ends with it by chance. */
const exitCode = 67;

/** undefined: it works. Else the reason. */
export async function firstContainer(sandboxes: ContainerSandboxes): Promise<string | undefined> {
  const outcome = await sandboxes.start({
    command: '/bin/sh',
    args: ['-c', `exit ${exitCode}`],
    env: {},
    workingDirectory: undefined,
    talk: 'runtime-api',
    ahead: false,
  });
  if (outcome.kind === 'exhausted') return outcome.reason;
  if (outcome.kind === 'unstartable') return `/bin/sh cannot be started: ${outcome.code}`;
  const { sandbox } = outcome;
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timeout = setTimeout(() => resolve('a container did not end in time'), runtimeMsMax);
  sandbox.attach({
    says: () => {},
    output: () => {},
    outOfMemory: () => resolve('a container had no memory'),
    exited: (status) => {
      const isExpected = status.kind === 'code' && status.code === exitCode;
      resolve(isExpected ? undefined : 'a container ended otherwise than it should');
    },
  });
  const why = await promise;
  clearTimeout(timeout);
  await sandbox.kill();
  return why;
}
