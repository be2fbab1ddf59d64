/** Starts container sandboxes, and keeps the host clean of what they leave. */
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Clock, Entropy } from '#platform';
import { credentialVariables } from '../../runtime-api/credentials.ts';
import type { AttachedEndpoint, RuntimeApi } from '../../runtime-api/server.ts';
import { findEntrypoint, layerTraits } from '../host-files.ts';
import { removeTree } from '../process/removal.ts';
import type {
  Entrypoint,
  Inside,
  LayerTraits,
  Room,
  Sandbox,
  Sandboxes,
  StartOutcome,
  StartPlan,
} from '../sandbox.ts';
import { bundleConfig } from './bundle.ts';
import { Cgroup, thawing } from './cgroup.ts';
import { refusalOf } from './command-check.ts';
import type { ContainerHost } from './container-host.ts';
import { ContainerSandbox, type Surroundings } from './container-sandbox.ts';
import { line } from './enclave.ts';
import { reachedUrl } from './gateway.ts';
import { House } from './house.ts';
import { deletionsMax, slotsMax, waitingMemoryBytes, waitingStorageBytes } from './limits.ts';
import { IdleFreezer } from './idle-freezer.ts';
import { MemoryLooks } from './memory-looks.ts';
import { credentialsAddress, gatewayAddress, runtimeApiPort, sandboxAddress } from './network.ts';
import { programDirectory, programInside, runtimeDirectory } from './root.ts';
import { groupOf, sweepGroups } from './sweep.ts';
import { Turns } from './turns.ts';

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

const privateMode = 0o700;

