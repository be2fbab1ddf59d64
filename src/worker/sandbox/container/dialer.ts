/** Lambkin's way to listeners inside sandboxes, for telemetry: a small process in the enclave's network, started when first needed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Enclave } from './enclave.ts';
import { commandMsMax } from './limits.ts';

const program = fileURLToPath(new URL('dialing.mjs', import.meta.url));

export class Dialer {
  readonly #enclave: Enclave;
  readonly #path: string;
  #process: ChildProcess | undefined;
  #up: Promise<unknown> | undefined;

  /** `path`: of a Unix socket that does not exist yet. */
  constructor(enclave: Enclave, path: string) {
    this.#enclave = enclave;
    this.#path = path;
  }

  /** A connection to what listens at this address of the enclave's network. */
  async dial(address: string, port: number): Promise<Socket> {
    this.#up ??= this.#start();
    await this.#up;
    const socket = connect({ path: this.#path });
    socket.write(`${address} ${port}\n`);
    return socket;
  }

  close(): void {
    this.#process?.kill('SIGKILL');
  }

  async #start(): Promise<unknown> {
    const target = [
      '--target',
      String(this.#enclave.pid),
      '--net',
      '--',
      process.execPath,
      program,
      this.#path,
    ];
    const child = spawn('nsenter', target, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'] },
    });
    this.#process = child;
    child.stdin.on('error', () => {});
    const again = (): void => {
      this.#up = undefined;
    };
    child.on('error', again);
    child.on('exit', again);
    const up = await once(child.stdout, 'data', { signal: AbortSignal.timeout(commandMsMax) });
    child.unref();
    for (const stream of [child.stdin, child.stdout]) (stream as unknown as Socket).unref();
    return up;
  }
}
