/** What can be found out about this host. Nothing is changed, and nothing that is missing is an error by itself. */
import { constants } from 'node:fs';
import { access, open, readFile, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { unreachable } from '#lib/assert';
import { systemClock } from '#platform';
import { imageMountsProblem, probeMounting } from '#roles';
import { openRuntimes, type RuntimeStatus } from '#runtimes';
import { firstLineOf, programVersion, runs } from './programs.ts';
import { statusText } from './runtimes.ts';

export interface Finding {
  readonly area: string;
  readonly name: string;
  /** `available`: comes when it is asked for. `missing`: Lambkin runs without it. `broken`: it does not. */
  readonly status: 'good' | 'available' | 'missing' | 'broken';
  readonly detail: string;
  /** What to do for more. */
  readonly remedy?: string;
}

const openFilesWanted = 4_096;
const diskBytesMin = 256 * 1024 * 1024;
/** No host's clock is right that says it is earlier. */
const earliestMs = Date.UTC(2026, 0, 1);

export async function findings(dataDirectory: string): Promise<readonly Finding[]> {
  const parts = await Promise.all([
    host(),
    layers(dataDirectory),
    storage(dataDirectory),
    runtimes(dataDirectory),
    containers(),
    images(),
    microvms(),
  ]);
  return parts.flat();
}

async function host(): Promise<readonly Finding[]> {
  const area = 'Host';
  const isBundled = process.execPath.includes(`${sep}node_modules${sep}`);
  const isRoot = process.getuid?.() === 0;
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const openFiles = limitIn(limits, 'Max open files');
  const processes = limitIn(limits, 'Max processes');
  const clockIsRight = systemClock.wallMs() >= earliestMs;
  return [
    {
      area,
      name: 'Node',
      status: 'good',
      detail: `${process.versions.node} (${isBundled ? 'comes with Lambkin' : process.execPath})`,
    },
    { area, name: 'System', status: 'good', detail: `${process.platform} ${process.arch}` },
    {
      area,
      name: 'Size',
      status: 'good',
      detail: `${availableParallelism()} CPUs, ${megabytes(totalmem())} memory (${megabytes(freemem())} free)`,
    },
    {
      area,
      name: 'User',
      status: 'good',
      detail: isRoot ? 'root' : `${process.getuid?.() ?? 'unknown'} (not root)`,
    },
    {
      area,
      name: 'Open files',
      status: openFiles === undefined || openFiles >= openFilesWanted ? 'good' : 'missing',
      detail: openFiles === undefined ? 'unknown' : `at most ${openFiles}`,
      ...(openFiles !== undefined && openFiles < openFilesWanted
        ? {
            remedy: `"ulimit -n ${openFilesWanted}" before starting Lambkin lets more environments run at once`,
          }
        : {}),
    },
    {
      area,
      name: 'Processes',
      status: 'good',
      detail: processes === undefined ? 'unknown' : `at most ${processes}`,
    },
    {
      area,
      name: 'Clock',
      status: clockIsRight ? 'good' : 'missing',
      detail: new Date(systemClock.wallMs()).toISOString(),
      ...(clockIsRight
        ? {}
        : { remedy: 'set the clock: signatures of clients are refused when it is wrong' }),
    },
  ];
}

/** Where a function finds its layers. */
async function layers(dataDirectory: string): Promise<readonly Finding[]> {
  const [area, name] = ['Host', 'Layers'];
  const mounting = await probeMounting(await existing(dataDirectory), undefined);
  switch (mounting.kind) {
    case 'root':
      return [{ area, name, status: 'good', detail: 'mounted at /opt' }];
    case 'user':
      return [{ area, name, status: 'good', detail: 'mounted at /opt, in a user namespace' }];
    case 'none': {
      const detail = `in the data directory, not at /opt (${mounting.why})`;
      const remedy =
        'run Lambkin as root, or allow users to make namespaces, if functions name paths below /opt';
      return [{ area, name, status: 'missing', detail, remedy }];
    }
    default:
      return unreachable(mounting);
  }
}

async function storage(dataDirectory: string): Promise<readonly Finding[]> {
  const area = 'Data directory';
  const place = await existing(dataDirectory);
  const writable = await access(place, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const disk = await statfs(place).catch(() => undefined);
  const freeBytes = disk === undefined ? undefined : disk.bavail * disk.bsize;
  const isTight = freeBytes !== undefined && freeBytes < diskBytesMin;
  return [
    {
      area,
      name: 'Place',
      status: writable ? 'good' : 'broken',
      detail: `${dataDirectory}${writable ? '' : ' cannot be written'}`,
      ...(writable ? {} : { remedy: 'choose another with --data-dir' }),
    },
    {
      area,
      name: 'Disk',
      status: isTight ? 'broken' : 'good',
      detail: freeBytes === undefined ? 'unknown' : `${(freeBytes / 2 ** 30).toFixed(1)} GB free`,
      ...(isTight ? { remedy: `at least ${diskBytesMin / 2 ** 20} MB are needed` } : {}),
    },
  ];
}

async function runtimes(dataDirectory: string): Promise<readonly Finding[]> {
  const catalogue = openRuntimes({ directory: join(dataDirectory, 'runtimes'), clock: systemClock });
  return (await catalogue.list()).map((status) => ({
    area: 'Runtimes',
    name: status.runtime,
    status: standing[status.availability.kind],
    detail: statusText(status),
  }));
}

const standing: Readonly<Record<RuntimeStatus['availability']['kind'], Finding['status']>> = {
  ready: 'good',
  installable: 'available',
  missing: 'missing',
  retired: 'missing',
  unknown: 'missing',
};

async function containers(): Promise<readonly Finding[]> {
  const area = 'For containers';
  const programs = await Promise.all(['runc', 'crun', 'runsc'].map((name) => runtimeProgram(area, name)));
  return [...programs, await uplink(area), await cgroups(area), await userNamespaces(area)];
}

/** What functions of PackageType Image need besides containers. */
async function images(): Promise<readonly Finding[]> {
  const [area, name] = ['For container images (besides containers)', 'Mounting'];
  const problem = await imageMountsProblem();
  if (problem === undefined) {
    return [{ area, name, status: 'good', detail: 'functions of PackageType Image can run in containers' }];
  }
  const detail = `functions of PackageType Image cannot run: ${problem}`;
  const remedy = 'run Lambkin as root, and: apt-get install libnbd-bin fuse3 mount';
  return [{ area, name, status: 'missing', detail, remedy }];
}

async function runtimeProgram(area: string, name: string): Promise<Finding> {
  const version = await programVersion(name);
  if (version !== undefined) return { area, name, status: 'good', detail: version };
  const remedy = name === 'runc' ? { remedy: 'apt-get install runc' } : {};
  return { area, name, status: 'missing', detail: 'not installed', ...remedy };
}

/** What `--network internet` needs besides. */
async function uplink(area: string): Promise<Finding> {
  const name = 'Internet';
  const programs = await Promise.all(['slirp4netns', 'nft'].map((program) => programVersion(program)));
  if (programs.every((version) => version !== undefined)) {
    return { area, name, status: 'good', detail: 'slirp4netns and nft: --network internet can be chosen' };
  }
  const remedy = 'apt-get install slirp4netns nftables';
  return { area, name, status: 'missing', detail: '--network internet needs slirp4netns and nft', remedy };
}

async function cgroups(area: string): Promise<Finding> {
  const root = '/sys/fs/cgroup';
  const controllers = await readFile(join(root, 'cgroup.controllers'), 'utf8').catch(() => undefined);
  const memoryV1 = await access(join(root, 'memory')).then(
    () => true,
    () => false,
  );
  if (controllers === undefined && !memoryV1) {
    return { area, name: 'cgroups', status: 'missing', detail: 'none are mounted at /sys/fs/cgroup' };
  }
  const writable = await access(controllers === undefined ? join(root, 'memory') : root, constants.W_OK).then(
    () => true,
    () => false,
  );
  const kind = controllers === undefined ? 'v1' : `v2 (${controllers.trim() || 'no controllers'})`;
  return {
    area,
    name: 'cgroups',
    status: writable ? 'good' : 'missing',
    detail: `${kind}, ${writable ? 'writable' : 'not writable'}`,
    ...(writable ? {} : { remedy: 'run Lambkin as root, or delegate a cgroup to this user' }),
  };
}

async function userNamespaces(area: string): Promise<Finding> {
  const works = await runs('unshare', ['--user', '--map-root-user', 'true']);
  return {
    area,
    name: 'User namespaces',
    status: works ? 'good' : 'missing',
    detail: works ? 'can be made' : 'cannot be made by this user',
  };
}

async function microvms(): Promise<readonly Finding[]> {
  const area = 'For microVMs (a later version uses them)';
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const qemu = await programVersion(`qemu-system-${machine}`);
  const firecracker = await programVersion('firecracker');
  return [
    await kvm(area),
    qemu === undefined
      ? {
          area,
          name: 'QEMU',
          status: 'missing',
          detail: `qemu-system-${machine} is not installed`,
          remedy: `apt-get install qemu-system-${machine === 'aarch64' ? 'arm' : 'x86'}`,
        }
      : { area, name: 'QEMU', status: 'good', detail: firstLineOf(qemu) },
    firecracker === undefined
      ? { area, name: 'Firecracker', status: 'missing', detail: 'not installed' }
      : { area, name: 'Firecracker', status: 'good', detail: firstLineOf(firecracker) },
  ];
}

/** Present is not enough: it must open for reading and writing. */
async function kvm(area: string): Promise<Finding> {
  try {
    const file = await open('/dev/kvm', constants.O_RDWR);
    await file.close();
    return { area, name: 'KVM', status: 'good', detail: '/dev/kvm opens' };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      return {
        area,
        name: 'KVM',
        status: 'missing',
        detail: 'no /dev/kvm: this host gives no hardware virtualisation',
      };
    }
    const remedy = code === 'EACCES' ? { remedy: 'add this user to the group kvm' } : {};
    return {
      area,
      name: 'KVM',
      status: 'missing',
      detail: `/dev/kvm does not open: ${code ?? 'unknown'}`,
      ...remedy,
    };
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}

/** The soft limit of that name in /proc/self/limits; Infinity where it is unlimited. */
export function limitIn(limits: string, name: string): number | undefined {
  const row = limits.split('\n').find((text) => text.startsWith(name));
  const soft = row?.slice(name.length).trim().split(/\s+/)[0];
  if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
  return soft === undefined || !/^\d+$/.test(soft) ? undefined : Number(soft);
}

/** The directory itself, or the nearest above it that is there. */
async function existing(path: string): Promise<string> {
  try {
    await access(path);
    return path;
  } catch {
    return dirname(path) === path ? path : existing(dirname(path));
  }
}
