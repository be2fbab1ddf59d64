/** Starts container sandboxes, and keeps the host clean of what they leave. */
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Turns } from '#lib/turns';
import type { Clock, Entropy } from '#platform';
import { credentialVariables } from '../../runtime-api/credentials.ts';
import type { AttachedEndpoint, RuntimeApi } from '../../runtime-api/server.ts';
import { findEntrypoint, layerTraits } from '../host-files.ts';
import { removeTree } from '../process/removal.ts';
import type {
  Entrypoint,
  ImageLook,
  ImageWish,
  Inside,
  LayerTraits,
  Room,
  Sandbox,
  Sandboxes,
  StartOutcome,
  StartPlan,
} from '../sandbox.ts';
import { type Bundle, bundleConfig, sizeOptions } from './bundle.ts';
import { Cgroup, thawing } from './cgroup.ts';
import { refusalOf } from './command-check.ts';
import type { ContainerHost } from './container-host.ts';
import { ContainerSandbox, type Surroundings } from './container-sandbox.ts';
import { line } from './enclave.ts';
import { reachedUrl } from './gateway.ts';
import type { House } from './house.ts';
import { type HouseKind, Houses } from './houses.ts';
import { deletionsMax, slotsMax, waitingMemoryBytes, waitingStorageBytes } from './limits.ts';
import { lookIntoImage } from './image-look.ts';
import type { ImageRoot } from './image-roots.ts';
import type { Starter } from './starter.ts';
import { IdleFreezer } from './idle-freezer.ts';
import { MemoryLooks } from '../memory-looks.ts';
import { credentialsAddress, gatewayAddress, runtimeApiPort, sandboxAddress } from './network.ts';
import { programDirectory, programInside, runtimeDirectory } from './root.ts';
import { groupOf, sweepGroups } from './sweep.ts';

export interface ContainerSandboxesOptions extends ContainerHost {
  /** Absolute; the sandboxes' own directories stand below it, and nothing else. Made when it is not there. */
  readonly directory: string;
  readonly api: RuntimeApi;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly warn: (message: string) => void;
  /** URLs of this host that sandboxes reach whatever their network: Lambkin's own endpoint first. */
  readonly reached: readonly (() => string)[];
}

/** A root directory, and what starts programs in it where that is not what it has itself. */
type Root = Pick<ImageRoot, 'path'> & { readonly starter: Starter | undefined };

const privateMode = 0o700;

export class ContainerSandboxes implements Sandboxes {
  readonly kind = 'container';
  readonly layers = 'any-time';
  readonly inside: Inside = { taskRoot: '/var/task', runtimeDirectory, programDirectory };
  readonly parallelism = availableParallelism() * 2;
  readonly #options: ContainerSandboxesOptions;
  readonly #directory: string;
  readonly #group: string;
  readonly #around: Surroundings;
  readonly #present = new Map<string, ContainerSandbox>();
  readonly #starting = new Set<Promise<unknown>>();
  readonly #endpoints = new Map<string, AttachedEndpoint>();
  readonly #slots = new Set<number>();
  /** Of sandboxes that stand on an image, by their id. */
  readonly #imageRoots = new Map<string, ImageRoot>();
  #lastSlot = -1;
  readonly #innerPids = new WeakMap<Sandbox, number>();
  readonly #deletions = new Turns(deletionsMax);
  readonly #houses: Houses;
  #closed = false;

