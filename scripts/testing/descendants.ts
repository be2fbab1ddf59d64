/** The processes below one: test files, and all that they started. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

interface Process {
  readonly pid: number;
  readonly parent: number;
  /** With the pid: this process, and not a later one of the same number. */
  readonly startedTicks: string;
}

/** Asks the test files below `root` and their children to end (these know how to end their own), and kills what is left of all after a while. */
export async function endDescendants(root: number, graceMs: number): Promise<void> {
  const all = processes();
  const files = all.filter(({ parent }) => parent === root);
  const started = below(files, all);
  for (const one of [...files, ...started]) signal(one, 'SIGTERM');
  const everyone = [...files];
  for (let generation = started; generation.length > 0; generation = below(generation, all))
    everyone.push(...generation);
  const end = performance.now() + graceMs;
  while (everyone.some(lives) && performance.now() < end) await sleep(20);
  for (const one of everyone) if (lives(one)) signal(one, 'SIGKILL');
  // Soon; except for one that hangs in the kernel, and nobody can wait for that.
  for (let looks = 0; everyone.some(lives) && looks < 500; looks += 1) await sleep(2);
}

const below = (parents: readonly Process[], all: readonly Process[]): readonly Process[] =>
  all.filter(({ parent }) => parents.some(({ pid }) => pid === parent));

const lives = (process: Process): boolean => processOf(process.pid)?.startedTicks === process.startedTicks;

function signal({ pid }: Process, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it ended by itself
  }
}

function processes(): readonly Process[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (processOf(Number(name)) ?? []) : []));
}

/** proc_pid_stat(5); undefined: it has ended. What stands before the last `)` is a name of its own choice. */
function processOf(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : { pid, parent: Number(parent), startedTicks: rest[17] ?? '' };
  } catch {
    return undefined;
  }
}
