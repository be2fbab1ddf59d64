/** The worker's end of the channel, for tests only: starts a bootstrap as a process and speaks frames with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Launch } from '../catalogue.ts';
import { FrameType, type FunctionError, type Init, type InvokeHeader } from '../channel.ts';

export interface Frame {
  readonly type: number;
  readonly body: Buffer;
}

export interface LogEvent {
  readonly level: number;
  readonly text: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Answer {
  readonly kind: 'response' | 'error' | 'fatal' | 'not-started' | 'ended' | 'streamed' | 'stream-error';
  readonly text: string;
  /** Of a stream. */
  readonly contentType?: string;
  /** What a stream that did not end well had sent. */
  readonly before?: string;
}

/** A folder with a function's files, removed when disposed. */
export class TaskRoot {
  readonly path = mkdtempSync(join(tmpdir(), 'lambkin-task-'));

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, name)), { recursive: true });
      writeFileSync(join(this.path, name), text);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export const functionEnv: Readonly<Record<string, string>> = {
  AWS_LAMBDA_FUNCTION_NAME: 'hello',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
  AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/hello',
  AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/01/[$LATEST]0',
  PATH: '/usr/bin:/bin',
};

/** What a context tells of these and of an invoke `r-1` of `arn:x`, where it has such names. */
export const contextFacts = {
  aws_request_id: 'r-1',
  log_group_name: '/aws/lambda/hello',
  log_stream_name: '2026/01/01/[$LATEST]0',
  function_name: 'hello',
  memory_limit_in_mb: '128',
  function_version: '$LATEST',
  invoked_function_arn: 'arn:x',
};

const answerKinds: ReadonlyMap<number, Answer['kind']> = new Map([
  [FrameType.response, 'response'],
  [FrameType.error, 'error'],
  [FrameType.fatal, 'fatal'],
  [FrameType.notStarted, 'not-started'],
]);

export class BootstrapHost {
  readonly child: ChildProcess;
  readonly logs: LogEvent[] = [];
  readonly exited: Promise<Exit>;
  stdout = '';
  stderr = '';
  #orders: Duplex;
  #answers: Duplex;
  #pending: Buffer = Buffer.alloc(0);
  #frames: Frame[] = [];
  #waiting: ((frame: Frame | undefined) => void) | undefined;
  #ended = false;
  #turn = 0;

  /** `birth`: for a runtime whose process is its function from the start. */
  constructor(
    launch: Launch,
    birth: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ) {
    if (launch.kind !== 'channel') throw new Error(`not a channel runtime: ${launch.kind}`);
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] as const;
    this.child = spawn(launch.command, [...launch.args], {
      stdio: [...stdio],
      env: { ...launch.env, ...birth.env },
      cwd: birth.cwd,
    });
    this.exited = once(this.child, 'exit').then(
      ([code, signal]) => ({ code, signal }),
      (error: unknown) => {
        throw error;
      },
    );
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    // As many pipes as were asked for, whatever the type says.
    const [, , , orders, answers] = this.child.stdio as unknown as readonly Duplex[];
    if (orders === undefined || answers === undefined) throw new Error('there is no descriptor left');
    this.#orders = orders;
    this.#answers = answers;
    orders.on('error', () => this.#end());
    answers.on('data', (chunk: Buffer) => this.#take(chunk));
    answers.on('error', () => this.#end());
    answers.on('close', () => this.#end());
    answers.on('end', () => this.#end());
  }

  /** Everything that the bootstrap sent besides logs, in order; undefined once the channel has ended. */
  next(): Promise<Frame | undefined> {
    const frame = this.#frames.shift();
    if (frame !== undefined || this.#ended) return Promise.resolve(frame);
    return new Promise((resolve) => (this.#waiting = resolve));
  }

  send(type: number, ...parts: readonly Uint8Array[]): void {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(body.length + 1, 0);
    head[4] = type;
    this.#orders.write(Buffer.concat([head, body]));
  }

  write(bytes: Uint8Array): void {
    this.#orders.write(bytes);
  }

  /** `undefined` when init succeeded. */
  async init(
    taskRoot: TaskRoot,
    handler: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<FunctionError | undefined> {
    const init: Init = { env: { ...functionEnv, ...env }, handler, taskRoot: taskRoot.path };
    this.send(FrameType.init, Buffer.from(JSON.stringify(init)));
    const frame = await this.next();
    if (frame?.type === FrameType.ready) return undefined;
    if (frame?.type === FrameType.initError) return JSON.parse(frame.body.toString()) as FunctionError;
    throw new Error(`init: frame ${frame?.type ?? 'none'}; stderr: ${this.stderr}`);
  }

  async invoke(payload: string | Uint8Array, header: Partial<InvokeHeader> = {}): Promise<Answer> {
    const { requestId = `request-${(this.#turn += 1)}` } = header;
    const whole = {
      requestId,
      deadlineMs: Date.now() + 3000,
      invokedArn: 'arn:hello',
      traceId: 'Root=1',
      ...header,
    };
    const json = Buffer.from(JSON.stringify(whole));
    const size = Buffer.alloc(4);
    size.writeUInt32BE(json.length, 0);
    this.send(FrameType.invoke, size, json, Buffer.from(payload));
    const frame = await this.next();
    if (frame === undefined) return { kind: 'ended', text: '' };
    if (frame.type === FrameType.streamStart) return this.#collect(frame);
    const kind = answerKinds.get(frame.type);
    if (kind === undefined) throw new Error(`an answer was expected, not a frame of type ${frame.type}`);
    return { kind, text: frame.body.toString() };
  }

  /** A whole streamed answer, with room whenever it is asked for. */
  async #collect(start: Frame): Promise<Answer> {
    const { contentType } = JSON.parse(start.body.toString()) as { contentType: string };
    let text = '';
    for (;;) {
      const frame = await this.next();
      switch (frame?.type) {
        case FrameType.streamChunk:
          text += frame.body.toString();
          break;
        case FrameType.streamPause:
          this.send(FrameType.room);
          break;
        case FrameType.streamEnd:
          await this.next();
          return { kind: 'streamed', text, contentType };
        case FrameType.streamError:
          await this.next();
          return { kind: 'stream-error', text: frame.body.toString(), contentType, before: text };
        case FrameType.fatal:
          return { kind: 'fatal', text: frame.body.toString(), contentType, before: text };
        case undefined:
          return { kind: 'ended', text: '', contentType, before: text };
        default:
          throw new Error(`a frame of type ${frame?.type} in a stream`);
      }
    }
  }

  /** Ends the channel, as a worker that goes away does. */
  hangUp(): void {
    this.#orders.destroy();
    this.#answers.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    this.hangUp();
  }

  #take(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let offset = 0;
    while (this.#pending.length - offset >= 5) {
      const end = offset + 4 + this.#pending.readUInt32BE(offset);
      if (end > this.#pending.length) break;
      this.#deliver(this.#pending[offset + 4] ?? 0, this.#pending.subarray(offset + 5, end));
      offset = end;
    }
    this.#pending = this.#pending.subarray(offset);
  }

  #deliver(type: number, body: Buffer): void {
    if (type === FrameType.log) {
      this.logs.push({ level: body[0] ?? 0, text: body.subarray(1).toString() });
      return;
    }
    const frame = { type, body };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) this.#frames.push(frame);
    else waiting(frame);
  }

  #end(): void {
    this.#ended = true;
    this.#waiting?.(undefined);
    this.#waiting = undefined;
  }
}
