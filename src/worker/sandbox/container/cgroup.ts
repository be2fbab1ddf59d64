/**
 * The control group of one sandbox, version 1 or 2: limits, what is used, freezing, and which processes are left. Reads and writes of these
 * files take microseconds and never wait.
 */
import { accessSync, constants, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of the CPU quota: the kernel's own default. */
const periodUs = 100_000;
const quotaUsMin = 1_000;
const cpuSharesUsual = 1_024;
const cpuWeightUsual = 100;

export type CgroupVersion = 'v1' | 'v2';

export interface Hierarchy {
  readonly version: CgroupVersion;
  /** `/sys/fs/cgroup` */
  readonly root: string;
}

const controllersV1 = ['memory', 'cpu', 'cpuacct', 'pids', 'freezer'] as const;

/** How this host counts, or why Lambkin cannot. */
export function findHierarchy(root = '/sys/fs/cgroup'): Hierarchy | { readonly missing: string } {
  const controllers = read(join(root, 'cgroup.controllers'));
  if (controllers !== undefined) {
    const has = new Set(controllers.trim().split(' '));
    const lacking = ['memory', 'cpu', 'pids'].filter((name) => !has.has(name));
    if (lacking.length > 0) return { missing: `cgroup v2 without ${lacking.join(', ')}` };
    return writable(root) ? { version: 'v2', root } : { missing: `${root} cannot be written` };
  }
  const lacking = controllersV1.filter((name) => !writable(join(root, name)));
  if (lacking.length > 0) return { missing: `no writable cgroup of ${lacking.join(', ')}` };
  return { version: 'v1', root };
}

export class Cgroup {
  readonly #hierarchy: Hierarchy;
  /** Absolute inside the hierarchy: `/lambkin-0123456789abcdef/<sandbox>`. */
  readonly path: string;

  constructor(hierarchy: Hierarchy, path: string) {
    this.#hierarchy = hierarchy;
    this.path = path;
  }

  /** Process ids of the host. */
  processes(): readonly number[] {
    const text = read(this.#file('pids', 'cgroup.procs')) ?? '';
    return text.split('\n').filter(Boolean).map(Number);
  }

  /** No more than this, and no swap. What the kernel cannot take back it refuses: then the processes are killed at their next page. */
  limitMemory(bytes: number): void {
    if (this.#hierarchy.version === 'v2') {
      this.#write('memory', 'memory.max', bytes);
      this.#write('memory', 'memory.swap.max', 0);
      this.#write('memory', 'memory.oom.group', 0);
      return;
    }
    // The one may never be above the other: which must come first depends on where they stand.
    if (!this.#write('memory', 'memory.limit_in_bytes', bytes)) {
      this.#write('memory', 'memory.memsw.limit_in_bytes', bytes);
      this.#write('memory', 'memory.limit_in_bytes', bytes);
    }
    this.#write('memory', 'memory.memsw.limit_in_bytes', bytes);
  }

  /** Cores, as a share of time; undefined: all that there are. */
  limitCpu(cores: number | undefined): void {
    const quota = cores === undefined ? undefined : Math.max(quotaUsMin, Math.round(cores * periodUs));
    if (this.#hierarchy.version === 'v2') {
      this.#write('cpu', 'cpu.max', `${quota ?? 'max'} ${periodUs}`);
      return;
    }
    this.#write('cpu', 'cpu.cfs_quota_us', quota ?? -1);
  }

  /** What waits ahead of need gives way to everything else. */
  yieldCpu(yields: boolean): void {
    if (this.#hierarchy.version === 'v2') this.#write('cpu', 'cpu.weight', yields ? 1 : cpuWeightUsual);
    else this.#write('cpu', 'cpu.shares', yields ? 2 : cpuSharesUsual);
  }

  freeze(frozen: boolean): void {
    if (this.#hierarchy.version === 'v2') this.#write('freezer', 'cgroup.freeze', frozen ? 1 : 0);
    else this.#write('freezer', 'freezer.state', frozen ? 'FROZEN' : 'THAWED');
  }

  /** Memory that cannot be taken back: anonymous, and what is in tmpfs or shared. */
  usedBytes(): { readonly anonymous: number; readonly shared: number } {
    const text = read(this.#file('memory', 'memory.stat')) ?? '';
    const value = (name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
    return this.#hierarchy.version === 'v2'
      ? { anonymous: value('anon'), shared: value('shmem') }
      : { anonymous: value('total_rss'), shared: value('total_shmem') };
  }

  /** How many processes the kernel has killed here for want of memory. */
  memoryKills(): number {
    const file = this.#hierarchy.version === 'v2' ? 'memory.events' : 'memory.oom_control';
    const text = read(this.#file('memory', file)) ?? '';
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  /** Processor time used so far, in microseconds; undefined once the group is gone. */
  cpuUs(): number | undefined {
    if (this.#hierarchy.version === 'v2') {
      const used = /^usage_usec (\d+)$/m.exec(read(this.#file('cpu', 'cpu.stat')) ?? '')?.[1];
      return used === undefined ? undefined : Number(used);
    }
    const nanoseconds = read(this.#file('cpuacct', 'cpuacct.usage'));
    return nanoseconds === undefined ? undefined : Number(nanoseconds) / 1_000;
  }

  /** Removes the group and those below it, once no process is in them. What is still used stays. */
  remove(): void {
    for (const top of directories(this.#hierarchy)) removeDown(join(top, this.path));
  }

  #file(controller: string, file: string): string {
    const { version, root } = this.#hierarchy;
    return join(root, version === 'v2' ? '' : controller, this.path, file);
  }

  #write(controller: string, file: string, value: string | number): boolean {
    try {
      writeFileSync(this.#file(controller, file), String(value));
      return true;
    } catch {
      return false; // the kernel has no such limit, or refuses it now, or the sandbox is gone
    }
  }
}

/** What thaws all groups below `path`, in the shell's words. */
export function thawing(
  { version, root }: Hierarchy,
  path: string,
): { readonly pattern: string; readonly value: string } {
  return version === 'v2'
    ? { pattern: join(root, path, '*', 'cgroup.freeze'), value: '0' }
    : { pattern: join(root, 'freezer', path, '*', 'freezer.state'), value: 'THAWED' };
}

/** Groups below `path` (such as `/lambkin-0123456789abcdef`), in whichever hierarchy any is left. */
export function groupsBelow(hierarchy: Hierarchy, path: string): readonly string[] {
  const names = directories(hierarchy).flatMap((top) => folders(join(top, path)));
  return [...new Set(names)].map((name) => `${path}/${name}`);
}

/** The OCI runtime makes groups in hierarchies that Lambkin itself has no use for. */
function directories({ version, root }: Hierarchy): readonly string[] {
  return version === 'v2' ? [root] : folders(root).map((name) => join(root, name));
}

function folders(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  } catch {
    return [];
  }
}

function removeDown(path: string): void {
  for (const name of folders(path)) removeDown(join(path, name));
  try {
    rmdirSync(path);
  } catch {
    // Not there, or still used: swept at the next start.
  }
}

function writable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
