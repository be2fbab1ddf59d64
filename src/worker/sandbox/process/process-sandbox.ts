/**
 * One process sandbox: a process in a session of its own, with its own HOME, TMPDIR and environment, killed as a whole.
 *
 * What its end means is reported only after what it said and printed before was heard: the kernel reports the end of a process and the
 * bytes that it left behind in no particular order.
 */
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { Clock } from '#platform';
import type { ExitStatus, RuntimeLink } from '../../environment/runtime.ts';
import { type CredentialSource, credentialVariables } from '../../runtime-api/credentials.ts';
import type { RuntimeApiEndpoint } from '../../runtime-api/server.ts';
import { Courier } from '../../runtime-api/delivery.ts';
import type { Deliver } from '../../telemetry/subscriptions/subscriber.ts';
import type { SideApis } from '../../runtime-api/side-apis.ts';
import { Hearing } from '../hearing.ts';
import type { Sandbox, SandboxListener, SideOutcome, SidePlan } from '../sandbox.ts';
import type { MemoryLooks } from '../memory-looks.ts';
import { MemoryGauge } from './memory.ts';
import { restorePriority } from './priority.ts';
import { removeTree } from './removal.ts';
import { SideProcess } from './side-process.ts';
import { signal, type Sweeper } from './sweeper.ts';

/** What a sandbox shares with the others of its worker. */
export interface Surroundings {
  readonly clock: Clock;
  readonly memory: MemoryLooks<MemoryGauge>;
  readonly sweeper: Sweeper;
  /** The sandbox's processes may be swept from now on. */
  readonly dead: (sandboxId: string) => void;
  /** Nothing of it is left. */
  readonly removed: (sandboxId: string) => void;
}

export interface SandboxParts {
  readonly id: string;
  readonly pid: number;
  readonly child: ChildProcess;
  readonly directory: string;
  readonly places: Readonly<Record<string, string>>;
  readonly own: Readonly<Record<string, string>>;
  readonly api: RuntimeApiEndpoint;
  readonly talk: 'channel' | 'runtime-api';
  readonly lowered: boolean;
  /** Whether some other program may have taken the runtime's place. */
  readonly wrapped: boolean;
  /** Starts a further process of this sandbox; fails where that cannot be started. */
  readonly spawn: (plan: SidePlan) => Promise<ChildProcess>;
}

export class ProcessSandbox implements Sandbox {
  readonly id: string;
  readonly pid: number;
  readonly places: Readonly<Record<string, string>>;
  readonly own: Readonly<Record<string, string>>;
  readonly link: RuntimeLink;
  readonly #around: Surroundings;
  readonly #parts: SandboxParts;
  readonly #gauge: MemoryGauge;
  readonly #hearing: Hearing;
  readonly #sides: SideProcess[] = [];
  readonly #exit = Promise.withResolvers<void>();
  #listener: SandboxListener | undefined;
  #courier: Courier | undefined;
  #ended: ExitStatus | undefined;
  #killing: Promise<void> | undefined;
  #lowered: boolean;

