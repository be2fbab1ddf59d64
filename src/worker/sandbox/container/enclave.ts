/**
 * The enclave: namespaces of Lambkin's own (mounts, network, processes) in which all its container sandboxes live. What is mounted, linked or
 * started for them is there and nowhere else; the host sees none of the mounts and interfaces. Two small processes belong to it:
 *
 *   keeper   the first of the process namespace, until Lambkin's end of its input closes. The kernel then kills every sandbox, and the
 *            mounts and interfaces are gone with the last of them: also after kill -9.
 *   shell    carries out commands in the enclave, one line after the other.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { commandsQueuedMax, commandMsMax } from './limits.ts';

export type Argument = string | number;

/** A command line for the shell, every word taken literally. */
export function line(...words: readonly Argument[]): string {
  return words.map((word) => `'${String(word).replaceAll("'", `'\\''`)}'`).join(' ');
}

interface Waiting {
  readonly resolve: (said: string) => void;
  readonly reject: (error: Error) => void;
}

/** Before what a command ended with: a control character that none of them prints. */
const answerMark = '\u001E';

export class Enclave {
  /** Of the keeper, as the host counts. */
  readonly pid: number;
  readonly #keeper: ChildProcess;
  readonly #shell: ChildProcess;
  readonly #answers: Socket;
  readonly #waiting: Waiting[] = [];
  #said = '';
  #over = false;

  /** `thaws`: files as the shell finds them by pattern, and what written to them thaws sandboxes; frozen ones would not die. */
  static async open(thaws: { readonly pattern: string; readonly value: string }): Promise<Enclave> {
    const script = [
      'echo up; while read -r line; do jobs >/dev/null; done',
      'for file in $1; do echo "$2" >"$file"; done 2>/dev/null',
    ].join('; ');
    const keeper = spawn(
      'unshare',
      [
        ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'slave'],
        ['--', 'sh', '-c', script, 'lambkin', thaws.pattern, thaws.value],
      ].flat(),
      { stdio: ['pipe', 'pipe', 'pipe'], env: enclaveEnv },
    );
    const pid = await keeperPid(keeper);
    return new Enclave(keeper, pid);
  }

  private constructor(keeper: ChildProcess, pid: number) {
    this.pid = pid;
    this.#keeper = keeper;
    const [command, args] = this.enter('sh', []);
    this.#shell = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: enclaveEnv });
    for (const child of [keeper, this.#shell]) {
      child.on('error', () => this.#end());
      child.on('exit', () => this.#end());
      child.stdin?.on('error', () => this.#end());
      child.unref();
      for (const stream of child.stdio) (stream as Socket | null)?.unref();
    }
    keeper.stderr?.resume();
    this.#shell.stderr?.resume();
    this.#answers = this.#shell.stdout as Socket;
    this.#answers.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
  }

  get isOpen(): boolean {
    return !this.#over;
  }

  /** A command in the enclave's namespaces. */
  enter(command: string, args: readonly string[]): [string, string[]] {
    const target = ['--target', String(this.pid), '--mount', '--net', '--pid', '--', command, ...args];
    return ['nsenter', target];
  }

  /** Carries out the commands in order, until one fails; says what they printed. */
  run(...lines: readonly string[]): Promise<string> {
    if (this.#over) return Promise.reject(new Error('the enclave has ended'));
    if (this.#waiting.length >= commandsQueuedMax) return Promise.reject(new Error('too many commands wait'));
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting.push({ resolve, reject });
    this.#answers.ref(); // a worker waits for answers, not for the shell itself
    this.#shell.stdin?.write(`{ ${lines.join(' && ')}; } 2>&1 </dev/null; printf '\\036%s\\n' $?\n`);
    return promise;
  }

  /** Gathers processes whose parents have gone. */
  gather(): void {
    if (!this.#over) this.#keeper.stdin?.write('\n');
  }

  /** Ends everything that is left in it. */
  async close(): Promise<void> {
    const gone = this.#keeper.exitCode !== null || this.#keeper.signalCode !== null;
    const ended = gone
      ? undefined
      : once(this.#keeper, 'exit', { signal: AbortSignal.timeout(commandMsMax) });
    this.#keeper.ref();
    this.#end();
    this.#shell.stdin?.end();
    this.#keeper.stdin?.end();
    await ended?.catch(() => this.#keeper.kill('SIGKILL'));
  }

  #hear(text: string): void {
    this.#said += text;
    for (;;) {
      const begin = this.#said.indexOf(answerMark);
      const end = this.#said.indexOf('\n', begin);
      if (begin < 0 || end < 0) return;
      const said = this.#said.slice(0, begin);
      const code = this.#said.slice(begin + 1, end);
      this.#said = this.#said.slice(end + 1);
      const waiting = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#answers.unref();
      if (code === '0') waiting?.resolve(said);
      else waiting?.reject(new Error(said.trim() || `a command ended with ${code}`));
    }
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('the enclave has ended'));
  }
}

const enclaveEnv = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

async function keeperPid(keeper: ChildProcess): Promise<number> {
  let complaint = '';
  keeper.stderr?.on('data', (text: Buffer) => (complaint += text.toString()));
  const up = keeper.stdout === null ? undefined : once(keeper.stdout, 'data');
  const failed = once(keeper, 'exit').then(() => {
    throw new Error(complaint.trim() || 'namespaces cannot be made');
  });
  failed.catch(() => {});
  up?.catch(() => {});
  await Promise.race([up, failed]);
  const children = readFileSync(`/proc/${keeper.pid}/task/${keeper.pid}/children`, 'utf8').trim();
  return Number(children.split(' ')[0]);
}
