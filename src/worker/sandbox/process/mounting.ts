/**
 * Puts a function's layers at /opt, for its processes alone: they start in a mount namespace of their own, in which the merged
 * tree is bound read-only over the host's /opt. The namespace goes with its last process, and the mount with it, also
 * after kill -9; the host never sees it. A host's own later mounts still reach the namespace (propagation `slave`).
 *
 *   as root       unshare --mount ─▶ sh: mount ─▶ the command
 *   as anybody    unshare --user --mount ─▶ sh: mount ─▶ unshare --user (own id again, and no rights over the mount) ─▶ the command
 *
 * All that is given to the shell are arguments, which it never reads as text of its own.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

export const optPath = '/opt';

/** How this host can do it. */
export type Mounting =
  | { readonly kind: 'root'; readonly tools: Tools; readonly flags: string }
  | { readonly kind: 'user'; readonly tools: Tools; readonly flags: string; readonly user: User }
  /** It cannot: layers stay where they were unpacked. `why` for the operator. */
  | { readonly kind: 'none'; readonly why: string };

export type Mounted = Exclude<Mounting, { readonly kind: 'none' }>;

interface User {
  readonly uid: number;
  readonly gid: number;
}

interface Tools {
  readonly unshare: string;
  readonly nsenter: string;
  readonly mount: string;
  readonly shell: string;
}

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const run = promisify(execFile);
/** None of these tools has reason to take longer. */
const toolMsMax = 5_000;
/** How long a process is given to enter its namespace; starting another would take as long. */
const namespaceLooksMax = 10;
const namespaceLookMs = 2;
const newNamespace = ['--mount', '--propagation', 'slave'];
/** A mount that a user may make must keep the restrictions of where its tree lies: the first that the host takes is used. */
const flagsTried = ['bind,ro,nosuid,nodev', 'bind,ro,nosuid,nodev,noexec'];
/** Read by the loader of every program, also of those that come before the function's. */
const loaderVariable = /^LD_[A-Z0-9_]+$/;

/** Finds out by doing it once, with `directory` (where trees may lie) at /opt. */
export async function probeMounting(directory: string, runAs: User | undefined): Promise<Mounting> {
  if (process.platform !== 'linux')
    return { kind: 'none', why: `${process.platform} has no mount namespaces` };
  const tools = findTools();
  if (tools === undefined) return { kind: 'none', why: 'unshare, nsenter or mount (util-linux) is missing' };
  const user = runAs ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  // Root in a container may lack the right to mount, and yet be allowed a namespace of users.
  const asUser = flagsTried.map((flags): Mounted => ({ kind: 'user', tools, flags, user }));
  const asRoot = flagsTried.map((flags): Mounted => ({ kind: 'root', tools, flags }));
  let why = '';
  for (const mounting of user.uid === 0 ? [...asRoot, ...asUser] : asUser) {
    const probe = mountedCommand(mounting, directory, { command: tools.shell, args: ['-c', ':'], env: {} });
    try {
      await run(probe.command, [...probe.args], { env: probe.env, timeout: toolMsMax, ...runAs });
      return mounting;
    } catch (error) {
      why = reasonOf(error);
    }
  }
  return { kind: 'none', why };
}

/** Starts in a namespace of its own, with `tree` at /opt, and with `hosts` at /etc/hosts where that can be. */
export function mountedCommand(
  mounting: Mounted,
  tree: string,
  { command, args, env }: Command,
  hosts?: string,
): Command {
  const { tools, flags } = mounting;
  // These would make the loader look into a /opt that is not there yet, and complain in the function's log.
  const late = Object.entries(env).filter(([name]) => loaderVariable.test(name));
  const script = [
    '"$1" -n -o "$2" -- "$3" "$4" || exit 126',
    ...(hosts === undefined ? [] : ['"$1" -n -o "$2" -- "$5" /etc/hosts 2>/dev/null; shift']),
    'shift 4',
    ...late.map(([name]) => `export ${name}="$1"; shift`),
    'exec "$@"',
  ].join('; ');
  return {
    command: tools.unshare,
    args: [
      ...(mounting.kind === 'user' ? ['--user', '--map-root-user'] : []),
      ...newNamespace,
      '--',
      tools.shell,
      '-c',
      script,
      'lambkin',
      tools.mount,
      flags,
      tree,
      optPath,
      ...(hosts === undefined ? [] : [hosts]),
      ...late.map(([, value]) => value),
      ...(mounting.kind === 'user' ? ownIds(mounting) : []),
      command,
      ...args,
    ],
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !loaderVariable.test(name))),
  };
}

/** Starts in a namespace of its own, in which `mountInto` can put a tree at /opt later. Only root can do that. */
export function mountableCommand(mounting: Mounted & { readonly kind: 'root' }, command: Command): Command {
  const { unshare } = mounting.tools;
  return { ...command, command: unshare, args: [...newNamespace, '--', command.command, ...command.args] };
}

/**
 * Puts `tree` at /opt of a process that was started by `mountableCommand`. False where that fails, or where the process gets no
 * namespace of its own: nothing is ever mounted in the host's. The process must be known to live when this is called.
 */
export async function mountInto(
  { tools, flags }: Mounted & { readonly kind: 'root' },
  pid: number,
  tree: string,
): Promise<boolean> {
  let namespace: number | undefined;
  try {
    namespace = await ownNamespace(pid);
    if (namespace === undefined) return false;
    const mount = [tools.mount, '-n', '-o', flags, '--', tree, optPath];
    const args = ['--mount=/proc/self/fd/3', '--', ...mount];
    const child = spawn(tools.nsenter, args, { env: {}, stdio: ['ignore', 'ignore', 'ignore', namespace] });
    const [code] = (await once(child, 'exit', { signal: AbortSignal.timeout(toolMsMax) })) as [number | null];
    return code === 0;
  } catch {
    return false;
  } finally {
    if (namespace !== undefined) closeSync(namespace);
  }
}

/** A descriptor of the process's mount namespace, once it is not the host's any more: it may have been started just now. */
async function ownNamespace(pid: number): Promise<number | undefined> {
  const host = statSync('/proc/self/ns/mnt').ino;
  // Means this very process, also when it ends and its number becomes another's.
  const directory = openSync(`/proc/${pid}`, 'r');
  try {
    for (let looks = 0; looks < namespaceLooksMax; looks += 1) {
      const namespace = openSync(`/proc/self/fd/${directory}/ns/mnt`, 'r');
      if (fstatSync(namespace).ino !== host) return namespace;
      closeSync(namespace);
      await pause(namespaceLookMs);
    }
    return undefined;
  } finally {
    closeSync(directory);
  }
}

/** Back to the user's own ids, in a second user namespace that has no rights over the first one's mounts. */
function ownIds({ tools, user }: Mounted & { readonly kind: 'user' }): readonly string[] {
  return [tools.unshare, '--user', `--map-user=${user.uid}`, `--map-group=${user.gid}`, '--'];
}

function findTools(): Tools | undefined {
  const [unshare, nsenter, mount, shell] = ['unshare', 'nsenter', 'mount', 'sh'].map((name) =>
    ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((folder) => `${folder}/${name}`).find(isExecutable),
  );
  if (unshare === undefined || nsenter === undefined || mount === undefined || shell === undefined) {
    return undefined;
  }
  return { unshare, nsenter, mount, shell };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What the tool said, on one line. */
function reasonOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return (said === '' ? String(error) : said).split('\n')[0] ?? '';
}
