/** Gets an environment of a container image what it runs in: the image, mounted, and a sandbox that starts what it says. */
import { InvariantError } from '#lib/assert';
import type { Credentials } from '#identity';
import type { MountedImage } from '#images';
import type { FunctionImage, VersionRecord } from '#metadata';
import type { Sandboxes } from '../sandbox/sandbox.ts';
import { imageCommand, launchErrorLine, type ImageCommand } from './image-command.ts';
import type { Initialization } from '../worker.ts';
import type { ProvisionOutcome } from './provision.ts';
import type { ProvisionerParts } from './provisioner-parts.ts';
import { credentialsOf, RoleCredentials } from './role-credentials.ts';
import { startErrorText } from './start-errors.ts';
import { sealedMessage } from './sealed-message.ts';
import { environmentVariables } from './variables.ts';

const mebibyte = 2 ** 20;
const taskRoot = '/var/task';
const runtimeDirectory = '/var/runtime';

type Parts = Omit<ProvisionerParts, 'runtimes' | 'code' | 'pool'>;

/** As `Provisioner.provide`. */
export async function provideImage(
  parts: Parts,
  version: VersionRecord,
  image: FunctionImage,
  logStream: string,
  initialization: Initialization,
): Promise<ProvisionOutcome> {
  const { images, sandboxes } = parts;
  if (images === undefined || sandboxes.lookIntoImage === undefined || image.imageId === undefined) {
    return {
      kind: 'impossible',
      errorType: 'InvalidRuntimeException',
      message: 'Container images cannot run on this host: `lambkin doctor` says why',
    };
  }
  let mounted: MountedImage | undefined;
  try {
    mounted = await images.mount(image.imageId);
    const outcome = await start(parts, mounted, version, image, logStream, initialization);
    if (outcome.kind !== 'provided') await mounted.release();
    return outcome;
  } catch (error) {
    await mounted?.release();
    if (error instanceof InvariantError) throw error;
    return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function start(
  parts: Parts,
  mounted: MountedImage,
  version: VersionRecord,
  image: FunctionImage,
  logStream: string,
  initialization: Initialization,
): Promise<ProvisionOutcome> {
  const { sandboxes } = parts;
  const { configuration } = version;
  const custom = parts.openVariables(version);
  if (custom === undefined) {
    return { kind: 'impossible', errorType: 'KMSAccessDeniedException', message: sealedMessage };
  }
  const asked = imageCommand(image, configuration.kept);
  const { entryPoint, command, workingDirectory } = asked;
  const words = [...entryPoint, ...command];
  const credentials = credentialsOf(parts, version);
  const lent = credentials instanceof RoleCredentials ? credentials : undefined;
  const started = { version: withHandler(version, command[0]), image, custom, credentials };
  const env = variablesOf(parts, started, logStream, initialization);
  const looked = await look(sandboxes, mounted.directory, words, workingDirectory, env['PATH'] ?? '');
  if (looked.kind === 'refused') return broken(looked.errorType, looked.message, asked);
  const { program, extensions } = looked;
  const settle = await parts.starts.enter(version.functionName);
  if (settle === undefined) return { kind: 'refused', reason: 'too many environments are being started' };
  const outcome = await sandboxes.start({
    command: program,
    args: words.slice(1),
    env,
    workingDirectory,
    talk: 'runtime-api',
    ahead: false,
    image: {
      directory: mounted.directory,
      storageBytes: configuration.ephemeralStorageMb * mebibyte,
    },
    ...(lent && { credentials: lent }),
    held: extensions.length > 0,
  });
  if (outcome.kind === 'started') {
    return {
      kind: 'provided',
      provision: {
        sandbox: outcome.sandbox,
        init: {
          env: { ...env, ...outcome.sandbox.own, ...(lent && outcome.sandbox.lend(lent)) },
          handler: '',
          taskRoot,
        },
        programs: { names: extensions, root: '/opt' },
        settle,
        release: () => {
          mounted.release().catch((error: unknown) => {
            parts.warn('an image could not be given back', { reason: String(error) });
          });
        },
      },
      // What is asked for anew each time never ends.
      credentialsEndMs: credentials instanceof RoleCredentials ? undefined : credentials.expiresAtMs,
      lost: mounted.lost,
    };
  }
  settle();
  if (outcome.kind === 'exhausted') return { kind: 'refused', reason: outcome.reason };
  return broken('Runtime.InvalidEntrypoint', `fork/exec ${program}: ${startErrorText(outcome.code)}`, asked);
}

/** What AWS calls the handler of an image is the first word of its command. */
function withHandler(version: VersionRecord, handler = ''): VersionRecord {
  return { ...version, configuration: { ...version.configuration, handler } };
}

/** The image's variables, over them the function's, over them Lambda's. */
function variablesOf(
  { sandboxes, endpoint, endpoints }: Parts,
  started: {
    readonly version: VersionRecord;
    readonly image: FunctionImage;
    readonly custom: Readonly<Record<string, string>>;
    readonly credentials: Credentials | RoleCredentials;
  },
  logStream: string,
  initialization: Initialization,
): Readonly<Record<string, string>> {
  const { version, image, custom, credentials } = started;
  const reached = Object.entries(endpoints).map(
    ([service, url]) => [service, sandboxes.reached(url)] as const,
  );
  return environmentVariables({
    version,
    custom: { ...clean(image.defaults.environment), ...custom },
    logStream,
    taskRoot,
    opt: undefined,
    managed: false,
    programDirectory: undefined,
    runtimeDirectory,
    launchEnv: {},
    credentials: credentials instanceof RoleCredentials ? undefined : credentials,
    initialization,
    endpoint: sandboxes.reached(endpoint()),
    endpoints: Object.fromEntries(reached),
    places: {},
    own: {},
  });
}

type Looked =
  | { readonly kind: 'ready'; readonly program: string; readonly extensions: readonly string[] }
  | { readonly kind: 'refused'; readonly errorType: EntrypointError; readonly message: string };

type EntrypointError = 'Runtime.InvalidEntrypoint' | 'Runtime.InvalidWorkingDir';

/** The messages are the service's. */
async function look(
  sandboxes: Pick<Sandboxes, 'lookIntoImage'>,
  directory: string,
  words: readonly string[],
  workingDirectory: string,
  path: string,
): Promise<Looked> {
  const [command] = words;
  if (!workingDirectory.startsWith('/')) {
    return badDirectory(
      `the working directory '${workingDirectory}' is invalid, it needs to be an absolute path`,
    );
  }
  // `=` would make an assignment of it where it is started; NUL ends a word.
  if (command?.includes('=') || [...words, workingDirectory].some((word) => word.includes('\0'))) {
    return unstartable(command ?? '', 'EINVAL');
  }
  const looked = await sandboxes.lookIntoImage?.(directory, { command, workingDirectory, path });
  switch (looked?.kind) {
    case 'ready':
      return looked;
    case 'no-directory':
      return badDirectory(`chdir ${workingDirectory}: ${startErrorText(looked.code)}`);
    case 'unstartable':
      return unstartable(looked.path, looked.code);
    case 'not-found':
    case undefined:
      return badEntrypoint(`Couldn't find valid bootstrap(s): [${command ?? ''}]`);
    default:
      return looked satisfies never;
  }
}

const badDirectory = (message: string): Looked => ({
  kind: 'refused',
  errorType: 'Runtime.InvalidWorkingDir',
  message,
});

const badEntrypoint = (message: string): Looked => ({
  kind: 'refused',
  errorType: 'Runtime.InvalidEntrypoint',
  message,
});

const unstartable = (where: string, code: string): Looked =>
  badEntrypoint(`fork/exec ${where}: ${startErrorText(code)}`);

function broken(errorType: EntrypointError, message: string, image: ImageCommand): ProvisionOutcome {
  return { kind: 'entrypoint', errorType, message, line: launchErrorLine(message, image) };
}

/** What an environment cannot hold is not in it. */
function clean(environment: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => name !== '' && !/[=\0]/.test(name) && !value.includes('\0'),
    ),
  );
}
