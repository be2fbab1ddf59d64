/** Gets an environment what it runs in: its code on this host, and a sandbox that is (or is about to be) its runtime. */
import { InvariantError } from '#lib/assert';
import type { CodeStore } from '#code';
import type { Credentials } from '#identity';
import type { VersionRecord } from '#metadata';
import type { Init, Launch, Runtimes } from '#runtimes';
import type { ChannelLaunch, Pool } from '../pool/pool.ts';
import type { Settle, Starts } from '../pool/starts.ts';
import type { Sandbox, Sandboxes, StartPlan } from '../sandbox/sandbox.ts';
import { changesStart, environmentVariables, execWrapper, startVariables } from './variables.ts';
import { directoryOf } from './path.ts';

/** A sandbox with what belongs to it. */
export interface Provision {
  readonly sandbox: Sandbox;
  readonly init: Init;
  /** Its start is over, one way or the other: the next may begin. */
  readonly settle: Settle;
  /** The code may be removed. */
  readonly release: () => void;
}

export type ProvisionOutcome =
  | { readonly kind: 'provided'; readonly provision: Provision }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'impossible'; readonly errorType: string; readonly message: string }
  /** The function's own executable is missing or cannot be executed: its failure, not the host's. */
  | { readonly kind: 'entrypoint'; readonly message: string };

export interface ProvisionerParts {
  readonly runtimes: Runtimes;
  readonly code: CodeStore;
  readonly sandboxes: Sandboxes;
  readonly pool: Pool;
  readonly starts: Starts;
  readonly credentials: (roleArn: string, sessionName: string) => Credentials;
  readonly endpoint: () => string;
  readonly endpoints: Readonly<Record<string, string>>;
}

/** The function's variables, once the sandbox's own are known. */
type Variables = (sandbox: Pick<Sandbox, 'places' | 'own'>) => Readonly<Record<string, string>>;

/** AWS's words, with the places as the function knows them. */
const noBootstrap = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
const startErrors: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOEXEC: 'exec format error',
  E2BIG: 'argument list too long',
};

export class Provisioner {
  readonly #parts: ProvisionerParts;

  constructor(parts: ProvisionerParts) {
    this.#parts = parts;
  }

  /** Fails only where an invariant is broken: what the host or its stores cannot do now is `refused`. */
  async provide(version: VersionRecord, logStream: string): Promise<ProvisionOutcome> {
    const { runtime, memoryMb } = version.configuration;
    const launch = await this.#launch(runtime, memoryMb);
    if (launch === undefined) {
      return {
        kind: 'impossible',
        errorType: 'InvalidRuntimeException',
        message: `The runtime ${runtime} cannot be started on this host`,
      };
    }
    try {
      return await this.#unpackAndStart(launch, version, logStream);
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
    await runtimes.availability(runtime);
    return runtimes.launch(runtime, memoryMb);
  }

  async #unpackAndStart(
    launch: Launch,
    version: VersionRecord,
    logStream: string,
  ): Promise<ProvisionOutcome> {
    const { role, code } = version.configuration;
    const credentials = this.#parts.credentials(role, version.functionName);
    const unpacked = await this.#parts.code.unpack(code);
    if (unpacked.kind === 'broken') {
      return { kind: 'impossible', errorType: 'InvalidZipFileException', message: unpacked.message };
    }
    const { directory: taskRoot, release } = unpacked;
    const variables = this.#variables(launch, version, logStream, taskRoot, credentials);
    const outcome = await this.#start(launch, version, taskRoot, variables, release);
    if (outcome.kind !== 'provided') release();
    return outcome;
  }

  async #start(
    launch: Launch,
    version: VersionRecord,
    taskRoot: string,
    variables: Variables,
    release: () => void,
  ): Promise<ProvisionOutcome> {
    const provided = (sandbox: Sandbox, settle: Settle): ProvisionOutcome => {
      const init = { env: variables(sandbox), handler: version.configuration.handler, taskRoot };
      return { kind: 'provided', provision: { sandbox, init, settle, release } };
    };
    if (launch.kind === 'channel' && !changesStart(version.configuration.environment)) {
      const ready = this.#parts.pool.take(launch);
      if (ready !== undefined) return provided(ready, () => {});
    }
    const entrypoint =
      launch.kind === 'channel' ? undefined : await this.#parts.sandboxes.findEntrypoint(taskRoot);
    if (entrypoint?.kind === 'missing') return { kind: 'entrypoint', message: noBootstrap };
    if (entrypoint?.kind === 'not-a-program') {
      return unstartable('ENOEXEC', entrypoint.path, taskRoot);
    }
    const [command, args] = commandOf(launch, entrypoint?.path ?? '', version, taskRoot);
    const env = variables({ places: {}, own: {} });
    const plan = { command, args, env, workingDirectory: taskRoot, talk: launch.kind, ahead: false };
    const settle = await this.#parts.starts.enter();
    if (settle === undefined) return { kind: 'refused', reason: 'too many environments are being started' };
    const outcome = await this.#parts.sandboxes.start(plan);
    if (outcome.kind === 'started') return provided(outcome.sandbox, settle);
    settle();
    if (outcome.kind === 'exhausted') return { kind: 'refused', reason: outcome.reason };
    return unstartable(outcome.code, command, taskRoot);
  }

  #variables(
    launch: Launch,
    version: VersionRecord,
    logStream: string,
    taskRoot: string,
    credentials: Credentials,
  ): Variables {
    const { endpoint, endpoints } = this.#parts;
    return ({ places, own }) =>
      environmentVariables({
        version,
        logStream,
        taskRoot,
        managed: launch.kind === 'channel',
        runtimeDirectory: launch.kind === 'channel' ? directoryOf(launch.command) : undefined,
        launchEnv: launch.kind === 'channel' ? launch.env : {},
        credentials,
        endpoint: endpoint(),
        endpoints,
        places,
        own,
      });
  }
}

/** A process that waits to become any function of its flavor. */
export function planAhead(launch: ChannelLaunch): StartPlan {
  return {
    command: launch.command,
    args: launch.args,
    env: startVariables(directoryOf(launch.command), launch.env),
    workingDirectory: undefined,
    talk: 'channel',
    ahead: true,
  };
}

/** What a process that is this function from its very start executes. */
function commandOf(
  launch: Launch,
  entrypoint: string,
  version: VersionRecord,
  taskRoot: string,
): readonly [string, readonly string[]] {
  if (launch.kind === 'runtime-api') return [entrypoint, []];
  const wrapper = execWrapper(version.configuration.environment, taskRoot);
  if (wrapper === undefined) return [launch.command, launch.args];
  return [wrapper, [launch.command, ...launch.args]];
}

function unstartable(code: string, command: string, taskRoot: string): ProvisionOutcome {
  const path = command.startsWith(`${taskRoot}/`) ? `/var/task${command.slice(taskRoot.length)}` : command;
  return { kind: 'entrypoint', message: `fork/exec ${path}: ${startErrors[code] ?? code}` };
}
