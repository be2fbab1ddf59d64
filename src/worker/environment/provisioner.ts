/** Gets an environment what it runs in: its code on this host, and a sandbox that is (or is about to be) its runtime. */
import { InvariantError } from '#lib/assert';
import type { Credentials } from '#identity';
import type { VersionRecord } from '#metadata';
import type { Launch } from '#runtimes';
import type { ChannelLaunch } from '../pool/pool.ts';
import { launchOf } from './debugged.ts';
import type { Settle } from '../pool/starts.ts';
import { copyCode } from '../sandbox/code-copy.ts';
import type { Inside, Room, RuntimeFiles, Sandbox, StartPlan } from '../sandbox/sandbox.ts';
import { type Files, unpackFiles } from './files.ts';
import { credentialsOf, RoleCredentials } from './role-credentials.ts';
import { asOpt, inOpt, type Opt, optRoot } from './opt.ts';
import type { Initialization } from '../worker.ts';
import { changesStart, environmentVariables, execWrapper, startVariables } from './variables.ts';
import { directoryOf } from './path.ts';
import { provideImage } from './image-provision.ts';
import type { ExtensionPrograms, ProvisionOutcome, Provisions } from './provision.ts';
import type { ProvisionerParts } from './provisioner-parts.ts';
import { sealedMessage } from './sealed-message.ts';
import { startErrorText } from './start-errors.ts';

/** The function's variables, once the sandbox's own are known. */
type Variables = (sandbox: Pick<Sandbox, 'places' | 'own'>) => Readonly<Record<string, string>>;

const mebibyte = 2 ** 20;

/** AWS's words, with the places as the function knows them. */
const noBootstrap = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";

const noPrograms: ExtensionPrograms = { names: [], root: optRoot };

export class Provisioner implements Provisions {
  readonly #parts: ProvisionerParts;

  constructor(parts: ProvisionerParts) {
    this.#parts = parts;
  }

