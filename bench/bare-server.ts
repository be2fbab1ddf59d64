/** A server that figures are compared with, in a process of its own: `floor.ts` or `process-floor.ts`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Target } from './load.ts';

export class BareServer {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(file: 'floor.ts' | 'process-floor.ts'): Promise<BareServer> {
    const child = spawn(process.execPath, [join(import.meta.dirname, file)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    return new BareServer(child, Number(port));
  }

  /** Asks for `payload` back. */
  target(payload: string, path = '/'): Target {
    const headers = { 'content-length': String(payload.length) };
    return {
      host: '127.0.0.1',
      port: this.port,
      requests: [{ method: 'POST', path, headers, body: payload }],
    };
  }

  [Symbol.dispose](): void {
    this.#process.kill('SIGKILL');
  }
}
