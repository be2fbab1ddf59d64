/** A further process of a process sandbox: in a session of its own, killed with its group, its end told after what it printed. */
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { ExitStatus } from '../../environment/runtime.ts';
import type { Side } from '../sandbox.ts';
import { signal } from './sweeper.ts';

export interface SideListener {
  output(chunk: Buffer, source: 'stdout' | 'stderr'): void;
  exited(status: ExitStatus): void;
}

export class SideProcess implements Side {
  readonly pid: number;
  readonly pipes: readonly Readable[];
  /** Resolves once the process has ended. */
  readonly gone: Promise<void>;
  #ended = false;

  constructor(child: ChildProcess, listener: SideListener) {
    this.pid = child.pid ?? 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    const { stdout, stderr } = child;
    this.pipes = [stdout, stderr].filter((pipe) => pipe !== null);
    stdout?.on('data', (chunk: Buffer) => listener.output(chunk, 'stdout'));
    stderr?.on('data', (chunk: Buffer) => listener.output(chunk, 'stderr'));
    for (const pipe of this.pipes) pipe.on('error', () => {}); // its end is reported by the exit
    child.on('error', () => {}); // a signal that could not be sent: the exit tells what counts
    child.on('exit', (code, name) => {
      this.kill(); // what it left in its group
      this.#ended = true;
      listener.exited(name === null ? { kind: 'code', code: code ?? 0 } : { kind: 'signal', signal: name });
      resolve();
    });
  }

  kill(): void {
    // Once its exit was seen its group has been signalled, and its number may be another's.
    if (!this.#ended) signal(-this.pid);
  }

  close(): void {
    for (const pipe of this.pipes) pipe.destroy();
  }
}
