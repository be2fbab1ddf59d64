/** What the OCI runtime is told about one sandbox: its config.json (runtime specification 1.0.2). */
import { initArguments } from './init.ts';
import { seccompProfile } from './seccomp.ts';

/** As on AWS. */
export const sandboxUser = { uid: 993, gid: 990, name: 'sbx_user1051' } as const;
/** Ids inside are this many, each sandbox's a range of its own on the host: no two share a user. */
const idsPerSandbox = 1_000;
const firstHostId = 1_879_048_192;
export const pidsMax = 1_024;
export const openFilesMax = 1_024;

export interface Bundle {
  readonly command: readonly string[];
  /** How a shell is started inside; absent: it is where it usually is. */
  readonly shell?: readonly string[];
  readonly talk: 'channel' | 'runtime-api';
  readonly env: Readonly<Record<string, string>>;
  /** A place of the sandbox. */
  readonly workingDirectory: string;
  /** Absolute, as the OCI runtime sees it. */
  readonly root: string;
  /** Absent: the root has its own. */
  readonly taskSource?: string;
  readonly optSource?: string;
  readonly hostsSource: string;
  readonly storageBytes: number;
  readonly cgroup: string;
  /** Counts the sandboxes that are there at once, from 0. */
  readonly slot: number;
  readonly arch: string;
}

const boundOptions = ['bind', 'rslave', 'ro', 'nosuid', 'nodev'];
const shmBytes = 64 * 1024 * 1024;
/** As a small disk is formatted: one file for so many bytes. */
const bytesPerFileMin = 4_096;
/** What /dev holds, and more. */
const filesMin = 256;

export function bundleConfig(bundle: Bundle): object {
  const ids = [{ containerID: 0, hostID: firstHostId + bundle.slot * idsPerSandbox, size: idsPerSandbox }];
  return {
    ociVersion: '1.0.2',
    process: processPart({ ...bundle, args: initArguments(bundle.command, bundle.talk, bundle.shell) }),
    root: { path: bundle.root, readonly: true },
    hostname: 'lambda',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      tmpfs('/dev', 64 * 1024, ['nosuid', 'strictatime', 'mode=755']),
      tmpfs('/dev/shm', shmBytes, ['nosuid', 'nodev', 'noexec', 'mode=1777']),
      tmpfs('/tmp', bundle.storageBytes, ['nosuid', 'nodev', 'mode=1777']),
      ...bound('/var/task', bundle.taskSource),
      ...bound('/opt', bundle.optSource),
      ...bound('/etc/hosts', bundle.hostsSource),
    ],
    linux: {
      namespaces: ['user', 'pid', 'mount', 'network', 'ipc', 'uts', 'cgroup'].map((type) => ({ type })),
      // What is mounted at a sandbox's places later is to be seen inside: the default of some runtimes cuts that off.
      rootfsPropagation: 'rslave',
      uidMappings: ids,
      gidMappings: ids,
      cgroupsPath: bundle.cgroup,
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
        pids: { limit: pidsMax },
      },
      seccomp: seccompProfile(bundle.arch),
      maskedPaths: [
        ['acpi', 'asound', 'interrupts', 'kcore', 'keys', 'kmsg', 'latency_stats', 'sched_debug', 'scsi'],
        ['timer_list', 'timer_stats', 'sysrq-trigger', 'cmdline', 'modules', 'swaps'],
      ]
        .flat()
        .map((name) => `/proc/${name}`),
      readonlyPaths: ['bus', 'fs', 'irq', 'sys'].map((name) => `/proc/${name}`),
    },
  };
}

/** What is said of a process, the first or a further one. */
export function processPart({
  args,
  env,
  workingDirectory,
}: Pick<Bundle, 'env' | 'workingDirectory'> & { readonly args: readonly string[] }): object {
  const none: readonly string[] = [];
  return {
    terminal: false,
    user: { uid: sandboxUser.uid, gid: sandboxUser.gid },
    args,
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    cwd: workingDirectory,
    capabilities: { bounding: none, effective: none, permitted: none, inheritable: none, ambient: none },
    rlimits: [
      { type: 'RLIMIT_NOFILE', soft: openFilesMax, hard: openFilesMax },
      { type: 'RLIMIT_CORE', soft: 0, hard: 0 },
    ],
    noNewPrivileges: true,
  };
}

/** Nothing where the root has its own. */
function bound(destination: string, source: string | undefined): readonly object[] {
  return source === undefined ? [] : [{ destination, type: 'bind', source, options: boundOptions }];
}

function tmpfs(destination: string, bytes: number, options: readonly string[]): object {
  return { destination, type: 'tmpfs', source: 'tmpfs', options: [...options, ...sizeOptions(bytes)] };
}

/** How much may lie in such a place, and how many files: also an empty one costs the kernel memory. */
export function sizeOptions(bytes: number): readonly string[] {
  return [`size=${bytes}`, `nr_inodes=${Math.max(filesMin, Math.ceil(bytes / bytesPerFileMin))}`];
}