  async provide(
    version: VersionRecord,
    logStream: string,
    initialization: Initialization = 'on-demand',
  ): Promise<ProvisionOutcome> {
    const { runtime, memoryMb, image } = version.configuration;
    if (image !== undefined) return provideImage(this.#parts, version, image, logStream, initialization);
    const found = await this.#launch(runtime, memoryMb);
    const launch = found && launchOf(found, version.functionName, runtime, this.#parts.debugged);
    if (launch === undefined) {
      return {
        kind: 'impossible',
        errorType: 'InvalidRuntimeException',
        message: `The runtime ${runtime} cannot be started on this host`,
      };
    }
    try {
      return await this.#unpackAndStart(launch, version, logStream, initialization);
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Right after a start the catalogue may still be looking for what the host has. */
  async #launch(runtime: string, memoryMb: number): Promise<Launch | undefined> {
    const { runtimes } = this.#parts;
    const launch = runtimes.launch(runtime, memoryMb);
    if (launch !== undefined) return launch;
    const availability = await runtimes.availability(runtime);
    // What an earlier Lambkin installed may not be what this one needs.
    if (availability.kind === 'installable') await runtimes.install(runtime);
    return runtimes.launch(runtime, memoryMb);
  }

  async #unpackAndStart(
    launch: Launch,
    version: VersionRecord,
    logStream: string,
    initialization: Initialization,
  ): Promise<ProvisionOutcome> {
    const custom = this.#parts.openVariables(version);
    if (custom === undefined) {
      return { kind: 'impossible', errorType: 'KMSAccessDeniedException', message: sealedMessage };
    }
    const credentials = credentialsOf(this.#parts, version);
    const unpacked = await unpackFiles(this.#parts.code, version.configuration, this.#parts.sandboxes);
    if (unpacked.kind === 'broken') {
      return { kind: 'impossible', errorType: 'InvalidZipFileException', message: unpacked.message };
    }
    const files = await this.#placed(unpacked.files, version.functionName);
    const variables = this.#variables(launch, version, custom, logStream, files, credentials, initialization);
    const lent = credentials instanceof RoleCredentials ? credentials : undefined;
    const outcome = await this.#start(launch, version, custom, files, variables, lent);
    if (outcome.kind === 'provided') {
      // What is asked for anew each time never ends.
      return credentials instanceof RoleCredentials
        ? outcome
        : { ...outcome, credentialsEndMs: credentials.expiresAtMs };
    }
    files.release();
    return outcome;
  }

  /** The code of a function that is debugged, where debuggers look for it. */
  async #placed(files: Files, functionName: string): Promise<Files> {
    const { debugged } = this.#parts;
    if (debugged?.functionName !== functionName) return files;
    try {
      await copyCode(files.taskRoot, debugged.directory);
    } catch (error) {
      files.release();
      throw error;
    }
    return { ...files, taskRoot: debugged.directory };
  }

  async #start(
    launch: Launch,
    version: VersionRecord,
    custom: Readonly<Record<string, string>>,
    files: Files,
    variables: Variables,
    lent: RoleCredentials | undefined,
  ): Promise<ProvisionOutcome> {
    const { sandboxes } = this.#parts;
    const { taskRoot, code, opt, release } = files;
    const room = { code, storageBytes: version.configuration.ephemeralStorageMb * mebibyte };
    const programs = this.#programs(opt);
    const provided = (sandbox: Sandbox, settle: Settle): ProvisionOutcome => {
      const init = {
        env: { ...variables(sandbox), ...(lent && sandbox.lend(lent)) },
        handler: inOpt(version.configuration.handler, opt),
        taskRoot,
        ...(opt && { optRoot: opt.root }),
      };
      return { kind: 'provided', provision: { sandbox, init, programs, settle, release } };
    };
    if (canWait(launch) && !changesStart(custom)) {
      const ready = await this.#takeReady(launch, opt, room);
      if (ready !== undefined) return provided(ready, () => {});
    }
    const roots = opt === undefined ? [code] : [code, opt.directory];
    const entrypoint = launch.kind === 'channel' ? undefined : await sandboxes.findEntrypoint(roots);
    if (entrypoint?.kind === 'missing') return { kind: 'entrypoint', message: noBootstrap };
    if (entrypoint?.kind === 'not-a-program') {
      return unstartable('ENOEXEC', entrypoint.path, files);
    }
    const [command, args] = commandOf(launch, entrypoint?.path ?? '', custom, files);
    const env = variables({ places: {}, own: {} });
    const plan: StartPlan = {
      command,
      args,
      env,
      workingDirectory: taskRoot,
      talk: launch.kind,
      ahead: false,
      room,
      ...(lent && { credentials: lent }),
      ...(launch.kind === 'channel' && { runtime: runtimeFiles(launch) }),
      wrapped: launch.kind === 'channel' && command !== launch.command,
      // What is the function's own must not begin before its extensions have.
      held: programs.names.length > 0 && (launch.kind === 'runtime-api' || command !== launch.command),
      ...(opt?.root === optRoot && { opt: opt.directory }),
    };
    const settle = await this.#parts.starts.enter(version.functionName);
    if (settle === undefined) return { kind: 'refused', reason: 'too many environments are being started' };
    const outcome = await sandboxes.start(plan);
    if (outcome.kind === 'started') return provided(outcome.sandbox, settle);
    settle();
    if (outcome.kind === 'exhausted') return { kind: 'refused', reason: outcome.reason };
    return unstartable(outcome.code, command, files);
  }

  /** A sandbox that waits and can become a function with these layers; undefined when there is none. */
  async #takeReady(launch: ChannelLaunch, opt: Opt | undefined, room: Room): Promise<Sandbox | undefined> {
    const { pool, sandboxes } = this.#parts;
    const { layers, inside } = sandboxes;
    // Its loader has looked for libraries already.
    if (opt !== undefined && (layers === 'at-start' || sandboxes.traitsOf(opt.directory).libraries))
      return undefined;
    const ready = pool.take(launch);
    if (ready === undefined) return undefined;
    const put = opt !== undefined && layers === 'any-time' ? [sandboxes.putLayers(ready, opt.directory)] : [];
    if (inside !== undefined) put.push(sandboxes.furnish(ready, room));
    if ((await Promise.all(put)).every(Boolean)) return ready;
    void ready.kill();
    return undefined;
  }

  #programs(opt: Opt | undefined): ExtensionPrograms {
    if (opt === undefined) return noPrograms;
    const { extensions: names } = this.#parts.sandboxes.traitsOf(opt.directory);
    return { names, root: opt.root, ...(opt.root === optRoot && { opt: opt.directory }) };
  }

