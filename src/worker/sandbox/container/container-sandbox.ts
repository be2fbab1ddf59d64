/**
 * One container sandbox, from the worker's side: its streams, its control group, and its end.
 *
 *   waiting ── run ──▶ running ── rest ──▶ resting ── a while ──▶ frozen ── run (thaws) ──▶ running
 */
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '#platform';
import type { ExitStatus, RuntimeLink } from '../../environment/runtime.ts';
import { Courier } from '../../runtime-api/delivery.ts';
import { type CredentialSource, credentialVariables } from '../../runtime-api/credentials.ts';
import type { AttachedEndpoint } from '../../runtime-api/server.ts';
import type { SideApis } from '../../runtime-api/side-apis.ts';
import type { Deliver } from '../../telemetry/subscriptions/subscriber.ts';
import { Hearing } from '../hearing.ts';
import { signal } from '../process/sweeper.ts';
import { memoryPeakAgeMs } from '../../limits.ts';
import type { Sandbox, SandboxListener, SideOutcome, SidePlan } from '../sandbox.ts';
import { childrenOf, familyOf } from '../process/proc.ts';
import { residentOf } from '../resident.ts';
import { refusalOf } from './command-check.ts';
import type { House } from './house.ts';
import type { HouseKind } from './houses.ts';
import { credentialsAddress, sandboxAddress } from './network.ts';
import { SideProcess } from './side-process.ts';
import type { Cgroup } from './cgroup.ts';
import type { IdleFreezer } from './idle-freezer.ts';
import { extensionRefusal } from './image-look.ts';
import { exitStatusOf } from './init.ts';
import { bytesPerCore, goneLookMs, goneLooksMax, ownMemoryBytes, statusBytesMax } from './limits.ts';
import type { MemoryLooks } from '../memory-looks.ts';
import type { ContainerStreams } from './oci-runtime.ts';

/** What a sandbox shares with the others of its worker. */
export interface Surroundings {
  readonly clock: Clock;
  readonly looks: MemoryLooks<ContainerSandbox>;
  readonly freezer: IdleFreezer;
  readonly house: (kind: HouseKind) => Promise<House>;
  /** Of all sandboxes' own directories. */
  readonly directory: string;
  /** Removes what is left of it once no process is. */
  readonly remove: (sandbox: ContainerSandbox) => Promise<void>;
  readonly warn: (message: string) => void;
}

export interface ContainerSandboxParts {
  readonly id: string;
  /** Counts the sandboxes that are there at once, from 0. */
  readonly slot: number;
  /** Of its first process, as the host counts. */
  readonly pid: number;
  readonly streams: ContainerStreams;
  readonly cgroup: Cgroup;
  readonly own: Readonly<Record<string, string>>;
  readonly api: AttachedEndpoint;
  readonly talk: 'channel' | 'runtime-api';
  readonly ahead: boolean;
  readonly wrapped: boolean;
  readonly storageBytes: number;
  /** Where the image is mounted that it stands on. */
  readonly image?: string;
}