export class ContainerSandboxes implements Sandboxes {
  readonly kind = 'container';
  readonly layers = 'any-time';
  readonly inside: Inside = { taskRoot: '/var/task', runtimeDirectory, programDirectory };
  readonly parallelism = availableParallelism() * 2;
  readonly #options: ContainerSandboxesOptions;
  readonly #directory: string;
  /** Where the OCI runtime keeps its records. */
  readonly #state: string;
  readonly #group: string;
  readonly #around: Surroundings;
  readonly #present = new Map<string, ContainerSandbox>();
  readonly #starting = new Set<Promise<unknown>>();
  readonly #endpoints = new Map<string, AttachedEndpoint>();
  readonly #slots = new Set<number>();
  #lastSlot = -1;
  readonly #innerPids = new WeakMap<Sandbox, number>();
  readonly #deletions = new Turns(deletionsMax);
  #house: Promise<House> | undefined;
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
    sandboxes.#opened().catch((error: unknown) => options.warn(`containers: ${reasonOf(error)}`));
    return sandboxes;
  }

  private constructor(options: ContainerSandboxesOptions) {
    this.#options = options;
    mkdirSync(options.directory, { recursive: true, mode: privateMode });
    this.#directory = realpathSync(options.directory);
    this.#state = join(this.#directory, 'state');
    this.#group = groupOf(this.#directory);
    this.#around = {
      clock: options.clock,
      looks: new MemoryLooks(options.clock),
      freezer: new IdleFreezer(options.clock),
      remove: (sandbox) => this.#remove(sandbox),
      house: () => this.#opened(),
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

  async putLayers(sandbox: Sandbox, layers: string): Promise<boolean> {
    return this.#show(sandbox, { opt: layers }, []);
  }

  async furnish(sandbox: Sandbox, { code, storageBytes }: Room): Promise<boolean> {
    const pid = this.#innerPids.get(sandbox);
    if (storageBytes === waitingStorageBytes || pid === undefined)
      return this.#show(sandbox, { task: code }, []);
    this.#present.get(sandbox.id)?.storage(storageBytes);
    const enter = ['nsenter', '--target', pid, '--mount', '--pid', '--'] as const;
    const size = `remount,size=${storageBytes}`;
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
    await Promise.all(this.#starting);
    await Promise.all([...this.#present.values()].map((sandbox) => sandbox.kill()));
    this.#around.looks.close();
    this.#around.freezer.close();
    await this.#house?.then(
      (house) => house.close(),
      () => {},
    );
    new Cgroup(this.#options.hierarchy, this.#group).remove();
    await removeTree(this.#state).catch(() => {}); // swept at the next start
  }

  async #start(plan: StartPlan): Promise<StartOutcome> {
    const refusal = refusalOf(plan, this.#options.baseImage);
    if (refusal !== undefined) return { kind: 'unstartable', code: refusal };
    const slot = this.#takeSlot();
    if (slot === undefined) return { kind: 'exhausted', reason: 'no more sandboxes fit on this host' };
    const id = Buffer.from(this.#options.entropy.bytes(8)).toString('hex');
    const cgroup = new Cgroup(this.#options.hierarchy, `${this.#group}/${id}`);
    const address = sandboxAddress(slot);
    const api = this.#options.api.attach(`${gatewayAddress}:${runtimeApiPort}`);
    this.#endpoints.set(address, api);
    try {
      const house = await this.#opened();
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
    const { room, opt, talk } = plan;
    const shown = { ...(room && { task: room.code }), ...(opt !== undefined && { opt }) };
    const [root, lines] = await Promise.all([house.rootOf(plan.runtime), house.showLines(id, shown)]);
    await house.enclave.run(...house.placeLines(id, slot), ...lines);
    const storageBytes = room?.storageBytes ?? waitingStorageBytes;
    if (plan.credentials !== undefined) api.lend(plan.credentials);
    const own = {
      AWS_LAMBDA_RUNTIME_API: api.address,
      ...(plan.credentials && credentialVariables(credentialsAddress, plan.credentials)),
    };
    const bundle = join(this.#directory, id);
    mkdirSync(bundle, { recursive: true, mode: privateMode });
    const config = bundleConfig({
      command: commandInside(plan),
      talk,
      env: { ...plan.env, ...own },
      workingDirectory: room === undefined ? '/' : '/var/task',
      root,
      taskSource: house.place(id, 'task'),
      optSource: house.place(id, 'opt'),
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
      },
      this.#around,
    );
    this.#innerPids.set(sandbox, innerPid);
    if (plan.held !== true) sandbox.letGo();
    return sandbox;
  }

  async #show(
    sandbox: Sandbox,
    shown: { readonly task?: string; readonly opt?: string },
    more: readonly string[],
  ): Promise<boolean> {
    try {
      const house = await this.#opened();
      await house.enclave.run(...(await house.showLines(sandbox.id, shown)), ...more);
      return true;
    } catch (error) {
      this.#options.warn(`a sandbox could not be furnished: ${reasonOf(error)}`);
      return false;
    }
  }

  /** The house, opened again after it fell down. */
  async #opened(): Promise<House> {
    const known = await this.#house?.catch(() => undefined);
    if (known?.enclave.isOpen === true) return known;
    if (this.#closed) throw new Error('the worker is closing');
    this.#house = House.open({
      program: this.#options.program,
      clock: this.#options.clock,
      network: this.#options.network,
      baseImage: this.#options.baseImage,
      state: this.#state,
      thaws: thawing(this.#options.hierarchy, this.#group),
      reached: this.#options.reached,
      api: (socket, from) => this.#connected(socket, from),
    });
    return this.#house;
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
    const house = await this.#house?.catch(() => undefined);
    if (house?.enclave.isOpen === true) {
      await Promise.all([
        this.#deletions.run(() => house.runtime.remove(id)),
        house.clear(id, slot).catch(() => {}), // the house has fallen down meanwhile
      ]);
    }
    cgroup.remove();
    await removeTree(join(this.#directory, id)).catch(() => {}); // swept at the next start
    await removeTree(join(this.#state, id)).catch(() => {});
    this.#endpoints.get(sandboxAddress(slot))?.close();
    this.#endpoints.delete(sandboxAddress(slot));
    this.#slots.delete(slot);
  }
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
