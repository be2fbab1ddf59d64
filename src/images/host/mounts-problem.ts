/** Whether this host can mount images. */
import { constants } from 'node:fs';
import { access, open, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { command, hostPath } from './command.ts';

const programs = {
  nbdfuse: 'libnbd-bin',
  losetup: 'mount',
  mount: 'mount',
  umount: 'mount',
} as const;

/** CAP_SYS_ADMIN, as a bit of what /proc says a process may do. */
const systemAdministration = 1n << 21n;

/** Why this host cannot mount images; undefined when it can. */
export async function imageMountsProblem(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'images are mounted on Linux only';
  if (process.getuid?.() !== 0) return 'mounting images needs root';
  const status = await readFile('/proc/self/status', 'latin1').catch(() => '');
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (capabilities !== undefined && (BigInt(`0x${capabilities}`) & systemAdministration) === 0n) {
    return 'mounting images needs the capability CAP_SYS_ADMIN';
  }
  for (const device of ['/dev/fuse', '/dev/loop-control']) {
    const problem = await openProblem(device);
    if (problem !== undefined) return problem;
  }
  if (!/^\s+ext4$/m.test(await readFile('/proc/filesystems', 'latin1').catch(() => ''))) {
    return 'the kernel has no ext4';
  }
  for (const [program, debianPackage] of Object.entries(programs)) {
    if (!(await isFound(program))) return `${program} is not installed (Debian: ${debianPackage})`;
  }
  return loopProblem();
}

/** In a container the kernel may offer a device that has no file. */
async function loopProblem(): Promise<string | undefined> {
  try {
    const free = (await command('losetup', '-f')).trim();
    return await openProblem(free);
  } catch (error) {
    return `there is no loop device: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function openProblem(device: string): Promise<string | undefined> {
  try {
    const file = await open(device, constants.O_RDONLY);
    await file.close();
    return undefined;
  } catch (error) {
    return `${device} cannot be opened: ${(error as NodeJS.ErrnoException).code}`;
  }
}

async function isFound(program: string): Promise<boolean> {
  for (const directory of hostPath.split(delimiter)) {
    if (directory === '') continue;
    const found = await access(join(directory, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