export class ContainerSandbox implements Sandbox {
  readonly id: string;
  readonly slot: number;
  readonly pid: number;
  readonly places = {};
  readonly own: Readonly<Record<string, string>>;
  readonly link: RuntimeLink;
  readonly #around: Surroundings;
  readonly #parts: ContainerSandboxParts;
  readonly #cgroup: Cgroup;
  readonly #hearing: Hearing;
  readonly #status: Duplex;
  readonly #sides: SideProcess[] = [];
  #courier: Courier | undefined;
  #listener: SandboxListener | undefined;
  #ended: ExitStatus | undefined;
  #killing: Promise<void> | undefined;
  #yields: boolean;
  #frozen = false;
  #storageBytes: number;
  #limitBytes = Number.POSITIVE_INFINITY;
  #runs = 0;
  #peakBytes = 0;
  /** The most that its processes had of their own, and of their programs' files. */
  #anonymousBytes = 0;
  #fileBytes = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: ContainerSandboxParts, around: Surroundings) {
    const { streams, talk, api } = parts;
    this.#parts = parts;
    this.#around = around;
    this.id = parts.id;
    this.slot = parts.slot;
    this.pid = parts.pid;
    this.own = parts.own;
    this.#cgroup = parts.cgroup;
    this.#yields = parts.ahead;
    this.#storageBytes = parts.storageBytes;
    this.#hearing = new Hearing({
      stdout: streams.stdout,
      stderr: streams.stderr,
      channel: talk === 'channel' ? streams.channel : null,
      api,
      clock: around.clock,
      wrapped: parts.wrapped,
      isOver: () => this.#ended !== undefined || this.#killing !== undefined,
    });
    if (talk !== 'channel') for (const stream of Object.values(streams.channel)) stream.destroy();
    this.link = this.#hearing.link;
    this.#status = streams.status;
    let said = '';
    this.#status.setEncoding('latin1').on('data', (text: string) => {
      said = (said + text).slice(-statusBytesMax);
      // A child of the function that lives on holds this socket no longer, but its end may take a while.
      if (/(^|\n)exit \d{1,3}\n$/.test(said)) this.#exited(exitStatusOf(said));
    });
    this.#status.on('close', () => this.#exited(exitStatusOf(said)));
  }

  readonly deliver: Deliver = (...batch) => {
    this.#courier ??= new Courier(async (port) =>
      (await this.#house()).dialer.dial(sandboxAddress(this.slot), port),
    );
    return this.#courier.deliver(...batch);
  };

  serve(apis: SideApis): void {
    this.#parts.api.serveBeside(apis);
  }

  lend(credentials: CredentialSource): Readonly<Record<string, string>> {
    this.#parts.api.lend(credentials);
    return credentialVariables(credentialsAddress, credentials);
  }

  async spawn(plan: SidePlan): Promise<SideOutcome> {
    const { command, env, opt } = plan;
    const asStart = {
      command,
      args: [],
      env,
      workingDirectory: '/',
      talk: 'runtime-api',
      ahead: false,
    } as const;
    const { image } = this.#parts;
    const refusal =
      image === undefined
        ? refusalOf(opt === undefined ? asStart : { ...asStart, opt }, '/')
        : await extensionRefusal(image, command);
    if (refusal !== undefined) return { kind: 'unstartable', code: refusal };
    const house = await this.#house();
    const path = join(this.#around.directory, this.id, `side-${this.#sides.length}`);
    const side = new SideProcess(
      house,
      { id: this.id, path },
      {
        ...plan,
        output: (chunk, source) => this.#hearing.also(chunk.length, () => plan.output(chunk, source)),
        exited: (status) =>
          this.drain(() => {
            if (this.#killing === undefined) plan.exited(status);
          }),
      },
      this.own,
    );
    this.#sides.push(side);
    this.#hearing.listenTo(side.pipes);
    return { kind: 'started', side };
  }

  letGo(): void {
    this.#status.write('go\n');
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#ended !== undefined) return;
    this.#thaw();
    const [runtime] = childrenOf(this.pid);
    if (runtime === undefined) return void signal(this.pid); // it has not begun
    if (name === 'SIGKILL') for (const pid of familyOf(runtime)) signal(pid);
    else signal(runtime, name);
    if (name === 'SIGTERM') this.link.end();
    return undefined;
  }

  attach(listener: SandboxListener): void {
    this.#listener = listener;
    this.#hearing.attach(listener);
    if (this.#ended !== undefined) this.#reportExit(this.#ended);
  }

  drain(done: () => void): void {
    this.#hearing.drain(done);
  }

  /** What /tmp may hold from now on. */
  storage(bytes: number): void {
    this.#storageBytes = bytes;
  }

  run(limitBytes: number): void {
    this.#around.freezer.remove(this);
    this.#thaw();
    // A first figure, in case it ends before it can be asked again.
    if (this.#runs === 0) this.#weigh();
    this.#runs += 1;
    if (this.#runs === 2) this.#cgroup.limitCpu(limitBytes / bytesPerCore);
    if (limitBytes !== this.#limitBytes) {
      this.#limitBytes = limitBytes;
      this.#cgroup.limitMemory(limitBytes + ownMemoryBytes + this.#storageBytes);
    }
    this.#around.looks.add(this);
  }

  rest(): void {
    this.#around.looks.remove(this);
    if (this.#ended === undefined && this.#killing === undefined) this.#around.freezer.add(this);
  }

  freeze(): void {
    if (this.#ended !== undefined || this.#killing !== undefined) return;
    this.#frozen = true;
    this.#cgroup.freeze(true);
  }

  get isFrozen(): boolean {
    return this.#frozen;
  }

  lookAtMemory(): void {
    const bytes = this.#measure();
    if (this.#killing !== undefined || this.#ended !== undefined) return;
    // The kernel may have chosen a child of the runtime, which would wait for it in vain.
    const killed = this.#cgroup.memoryKills() > 0;
    if (bytes <= this.#limitBytes && !killed) return;
    if (killed) this.#peakBytes = Math.max(this.#peakBytes, this.#limitBytes);
    this.#listener?.outOfMemory();
  }

  memoryPeakBytes(): number {
    const now = this.#around.clock.monotonicMs();
    if (now - this.#lookedMs >= memoryPeakAgeMs) {
      this.#lookedMs = now;
      this.#weigh();
    }
    return Math.min(this.#peakBytes, this.#limitBytes);
  }

  memoryUsedBytes(): number {
    return this.#ended === undefined ? this.#cgroup.usedBytes().anonymous : 0;
  }

  /** Processor time in microseconds. */
  cpuTicks(): number | undefined {
    return this.#ended === undefined ? this.#cgroup.cpuUs() : undefined;
  }

  bind(): void {
    if (!this.#yields) return;
    this.#yields = false;
    this.#cgroup.yieldCpu(false);
  }

  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  async #kill(): Promise<void> {
    this.#around.looks.remove(this);
    this.#around.freezer.remove(this);
    this.link.close();
    if (this.#ended === undefined && this.#runs > 0) this.#weigh();
    await this.#end();
    await new Promise<void>((done) => this.drain(done));
    await Promise.all(this.#sides.map((side) => side.gone));
    this.#hearing.close();
    for (const side of this.#sides) side.close();
    this.#courier?.close();
    this.#status.destroy();
    this.#parts.api.close();
    await this.#around.remove(this);
  }

  /** Its first process takes all others with it. A frozen one would not even die. */
  async #end(): Promise<void> {
    for (let looks = 0; looks < goneLooksMax; looks += 1) {
      this.#thaw();
      const left = this.#cgroup.processes();
      if (left.length === 0) return;
      for (const pid of left) signal(pid);
      await pause(goneLookMs);
    }
    this.#around.warn('the processes of a sandbox do not end');
  }

  #house(): Promise<House> {
    return this.#around.house(this.#parts.image === undefined ? 'plain' : 'images');
  }

  #thaw(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    this.#cgroup.freeze(false);
  }

  /** What its processes have of their own: what the limit is about. */
  #measure(): number {
    const { anonymous } = this.#cgroup.usedBytes();
    this.#seen(anonymous, this.#fileBytes);
    return anonymous;
  }

  /** The whole as REPORT tells it. The first process is Lambkin's, not the function's. */
  #weigh(): void {
    const { fileBytes, peakBytes } = residentOf(this.#cgroup.processes().filter((pid) => pid !== this.pid));
    this.#seen(this.#cgroup.usedBytes().anonymous, fileBytes);
    if (peakBytes > this.#peakBytes) this.#peakBytes = peakBytes;
  }

  #seen(anonymousBytes: number, fileBytes: number): void {
    this.#anonymousBytes = Math.max(this.#anonymousBytes, anonymousBytes);
    this.#fileBytes = Math.max(this.#fileBytes, fileBytes);
    this.#peakBytes = Math.max(this.#peakBytes, this.#anonymousBytes + this.#fileBytes);
  }

  #exited(status: ExitStatus): void {
    if (this.#ended !== undefined) return;
    this.#ended = status;
    this.#around.looks.remove(this);
    this.#around.freezer.remove(this);
    this.#reportExit(status);
  }

  #reportExit(status: ExitStatus): void {
    const starved = status.kind === 'signal' && status.signal === 'SIGKILL' && this.#cgroup.memoryKills() > 0;
    if (starved) this.#peakBytes = Math.max(this.#peakBytes, this.#limitBytes);
    this.drain(() => {
      if (this.#killing !== undefined) return;
      if (starved) this.#listener?.outOfMemory();
      else this.#listener?.exited(status);
    });
  }
}