  /** Sweeps what an earlier run left behind, before it resolves. */
  static async open(options: ContainerSandboxesOptions): Promise<ContainerSandboxes> {
    const sandboxes = new ContainerSandboxes(options);
    await sweepGroups(options.hierarchy, sandboxes.#group, options.warn);
    for (const name of await readdir(sandboxes.#directory)) {
      const path = join(sandboxes.#directory, name);
      await removeTree(path).catch(() => options.warn(`${path} cannot be removed`));
    }
    // Ahead of the first start, and not in anybody's way.
    sandboxes.#houses
      .opened('plain')
      .catch((error: unknown) => options.warn(`containers: ${reasonOf(error)}`));
    return sandboxes;
  }

  private constructor(options: ContainerSandboxesOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: privateMode });
    this.#directory = realpathSync(options.directory);
    this.#group = groupOf(this.#directory);
    this.#houses = new Houses((kind) => ({
      program: options.program,
      clock: options.clock,
      network: options.network,
      baseImage: options.baseImage,
      state: this.#stateOf(kind),
      token: Buffer.from(options.entropy.bytes(8)).toString('hex'),
      thaws: thawing(options.hierarchy, this.#group),
      reached: options.reached,
      api: (socket, from) => this.#connected(socket, from),
    }));
    this.#around = {
      clock: options.clock,
      // The kernel's own limit is the function's memory and its storage together, because it counts what lies in /tmp as memory; so what of it
      // is the function's alone is looked at from here.
      looks: new MemoryLooks(options.clock, (running) => {
        for (const sandbox of running) sandbox.lookAtMemory();
      }),
      freezer: new IdleFreezer(options.clock),
      remove: (sandbox) => this.#remove(sandbox),
      house: (kind) => this.#houses.opened(kind),
      directory: this.#directory,
      warn: options.warn,
    };
  }

  reached(url: string): string {
    const index = this.#options.reached.findIndex((known) => known() === url);
    // Behind TLS a service answers to its own name only.
    return index < 0 || !url.startsWith('http:') ? url : reachedUrl(index, url);
  }

  traitsOf(layers: string): LayerTraits {
    return layerTraits(layers);
  }

  findEntrypoint(roots: readonly string[]): Promise<Entrypoint> {
    return findEntrypoint(roots);
  }

  lookIntoImage(directory: string, wish: ImageWish): Promise<ImageLook> {
    return lookIntoImage(directory, wish);
  }

  async putLayers(sandbox: Sandbox, layers: string): Promise<boolean> {
    return this.#show(sandbox, { opt: layers }, []);
  }

  async furnish(sandbox: Sandbox, { code, storageBytes }: Room): Promise<boolean> {
    const pid = this.#innerPids.get(sandbox);
    if (storageBytes === waitingStorageBytes || pid === undefined)
      return this.#show(sandbox, { task: code }, []);
    this.#present.get(sandbox.id)?.storage(storageBytes);
    const enter = ['nsenter', '--target', pid, '--mount', '--pid', '--'] as const;
    const size = ['remount', ...sizeOptions(storageBytes)].join(',');
    return this.#show(sandbox, { task: code }, [line(...enter, 'mount', '-n', '-o', size, '/tmp')]);
  }

  start(plan: StartPlan): Promise<StartOutcome> {
    const started = this.#start(plan);
    this.#starting.add(started);
    void started.finally(() => this.#starting.delete(started));
    return started;
  }

  cpuTicks(sandbox: Sandbox): number | undefined {
    return this.#present.get(sandbox.id)?.cpuTicks();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#houses.end();
    await Promise.all(this.#starting);
    await Promise.all([...this.#present.values()].map((sandbox) => sandbox.kill()));
    this.#around.looks.close();
    this.#around.freezer.close();
    await this.#houses.close();
    new Cgroup(this.#options.hierarchy, this.#group).remove();
    for (const kind of ['plain', 'images'] as const) {
      await removeTree(this.#stateOf(kind)).catch(() => {}); // swept at the next start
    }
  }

  async #start(plan: StartPlan): Promise<StartOutcome> {
    // A program of an image was looked at before.
    const refusal = plan.image === undefined ? refusalOf(plan, this.#options.baseImage) : undefined;
    if (refusal !== undefined) return { kind: 'unstartable', code: refusal };
    const slot = this.#takeSlot();
    if (slot === undefined) return { kind: 'exhausted', reason: 'no more sandboxes fit on this host' };
    const id = Buffer.from(this.#options.entropy.bytes(8)).toString('hex');
    const cgroup = new Cgroup(this.#options.hierarchy, `${this.#group}/${id}`);
    const address = sandboxAddress(slot);
    const api = this.#options.api.attach(`${gatewayAddress}:${runtimeApiPort}`);
    this.#endpoints.set(address, api);
    try {
      const house = await this.#houses.opened(plan.image === undefined ? 'plain' : 'images');
      const sandbox = await this.#begin(house, plan, { id, slot, cgroup, api });
      this.#present.set(id, sandbox);
      return { kind: 'started', sandbox };
    } catch (error) {
      await this.#removeRest(id, slot, cgroup);
      return { kind: 'exhausted', reason: `the host could not start a container: ${reasonOf(error)}` };
    }
  }

  async #begin(
    house: House,
    plan: StartPlan,
    given: {
      readonly id: string;
      readonly slot: number;
      readonly cgroup: Cgroup;
      readonly api: AttachedEndpoint;
    },
  ): Promise<ContainerSandbox> {
    const { id, slot, cgroup, api } = given;
    if (this.#closed) throw new Error('the worker is closing');
    const { room, image, opt, talk } = plan;
    const shown = { ...(room && { task: room.code }), ...(opt !== undefined && { opt }) };
    const [root, lines] = await Promise.all([this.#rootOf(house, id, plan), house.showLines(id, shown)]);
    await house.enclave.run(...house.placeLines(id, slot), ...lines);
    const storageBytes = (room ?? image)?.storageBytes ?? waitingStorageBytes;
    if (plan.credentials !== undefined) api.lend(plan.credentials);
    const own = {
      AWS_LAMBDA_RUNTIME_API: api.address,
      ...(plan.credentials && credentialVariables(credentialsAddress, plan.credentials)),
    };
    const bundle = join(this.#directory, id);
    mkdirSync(bundle, { recursive: true, mode: privateMode });
    const config = bundleConfig({
      talk,
      ...partsOf(plan, root, own, (name) => house.place(id, name)),
      hostsSource: house.place(id, 'hosts'),
      storageBytes,
      cgroup: cgroup.path,
      slot,
      arch: process.arch,
    });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(config));
    const pidFile = join(bundle, 'pid');
    const outcome = await house.runtime.run({ id, bundle, pidFile });
    if (outcome.kind === 'failed') throw new Error(outcome.why);
    const innerPid = Number(readFileSync(pidFile, 'latin1'));
    const [pid] = cgroup.processes();
    if (pid === undefined) throw new Error('it ended at once');
    cgroup.limitMemory(waitingMemoryBytes);
    if (plan.ahead) cgroup.yieldCpu(true);
    await house.enclave.run(...house.linkLines(slot, innerPid));
    const { streams } = outcome;
    const sandbox = new ContainerSandbox(
      {
        id,
        slot,
        pid,
        streams,
        cgroup,
        own,
        api,
        talk,
        ahead: plan.ahead,
        wrapped: plan.wrapped === true,
        storageBytes,
        ...(image && { image: image.directory }),
      },
      this.#around,
    );
    this.#innerPids.set(sandbox, innerPid);
    if (plan.held !== true) sandbox.letGo();
    return sandbox;
  }

  async #rootOf(house: House, id: string, { runtime, image }: StartPlan): Promise<Root> {
    if (image === undefined) return { path: await house.rootOf(runtime), starter: undefined };
    const root = await house.images.enter(image.directory);
    this.#imageRoots.set(id, root);
    return root;
  }

  async #show(
    sandbox: Sandbox,
    shown: { readonly task?: string; readonly opt?: string },
    more: readonly string[],
  ): Promise<boolean> {
    try {
      const house = await this.#houses.opened('plain');
      await house.enclave.run(...(await house.showLines(sandbox.id, shown)), ...more);
      return true;
    } catch (error) {
      this.#options.warn(`a sandbox could not be furnished: ${reasonOf(error)}`);
      return false;
    }
  }

  /** Where the OCI runtime keeps its records of the containers of a house. */
  #stateOf(kind: HouseKind): string {
    return join(this.#directory, kind === 'plain' ? 'state' : 'state-images');
  }

  #connected(socket: Socket, from: string): void {
    const endpoint = this.#endpoints.get(from);
    if (endpoint === undefined) socket.destroy();
    else endpoint.accept(socket);
  }

  /** The next one in turn: what the kernel still tidies up of the one that was free last is not met. */
  #takeSlot(): number | undefined {
    if (this.#slots.size >= slotsMax) return undefined;
    do this.#lastSlot = (this.#lastSlot + 1) % slotsMax;
    while (this.#slots.has(this.#lastSlot));
    this.#slots.add(this.#lastSlot);
    return this.#lastSlot;
  }

  async #remove(sandbox: ContainerSandbox): Promise<void> {
    const cgroup = new Cgroup(this.#options.hierarchy, `${this.#group}/${sandbox.id}`);
    await this.#removeRest(sandbox.id, sandbox.slot, cgroup);
    this.#present.delete(sandbox.id);
  }

  async #removeRest(id: string, slot: number, cgroup: Cgroup): Promise<void> {
    const kind = this.#imageRoots.has(id) ? 'images' : 'plain';
    const house = await this.#houses.standing(kind);
    if (house !== undefined) {
      await Promise.all([
        this.#deletions.run(() => house.runtime.remove(id)),
        house.clear(id, slot).catch(() => {}), // the house has fallen down meanwhile
      ]);
    }
    await this.#imageRoots.get(id)?.leave();
    this.#imageRoots.delete(id);
    cgroup.remove();
    await removeTree(join(this.#directory, id)).catch(() => {}); // swept at the next start
    await removeTree(join(this.#stateOf(kind), id)).catch(() => {});
    this.#endpoints.get(sandboxAddress(slot))?.close();
    this.#endpoints.delete(sandboxAddress(slot));
    this.#slots.delete(slot);
  }
}

/** What the OCI runtime is told of the root and of what is started in it. */
function partsOf(
  plan: StartPlan,
  { path: root, starter }: Root,
  own: Readonly<Record<string, string>>,
  place: (name: 'task' | 'opt') => string,
): Pick<Bundle, 'command' | 'shell' | 'env' | 'workingDirectory' | 'root' | 'taskSource' | 'optSource'> {
  const env = { ...plan.env, ...own };
  if (starter === undefined) {
    return {
      command: commandInside(plan),
      env,
      workingDirectory: plan.room === undefined ? '/' : '/var/task',
      root,
      taskSource: place('task'),
      optSource: place('opt'),
    };
  }
  // The function's variables are its own alone: what LD_PRELOAD names may not go with the host's libraries.
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return {
    command: [...starter.env, '-i', ...variables, plan.command, ...plan.args],
    shell: starter.shell,
    env: {},
    workingDirectory: plan.workingDirectory ?? '/',
    root,
  };
}

/** The command with every path of the runtime where it is inside. */
function commandInside({ command, args, runtime }: StartPlan): readonly string[] {
  if (runtime === undefined) return [command, ...args];
  const { program, bootstrap } = runtime;
  return [command, ...args].map((word) => {
    if (word === program) return programInside(program);
    return bootstrap !== undefined && (word === bootstrap || word.startsWith(`${bootstrap}/`))
      ? runtimeDirectory + word.slice(bootstrap.length)
      : word;
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