  #variables(
    launch: Launch,
    version: VersionRecord,
    custom: Readonly<Record<string, string>>,
    logStream: string,
    { taskRoot, opt }: Files,
    credentials: Credentials | RoleCredentials,
    initialization: Initialization,
  ): Variables {
    const { endpoint, endpoints, sandboxes } = this.#parts;
    const { inside } = sandboxes;
    const reached = Object.entries(endpoints).map(
      ([service, url]) => [service, sandboxes.reached(url)] as const,
    );
    const programs =
      launch.kind === 'channel' ? (inside?.programDirectory ?? directoryOf(launch.command)) : undefined;
    return ({ places, own }) =>
      environmentVariables({
        version,
        custom,
        logStream,
        taskRoot,
        opt,
        managed: launch.kind === 'channel',
        programDirectory: programs,
        runtimeDirectory: inside?.runtimeDirectory ?? programs ?? '/var/runtime',
        launchEnv: launch.kind === 'channel' ? launch.env : {},
        credentials: credentials instanceof RoleCredentials ? undefined : credentials,
        initialization,
        endpoint: sandboxes.reached(endpoint()),
        endpoints: Object.fromEntries(reached),
        places,
        own,
      });
  }
}

/** Whether a process of the runtime can be up before it is told its function. */
export function canWait(launch: Launch): launch is ChannelLaunch {
  return launch.kind === 'channel' && launch.bornAsFunction !== true;
}

/** A process that waits to become any function of its flavor. */
export function planAhead(launch: ChannelLaunch, inside: Inside | undefined): StartPlan {
  return {
    command: launch.command,
    args: launch.args,
    // Our bootstraps practise before they wait; the function never sees this variable.
    env: {
      ...startVariables(inside?.programDirectory ?? directoryOf(launch.command), launch.env),
      LAMBKIN_AHEAD: '1',
    },
    workingDirectory: undefined,
    talk: 'channel',
    ahead: true,
    runtime: runtimeFiles(launch),
  };
}

function runtimeFiles({ command, bootstrap }: ChannelLaunch): RuntimeFiles {
  return { program: command, bootstrap };
}

/** What a process that is this function from its very start executes. */
function commandOf(
  launch: Launch,
  entrypoint: string,
  custom: Readonly<Record<string, string>>,
  files: Files,
): readonly [string, readonly string[]] {
  const { taskRoot, opt } = files;
  if (launch.kind === 'runtime-api')
    return [inOpt(asOpt(entrypoint, opt) ?? asTask(entrypoint, files), opt), []];
  const wrapper = execWrapper(custom, taskRoot);
  if (wrapper === undefined) return [launch.command, launch.args];
  return [inOpt(wrapper, opt), [launch.command, ...launch.args]];
}

/** A path of the code as the function sees it. */
function asTask(path: string, { code, taskRoot }: Files): string {
  return path.startsWith(`${code}/`) ? taskRoot + path.slice(code.length) : path;
}

/** Says where it is in the function's own words, whatever the place on this host. */
function unstartable(code: string, command: string, files: Files): ProvisionOutcome {
  const path =
    asOpt(command, files.opt) ??
    asTask(asTask(command, files), { ...files, code: files.taskRoot, taskRoot: '/var/task' });
  return { kind: 'entrypoint', message: `fork/exec ${path}: ${startErrorText(code)}` };
}
