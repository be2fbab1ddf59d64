/**
 * A further process of a container sandbox (an extension): the OCI runtime starts it inside, with the same rights, limits and files as the
 * first, and stays beside it to say how it ended.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { ExitStatus } from '../../environment/runtime.ts';
import type { Side, SidePlan } from '../sandbox.ts';
import { processPart } from './bundle.ts';
import { line } from './enclave.ts';
import type { House } from './house.ts';
import { signalNumbered } from './init.ts';
import { goneLookMs, goneLooksMax } from './limits.ts';

export interface SideFiles {
  /** Of the sandbox. */
  readonly id: string;
  /** Path without an ending: for what the OCI runtime is told, and what it says. */
  readonly path: string;
}

export class SideProcess implements Side {
  readonly pipes: readonly Readable[];
  /** Resolves once the process has ended. */
  readonly gone: Promise<void>;
  readonly #house: House;
  readonly #pidFile: string;
  #ended = false;

  constructor(house: House, { id, path }: SideFiles, plan: SidePlan, own: Readonly<Record<string, string>>) {
    this.#house = house;
    this.#pidFile = `${path}.pid`;
    const told = `${path}.json`;
    const part = processPart({ args: [plan.command], env: { ...plan.env, ...own }, workingDirectory: '/' });
    writeFileSync(told, JSON.stringify(part));
    const [command, args] = house.runtime.execCommand(id, told, this.#pidFile);
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
    });
    child.on('error', () => {}); // it has no streams then, and no exit
    this.pipes = [child.stdout, child.stderr];
    child.stdout.on('data', (chunk: Buffer) => plan.output(chunk, 'stdout'));
    child.stderr.on('data', (chunk: Buffer) => plan.output(chunk, 'stderr'));
    for (const pipe of this.pipes) pipe.on('error', () => {});
    this.gone = once(child, 'exit').then(
      ([code]) => {
        this.#ended = true;
        for (const file of [told, this.#pidFile]) rmSync(file, { force: true });
        plan.exited(statusOf((code as number | null) ?? 137));
      },
      () => plan.exited({ kind: 'code', code: 127 }),
    );
  }

  kill(): void {
    void this.#kill();
  }

  /** The OCI runtime may say which process it is only after that has begun to work. */
  async #kill(): Promise<void> {
    for (let looks = 0; looks < goneLooksMax && !this.#ended; looks += 1) {
      const pid = this.#pid();
      if (pid !== undefined) {
        await this.#house.enclave.run(line('kill', '-KILL', pid)).catch(() => {}); // it ended by itself meanwhile
        return;
      }
      await pause(goneLookMs);
    }
  }

  #pid(): number | undefined {
    try {
      const pid = Number(readFileSync(this.#pidFile, 'latin1'));
      return pid > 1 ? pid : undefined;
    } catch {
      return undefined;
    }
  }

  close(): void {
    for (const pipe of this.pipes) pipe.destroy();
  }
}

/** The OCI runtime says a signal as a shell does. */
function statusOf(code: number): ExitStatus {
  const signal = signalNumbered(code - 128);
  return signal === undefined ? { kind: 'code', code } : { kind: 'signal', signal };
}
