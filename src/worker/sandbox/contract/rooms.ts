/** Sandboxes of every kind that this host can give, and functions to put into them: for tests. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock, systemEntropy } from '#platform';
import { RuntimeApi } from '../../runtime-api/server.ts';
import type { ExitStatus, RuntimeSays } from '../../environment/runtime.ts';
import type { ContainerOptions } from '../container/container-host.ts';
import { openSandboxes, probeContainers } from '../opening.ts';
import type { Sandbox, Sandboxes, StartPlan } from '../sandbox.ts';

export type Kind = Sandboxes['kind'];

/** Why a kind cannot be tested here; false: it can. As the test runner's `skip` wants it. */
export async function skipped(kind: Kind, containers: ContainerOptions = {}): Promise<string | false> {
  if (kind === 'process') return false;
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-probe-'));
  try {
    const why = await probeContainers({ containers, directory, clock: systemClock, entropy: systemEntropy });
    return why === undefined ? false : `no containers here: ${why}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const bootstrap = new URL('../../fixtures/bootstrap.mjs', import.meta.url).pathname;
const mebibyte = 2 ** 20;

export interface RoomsOptions {
  readonly kind: Kind;
  readonly containers?: ContainerOptions;
  readonly reached?: readonly (() => string)[];
  /** Kept when given. */
  readonly directory?: string;
}

/** Sandboxes with a directory, code and layers of their own. */
export class Rooms implements AsyncDisposable {
  readonly root: string;
  readonly code: string;
  readonly layers: string;
  readonly directory: string;
  readonly warnings: readonly string[];
  readonly sandboxes: Sandboxes;
  #programs = 0;

  static async open(options: RoomsOptions): Promise<Rooms> {
    const root = mkdtempSync(join(tmpdir(), 'lambkin-rooms-'));
    const warnings: string[] = [];
    const directory = options.directory ?? join(root, 'sandboxes');
    const { sandboxes } = await openSandboxes({
      isolation: options.kind,
      containers: options.containers ?? {},
      directory,
      api: new RuntimeApi(systemEntropy),
      clock: systemClock,
      entropy: systemEntropy,
      warn: (message) => warnings.push(message),
      reached: options.reached ?? [],
      runAs: undefined,
      mounting: undefined,
    });
    return new Rooms(root, directory, sandboxes, warnings);
  }

  private constructor(root: string, directory: string, sandboxes: Sandboxes, warnings: string[]) {
    this.root = root;
    this.directory = directory;
    this.sandboxes = sandboxes;
    this.warnings = warnings;
    this.code = join(root, 'code');
    this.layers = join(root, 'layers');
    for (const path of [root, this.code, this.layers]) {
      mkdirSync(path, { recursive: true });
      chmodSync(path, 0o755);
    }
    writeFileSync(join(this.layers, 'of-a-layer'), 'layered');
  }

  /** Where a function sees its code. */
  get taskRoot(): string {
    return this.sandboxes.inside?.taskRoot ?? this.code;
  }

  put(name: string, content: string, mode = 0o755): void {
    const path = join(this.code, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    chmodSync(path, mode);
  }

  /** The function's own program: `script` for the shell. */
  program(script: string, more: Partial<StartPlan> = {}): StartPlan {
    this.#programs += 1;
    const name = `run-${this.#programs}`;
    this.put(name, `#!/bin/sh\n${script}\n`);
    return {
      command: `${this.taskRoot}/${name}`,
      args: [],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      workingDirectory: this.taskRoot,
      talk: 'runtime-api',
      ahead: false,
      room: { code: this.code, storageBytes: 16 * mebibyte },
      ...more,
    };
  }

  /** A program in the layers, as a sandbox that has these sees it. */
  ofLayer(script: string): string {
    this.#programs += 1;
    const name = `run-${this.#programs}`;
    writeFileSync(join(this.layers, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(this.layers, name), 0o755);
    return `/opt/${name}`;
  }

  /** The bootstrap of the worker's tests, on the private channel. */
  channel(more: Partial<StartPlan> = {}): StartPlan {
    const inside = this.sandboxes.inside?.programDirectory;
    return {
      command: process.execPath,
      args: [bootstrap],
      env: { PATH: `${inside ?? dirname(process.execPath)}:/usr/bin:/bin` },
      workingDirectory: this.taskRoot,
      talk: 'channel',
      ahead: false,
      runtime: { program: process.execPath, bootstrap: dirname(bootstrap) },
      room: { code: this.code, storageBytes: 16 * mebibyte },
      ...more,
    };
  }

  async started(plan: StartPlan): Promise<Guest> {
    const outcome = await this.sandboxes.start(plan);
    if (outcome.kind !== 'started') throw new Error(JSON.stringify(outcome));
    return new Guest(outcome.sandbox);
  }

  /** Runs a script of the shell to its end, and says what it printed. */
  async shell(script: string, more: Partial<StartPlan> = {}): Promise<Guest> {
    const guest = await this.started(this.program(script, more));
    await guest.ended;
    await guest.sandbox.kill();
    return guest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandboxes.close();
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Listens to a sandbox. */
export class Guest {
  readonly sandbox: Sandbox;
  stdout = '';
  stderr = '';
  outOfMemory = false;
  status: ExitStatus | undefined;
  readonly said: RuntimeSays[] = [];
  readonly #ended = Promise.withResolvers<void>();
  #waiting: ((message: RuntimeSays) => void) | undefined;

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
    sandbox.attach({
      says: (message) => {
        this.said.push(message);
        if (message.kind === 'ready' || message.kind === 'log') return;
        this.#waiting?.(message);
      },
      output: (chunk, source) => (this[source] += chunk.toString()),
      exited: (status) => {
        this.status = status;
        this.#ended.resolve();
      },
      outOfMemory: () => {
        this.outOfMemory = true;
        this.#ended.resolve();
      },
    });
  }

  /** Resolves when it ended, or was out of memory. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Resolves when it waits for an invoke. */
  async init(handler = 'index.handler', taskRoot = '/'): Promise<void> {
    this.sandbox.link.init({ env: { PATH: '/usr/bin:/bin' }, handler, taskRoot });
    await this.until(() => this.said.some(({ kind }) => kind === 'ready'));
  }

  /** What it answers to this event, as a value. */
  async invoke(event: unknown): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<RuntimeSays>();
    this.#waiting = resolve;
    this.sandbox.link.invoke({
      requestId: 'request',
      payload: Buffer.from(JSON.stringify(event)),
      invokedArn: 'arn',
      traceId: 'trace',
      deadlineMs: 0,
    });
    const message = await promise;
    return message.kind === 'response' ? JSON.parse(Buffer.from(message.payload).toString()) : message;
  }

  async until(holds: () => boolean): Promise<void> {
    for (let looks = 0; !holds(); looks += 1) {
      if (looks > 5_000) throw new Error(`waited in vain: ${this.stdout}${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
