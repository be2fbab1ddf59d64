/**
 * Starts process sandboxes, and keeps the host clean of what they leave.
 *
 * A process gets nothing of Lambkin's own environment: what it needs is in the plan, what is the sandbox's own is added here.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { assert } from '#lib/assert';
import type { Clock, Entropy } from '#platform';
import { credentialVariables } from '../../runtime-api/credentials.ts';
import type { RuntimeApi } from '../../runtime-api/server.ts';
import { findEntrypoint, layerTraits } from '../host-files.ts';
import type {
  Entrypoint,
  LayerPlace,
  LayerTraits,
  Sandbox,
  Sandboxes,
  SidePlan,
  StartOutcome,
  StartPlan,
} from '../sandbox.ts';
import { memoryLooks } from './memory.ts';
import {
  type Command,
  mountableCommand,
  mountedCommand,
  mountInto,
  type Mounting,
  optPath,
  probeMounting,
} from './mounting.ts';
import { lowerPriority } from './priority.ts';
import { cpuTicks } from './proc.ts';
import { ProcessSandbox, type Surroundings } from './process-sandbox.ts';
import { removeTree } from './removal.ts';
import { asBatch } from './scheduling.ts';
import { markVariable, Sweeper } from './sweeper.ts';

export interface ProcessSandboxesOptions {
  /** Absolute; the sandboxes' own directories stand below it, and nothing else. Made when it is not there. */
  readonly directory: string;
  readonly api: RuntimeApi;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly warn: (message: string) => void;
  /** As whom the processes run, where Lambkin is root; undefined: as Lambkin itself. */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
  /** How layers get to /opt; undefined: as this host can. */
  readonly mounting?: Mounting | undefined;
}

const privateMode = 0o700;
/** Errors of a start that are about the command; every other one is about the host. */
const commandErrors = new Set([
  'ENOENT',
  'EACCES',
  'EPERM',
  'ENOEXEC',
  'ENOTDIR',
  'ELOOP',
  'E2BIG',
  'ERR_INVALID_ARG_VALUE',
]);

export class ProcessSandboxes implements Sandboxes {
  readonly kind = 'process';
  readonly inside = undefined;
  readonly parallelism = availableParallelism() * 2;
  readonly #options: ProcessSandboxesOptions;
  readonly #directory: string;
  readonly #around: Surroundings;
  readonly #live = new Set<string>();
  #mounting: Mounting = { kind: 'none', why: 'not looked yet' };
  #closed = false;
  /** Sandboxes of which something is left. */
  readonly #present = new Map<string, Sandbox>();

