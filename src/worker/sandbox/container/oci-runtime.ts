/** An OCI runtime of the host (runc; crun and runsc by name), as far as Lambkin speaks to it. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import type { ChannelStreams } from '../../channel/link.ts';
import type { Enclave } from './enclave.ts';
import { complaintBytesMax, runtimeMsMax } from './limits.ts';

const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The absolute path of a program, by name or by path. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...systemFolders];
  const places = name.includes('/') ? [name] : folders.map((folder) => join(folder, name));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return place.startsWith('/');
    } catch {
      return false;
    }
  });
}

export interface ContainerStart {
  readonly id: string;
  /** Directory of its config.json, and where its process id is written to. */
  readonly bundle: string;
  readonly pidFile: string;
}

/** Lambkin's ends of a container's streams. */
export interface ContainerStreams {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly channel: ChannelStreams;
  readonly status: Duplex;
}

export type ContainerOutcome =
  | { readonly kind: 'up'; readonly streams: ContainerStreams }
  | { readonly kind: 'failed'; readonly why: string };

export class OciRuntime {
  readonly program: string;
  readonly #state: string;
  readonly #enclave: Enclave;

  /** `state`: the directory that the runtime keeps its own records in. */
  constructor(program: string, state: string, enclave: Enclave) {
    this.program = program;
    this.#state = state;
    this.#enclave = enclave;
  }

  /** Resolves once the container's first process runs. */
  async run({ id, bundle, pidFile }: ContainerStart): Promise<ContainerOutcome> {
    const args = ['run', '--detach', '--bundle', bundle, '--pid-file', pidFile, '--preserve-fds', '3', id];
    const [command, entered] = this.#enclave.enter(this.program, ['--root', this.#state, ...args]);
    const child = spawn(command, entered, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
      env: runtimeEnv,
    });
    const streams = streamsOf(child);
    if (streams === undefined) {
      const [error] = (await once(child, 'error')) as [Error];
      return { kind: 'failed', why: error.message };
    }
    // Until it is up, only the OCI runtime itself has something to say.
    let complaint = '';
    const hear = (text: Buffer): void => {
      complaint = (complaint + text.toString()).slice(-complaintBytesMax);
    };
    streams.stderr.on('data', hear);
    const timer = AbortSignal.timeout(runtimeMsMax);
    timer.addEventListener('abort', () => child.kill('SIGKILL'));
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) {
      // The reason may still be in the pipe.
      await new Promise((resolve) => setImmediate(resolve));
      for (const stream of allOf(streams)) stream.destroy();
      return { kind: 'failed', why: reasonIn(complaint) };
    }
    streams.stderr.pause();
    streams.stderr.off('data', hear);
    return { kind: 'up', streams };
  }

  /** The command that starts a further process, as the file `told` says, and ends as it does. */
  execCommand(id: string, told: string, pidFile: string): [string, string[]] {
    const args = ['--root', this.#state, 'exec', '--process', told, '--pid-file', pidFile, id];
    return this.#enclave.enter(this.program, args);
  }

  /** Removes what is left of a container, running or not. */
  async remove(id: string): Promise<void> {
    const args = ['--root', this.#state, 'delete', '--force', id];
    const [command, entered] = this.#enclave.enter(this.program, args);
    await new Promise<void>((resolve) => {
      execFile(command, entered, { env: runtimeEnv, timeout: runtimeMsMax }, () => resolve());
    });
  }
}

const runtimeEnv = { PATH: systemFolders.join(delimiter), XDG_RUNTIME_DIR: '/run' };

/** What Node gives for the descriptors asked for, of which its own type knows five. */
type Descriptors = readonly (Duplex | null | undefined)[];

function streamsOf({ stdio }: ChildProcess): ContainerStreams | undefined {
  // Without a descriptor left there are none, whatever the type says.
  const [, stdout, stderr, orders, answers, status] = (stdio as Descriptors | undefined) ?? [];
  for (const stream of [stdout, stderr, orders, answers, status]) stream?.on('error', () => {}); // its end is reported by the exit
  if (!stdout || !stderr || !orders || !answers || !status) return undefined;
  return {
    stdout,
    stderr,
    channel: { orders, answers },
    status,
  };
}

function allOf({ stdout, stderr, channel, status }: ContainerStreams): readonly Readable[] {
  return [stdout, stderr, channel.orders, channel.answers, status];
}

/** The last thing that it said, without its decoration. */
function reasonIn(complaint: string): string {
  const last = complaint.trim().split('\n').at(-1) ?? '';
  const message = /msg="((?:[^"\\]|\\.)*)"/.exec(last)?.[1]?.replaceAll('\\"', '"') ?? last;
  return message === '' ? 'the OCI runtime ended without a reason' : message;
}