  constructor(parts: SandboxParts, around: Surroundings) {
    this.#parts = parts;
    this.#around = around;
    this.id = parts.id;
    this.pid = parts.pid;
    this.places = parts.places;
    this.own = parts.own;
    this.#lowered = parts.lowered;
    this.#gauge = new MemoryGauge(parts.pid, around.clock, () => {
      if (this.#killing === undefined && this.#ended === undefined) this.#listener?.outOfMemory();
    });
    const { stdout, stderr, stdio } = parts.child;
    this.#hearing = new Hearing({
      stdout: stdout as Readable,
      stderr: stderr as Readable,
      channel: parts.talk === 'channel' ? { orders: stdio[3] as Duplex, answers: stdio[4] as Duplex } : null,
      api: parts.api,
      clock: around.clock,
      wrapped: parts.wrapped,
      isOver: () => this.#ended !== undefined || this.#killing !== undefined,
    });
    this.link = this.#hearing.link;
    parts.child.stdin?.on('error', () => {}); // it ended while it was held
    parts.child.on('exit', (code, name) => this.#exited(code, name));
  }

  attach(listener: SandboxListener): void {
    this.#listener = listener;
    this.#hearing.attach(listener);
    if (this.#ended !== undefined) this.#reportExit(this.#ended);
  }

  readonly deliver: Deliver = (...batch) => {
    this.#courier ??= new Courier(async (port) => connect({ host: '127.0.0.1', port }));
    return this.#courier.deliver(...batch);
  };

  serve(apis: SideApis): void {
    this.#parts.api.serveBeside(apis);
  }

  lend(credentials: CredentialSource): Readonly<Record<string, string>> {
    this.#parts.api.lend(credentials);
    return credentialVariables(this.#parts.api.address, credentials);
  }

  async spawn(plan: SidePlan): Promise<SideOutcome> {
    try {
      const child = await this.#parts.spawn(plan);
      const side = new SideProcess(child, {
        output: (chunk, source) => this.#hearing.also(chunk.length, () => plan.output(chunk, source)),
        exited: (status) => this.drain(() => plan.exited(status)),
      });
      this.#sides.push(side);
      this.#hearing.listenTo(side.pipes);
      this.#gauge.join(side.pid);
      if (this.#killing !== undefined) side.kill();
      return { kind: 'started', side };
    } catch (error) {
      const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : error;
      return { kind: 'unstartable', code: String(code) };
    }
  }

  letGo(): void {
    this.#parts.child.stdin?.end('\n');
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#ended !== undefined) return;
    if (name === 'SIGKILL') signal(-this.pid);
    else this.#parts.child.kill(name);
    if (name === 'SIGTERM') this.link.end();
  }

  drain(done: () => void): void {
    this.#hearing.drain(done);
  }

  run(limitBytes: number): void {
    this.#gauge.limit(limitBytes);
    this.#gauge.begin();
    this.#around.memory.add(this.#gauge);
  }

  rest(): void {
    this.#around.memory.remove(this.#gauge);
  }

  memoryPeakBytes(): number {
    return this.#gauge.peak();
  }

  memoryUsedBytes(): number {
    return this.#ended === undefined ? this.#gauge.used() : 0;
  }

  bind(): void {
    if (!this.#lowered) return;
    this.#lowered = false;
    restorePriority(this.pid);
  }

  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  async #kill(): Promise<void> {
    this.rest();
    this.link.close();
    if (this.#ended === undefined) this.#gauge.peak();
    // Once its exit was seen its group has been signalled, and its number may be another's.
    if (this.#ended === undefined) signal(-this.pid);
    for (const side of this.#sides) side.kill();
    this.#around.dead(this.id);
    await Promise.all([this.#exit.promise, ...this.#sides.map((side) => side.gone)]);
    await new Promise<void>((done) => this.drain(done));
    this.#listener = undefined;
    this.#hearing.close();
    for (const stream of this.#parts.child.stdio) stream?.destroy();
    for (const side of this.#sides) side.close();
    this.#parts.api.close();
    this.#courier?.close();
    await this.#around.sweeper.sweep();
    await removeTree(this.#parts.directory).catch(() => {
      // Left for the sweep of the next start.
    });
    this.#around.removed(this.id);
  }

  #exited(code: number | null, name: NodeJS.Signals | null): void {
    signal(-this.pid);
    const status: ExitStatus =
      name === null ? { kind: 'code', code: code ?? 0 } : { kind: 'signal', signal: name };
    this.#ended = status;
    this.rest();
    this.#exit.resolve();
    this.#reportExit(status);
  }

  #reportExit(status: ExitStatus): void {
    this.drain(() => {
      if (this.#killing === undefined) this.#listener?.exited(status);
    });
  }
}
