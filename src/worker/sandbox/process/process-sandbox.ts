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
import { EitherLink } from '../../channel/either-link.ts';
import { ChannelLink } from '../../channel/link.ts';
import type { ExitStatus, RuntimeLink, RuntimeSays } from '../../environment/runtime.ts';
import { drainTurnsMax, hangUpGraceMs, outputWindowBytesMax, outputWindowMs } from '../../limits.ts';
import type { RuntimeApiEndpoint } from '../../runtime-api/server.ts';
import { Courier } from '../../runtime-api/delivery.ts';
import type { Deliver } from '../../telemetry/subscriptions/subscriber.ts';
import type { SideApis } from '../../runtime-api/side-apis.ts';
import type { Sandbox, SandboxListener, SideOutcome, SidePlan } from '../sandbox.ts';
import { MemoryGauge, type MemoryWatch } from './memory.ts';
import { restorePriority } from './priority.ts';
import { removeTree } from './removal.ts';
import { SideProcess } from './side-process.ts';
import { signal, type Sweeper } from './sweeper.ts';

/** What a sandbox shares with the others of its worker. */
export interface Surroundings {
  readonly clock: Clock;
  readonly memory: MemoryWatch;
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
  #pipes: readonly Readable[];
  readonly #sides: SideProcess[] = [];
  readonly #exit = Promise.withResolvers<void>();
  #listener: SandboxListener | undefined;
  #courier: Courier | undefined;
  #ended: ExitStatus | undefined;
  #killing: Promise<void> | undefined;
  #lowered: boolean;
  /** Counts bytes heard: a drain is over when a turn of the event loop adds none. */
  #heardBytes = 0;
  #windowBytes = 0;
  #windowOpen = false;
  #draining = 0;

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
    const say = (message: RuntimeSays): void => {
      this.#listener?.says(message);
      if (message.kind === 'log') this.#slow(message.text.length);
    };
    const { stdout, stderr, stdio } = parts.child;
    const channel = parts.talk === 'channel' ? (stdio[3] as Duplex) : null;
    channel?.on('data', (chunk: Buffer) => (this.#heardBytes += chunk.length));
    this.link = this.#linkOver(channel, say);
    this.#pipes = [stdout, stderr, channel].filter((pipe) => pipe !== null);
    stdout?.on('data', (chunk: Buffer) => this.#printed(chunk, 'stdout'));
    stderr?.on('data', (chunk: Buffer) => this.#printed(chunk, 'stderr'));
    parts.child.stdin?.on('error', () => {}); // it ended while it was held
    for (const pipe of this.#pipes) pipe.on('error', () => {}); // its end is reported by the exit
    parts.child.on('exit', (code, name) => this.#exited(code, name));
  }

  #linkOver(channel: Duplex | null, say: (message: RuntimeSays) => void): RuntimeLink {
    const { api, wrapped } = this.#parts;
    if (channel === null) return api.serve(say);
    const overChannel = (hears: typeof say) => new ChannelLink(channel, hears, () => this.#hungUp());
    return wrapped ? new EitherLink(overChannel, (hears) => api.serve(hears), say) : overChannel(say);
  }

  attach(listener: SandboxListener): void {
    this.#listener = listener;
    if (this.#ended !== undefined) this.#reportExit(this.#ended);
  }

  readonly deliver: Deliver = (...batch) => {
    this.#courier ??= new Courier(async (port) => connect({ host: '127.0.0.1', port }));
    return this.#courier.deliver(...batch);
  };

  serve(apis: SideApis): void {
    this.#parts.api.serveBeside(apis);
  }

  async spawn(plan: SidePlan): Promise<SideOutcome> {
    try {
      const child = await this.#parts.spawn(plan);
      const side = new SideProcess(child, {
        output: (chunk, source) => {
          this.#heardBytes += chunk.length;
          plan.output(chunk, source);
          this.#slow(chunk.length);
        },
        exited: (status) => this.drain(() => plan.exited(status)),
      });
      this.#sides.push(side);
      this.#pipes = [...this.#pipes, ...side.pipes];
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
    let turns = 0;
    let heard = -1;
    this.#draining += 1;
    this.#resume();
    // The first turn ends the round of events that is being handled now; each later one has asked the kernel anew.
    const turn = (): void => {
      turns += 1;
      if (turns > drainTurnsMax || (turns > 1 && this.#heardBytes === heard)) {
        this.#draining -= 1;
        done();
        return;
      }
      heard = this.#heardBytes;
      setImmediate(turn);
    };
    setImmediate(turn);
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

  /** The end of the process closes its channel too, and is what counts; a process that lives on without one is broken. */
  #hungUp(): void {
    const over = () =>
      this.#ended !== undefined ||
      this.#killing !== undefined ||
      (this.link instanceof EitherLink && this.link.maySpeakHttp);
    if (over()) return;
    this.#around.clock.after(hangUpGraceMs, () => {
      if (over()) return;
      this.#listener?.says({ kind: 'broken', why: 'it closed its channel' });
    });
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

  #printed(chunk: Buffer, source: 'stdout' | 'stderr'): void {
    this.#heardBytes += chunk.length;
    this.#listener?.output(chunk, source);
    this.#slow(chunk.length);
  }

  /** A function that prints more than its share waits until its pipes are read again. */
  #slow(bytes: number): void {
    this.#windowBytes += bytes;
    if (!this.#windowOpen) {
      this.#windowOpen = true;
      this.#around.clock.after(outputWindowMs, () => {
        this.#windowOpen = false;
        this.#windowBytes = 0;
        this.#resume();
      });
    }
    if (this.#windowBytes > outputWindowBytesMax && this.#draining === 0) {
      for (const pipe of this.#pipes) pipe.pause();
    }
  }

  #resume(): void {
    for (const pipe of this.#pipes) if (pipe.isPaused()) pipe.resume();
  }
}