  /** Sweeps what an earlier run left behind, before it resolves. */
  static async open(options: ProcessSandboxesOptions): Promise<ProcessSandboxes> {
    const sandboxes = new ProcessSandboxes(options);
    const [mounting] = await Promise.all([
      options.mounting ?? probeMounting(sandboxes.#directory, options.runAs),
      sandboxes.#around.sweeper.sweep(),
    ]);
    sandboxes.#mounting = mounting;
    for (const name of await readdir(sandboxes.#directory)) {
      const path = join(sandboxes.#directory, name);
      // It takes room and nothing else: no reason not to start.
      await removeTree(path).catch((error: unknown) =>
        options.warn(`${path} cannot be removed: ${codeOf(error)}`),
      );
    }
    return sandboxes;
  }

  private constructor(options: ProcessSandboxesOptions) {
    this.#options = options;
    const { directory, clock } = options;
    this.#makeRoom(directory);
    this.#directory = realpathSync(directory);
    const owner = ownerOf(this.#directory);
    this.#around = {
      clock,
      memory: memoryLooks(clock),
      sweeper: new Sweeper(clock, owner, (id) => this.#live.has(id), options.warn),
      dead: (id) => this.#live.delete(id),
      removed: (id) => this.#present.delete(id),
    };
  }

  get layers(): LayerPlace {
    const places = { root: 'any-time', user: 'at-start', none: 'elsewhere' } as const;
    return places[this.#mounting.kind];
  }

  traitsOf(layers: string): LayerTraits {
    return layerTraits(layers);
  }

  /** Functions share the host's network. */
  reached(url: string): string {
    return url;
  }

  /** Its code is where it lies, and its storage the host's. */
  async furnish(): Promise<boolean> {
    return true;
  }

  async putLayers(sandbox: Sandbox, layers: string): Promise<boolean> {
    return this.#mounting.kind === 'root' && mountInto(this.#mounting, sandbox.pid, layers);
  }

  async start(plan: StartPlan): Promise<StartOutcome> {
    const id = Buffer.from(this.#options.entropy.bytes(8)).toString('hex');
    const directory = join(this.#directory, id);
    const home = join(directory, 'home');
    const temporary = join(directory, 'tmp');
    let api: Awaited<ReturnType<RuntimeApi['open']>> | undefined;
    let prepared = false;
    this.#live.add(id);
    try {
      this.#makeRoom(this.#directory);
      for (const path of [directory, home, temporary]) this.#makePrivate(path);
      api = await this.#options.api.open();
      const places = { HOME: home, TMPDIR: temporary };
      if (plan.credentials !== undefined) api.lend(plan.credentials);
      const own = {
        AWS_LAMBDA_RUNTIME_API: api.address,
        ...(plan.credentials && credentialVariables(api.address, plan.credentials)),
        [markVariable]: this.#around.sweeper.mark(id),
      };
      if (this.#closed) throw new Error('the worker is closing');
      prepared = true;
      const child = this.#spawn(plan, home, { ...places, ...plan.env, ...own });
      const { pid } = child;
      if (pid === undefined) throw await errorOf(child);
      child.on('error', () => {}); // a signal that could not be sent: the exit tells what counts
      if (plan.ahead) lowerPriority(pid);
      const sandbox = new ProcessSandbox(
        {
          id,
          pid,
          child,
          directory,
          places,
          own,
          api,
          talk: plan.talk,
          lowered: plan.ahead,
          wrapped: plan.wrapped === true,
          spawn: (side) => this.#spawnSide(side, own, directory),
        },
        this.#around,
      );
      this.#present.set(id, sandbox);
      return { kind: 'started', sandbox };
    } catch (error) {
      this.#live.delete(id);
      api?.close();
      await removeTree(directory).catch(() => {}); // swept at the next start
      const code = codeOf(error);
      return prepared && commandErrors.has(code)
        ? { kind: 'unstartable', code }
        : { kind: 'exhausted', reason: `the host could not start a process: ${code}` };
    }
  }

  findEntrypoint(roots: readonly string[]): Promise<Entrypoint> {
    return findEntrypoint(roots);
  }

  cpuTicks(sandbox: Sandbox): number | undefined {
    return cpuTicks(sandbox.pid);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#present.values()].map((sandbox) => sandbox.kill()));
    this.#around.memory.close();
  }

  #spawn(plan: StartPlan, home: string, variables: Readonly<Record<string, string>>): ChildProcess {
    const planned = this.#commandOf(plan, variables);
    const { command, args, env } = plan.held === true ? heldCommand(planned) : planned;
    const gate = plan.held === true ? 'pipe' : 'ignore';
    return spawn(command, args, {
      cwd: plan.workingDirectory ?? home,
      env,
      detached: true,
      stdio: plan.talk === 'channel' ? [gate, 'pipe', 'pipe', 'pipe', 'pipe'] : [gate, 'pipe', 'pipe'],
      ...this.#options.runAs,
    });
  }

  /** A further process of a sandbox: with the same layers, in a group of its own. */
  async #spawnSide(
    plan: SidePlan,
    own: Readonly<Record<string, string>>,
    directory: string,
  ): Promise<ChildProcess> {
    const { command, args, env } = this.#sideCommand(plan, { ...plan.env, ...own }, directory);
    const child = spawn(command, args, {
      cwd: '/',
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...this.#options.runAs,
    });
    if (child.pid === undefined) throw await errorOf(child);
    return child;
  }

  #sideCommand(plan: SidePlan, env: Readonly<Record<string, string>>, directory: string): Command {
    const program = { command: plan.command, args: [], env };
    if (plan.opt === undefined) return program;
    const mounting = this.#mounting;
    assert(mounting.kind !== 'none', 'this host cannot mount layers');
    accessSync(onHost(plan.command, plan.opt), constants.X_OK);
    return mountedCommand(mounting, plan.opt, program, hostsWithSandbox(directory));
  }

  #commandOf(plan: StartPlan, env: Readonly<Record<string, string>>): Command {
    const mounting = this.#mounting;
    const { opt } = plan;
    const path = onHost(plan.command, opt);
    // A function's own program is started as it is, so that the host says itself why it cannot be.
    const [command, args] =
      plan.talk === 'channel' ? asBatch(plan.command, plan.args, path) : ([plan.command, plan.args] as const);
    if (opt !== undefined) {
      assert(mounting.kind !== 'none', 'this host cannot mount layers');
      accessSync(path, constants.X_OK); // or else only the shell would know why it cannot be started
      return mountedCommand(mounting, opt, { command, args, env });
    }
    // What waits for its function may be given layers.
    if (plan.ahead && mounting.kind === 'root' && existsSync(path)) {
      return mountableCommand(mounting, { command, args, env });
    }
    return { command, args, env };
  }

  /** The directory of all, also when somebody removed it while Lambkin runs. */
  #makeRoom(directory: string): void {
    // With another user's processes inside, the way there must be passable, though not readable.
    mkdirSync(directory, { recursive: true, mode: this.#options.runAs === undefined ? privateMode : 0o711 });
  }

  #makePrivate(path: string): void {
    mkdirSync(path, { mode: privateMode });
    const { runAs } = this.#options;
    if (runAs !== undefined) chownSync(path, runAs.uid, runAs.gid);
  }
}

/** Ends processes that an earlier run with process sandboxes left behind. */
export async function sweepProcesses(
  options: Pick<ProcessSandboxesOptions, 'directory' | 'clock' | 'warn'>,
): Promise<void> {
  const owner = ownerOf(realpathSync(options.directory));
  await new Sweeper(options.clock, owner, () => false, options.warn).sweep();
}

/** The name in marks of all whose directories stand in `directory`. */
function ownerOf(directory: string): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, 16);
}

/** A path as the host knows it. */
function onHost(path: string, opt: string | undefined): string {
  return opt !== undefined && path.startsWith(`${optPath}/`) ? opt + path.slice(optPath.length) : path;
}

/** A file of the sandbox that names it as extensions listen: `sandbox.localdomain`. */
function hostsWithSandbox(directory: string): string {
  const path = join(directory, 'hosts');
  if (existsSync(path)) return path;
  const others = existsSync('/etc/hosts') ? readFileSync('/etc/hosts', 'utf8') : '';
  writeFileSync(path, `${others.trimEnd()}\n127.0.0.1 sandbox.localdomain sandbox\n`, { mode: 0o644 });
  return path;
}

/** The command is executed once a line stands on the standard input, which it then does not have. */
function heldCommand({ command, args, env }: Command): Command {
  if (command.includes('/')) accessSync(command, constants.X_OK); // or else only the shell would know why it cannot be started
  const script = 'IFS= read -r go || exit 0; exec "$@" </dev/null';
  return { command: '/bin/sh', args: ['-c', script, 'lambkin', command, ...args], env };
}

/** Why a process was not started; Node says so in an event, which must find a listener. */
function errorOf(child: ChildProcess): Promise<Error> {
  const failed = new Promise<Error>((resolve) => child.once('error', resolve));
  // Without a descriptor left it has no streams at all, whatever its type says.
  const streams: ChildProcess['stdio'] | undefined = child.stdio;
  for (const stream of streams ?? []) {
    stream?.on('error', () => {});
    stream?.destroy();
  }
  return failed;
}

function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return String(error);
}
