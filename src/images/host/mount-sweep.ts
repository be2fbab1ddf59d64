/**
 * Clears what an earlier run left below a directory, whatever state it is in: programs that serve it are ended first, so that nothing hangs that
 * waits for them; then mounts, the newest first, and loop devices.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pause, type Clock } from '#platform';
import { mountLimits } from '../limits.ts';
import { command } from './command.ts';

/** `directory` must be a real path. Rejects when something does not go. */
export async function sweepMounts(directory: string, clock: Clock): Promise<void> {
  const endMs = clock.monotonicMs() + mountLimits.commandMsMax;
  for (;;) {
    const processes = await servingProcesses(directory);
    for (const pid of processes) kill(pid);
    // Before their files are unmounted: afterwards nobody can tell whose they are.
    const loops = await loopDevices(directory);
    const mounts = await mountPoints(directory);
    for (const point of mounts.toReversed()) await command('umount', '-n', '-l', point).catch(() => {});
    for (const loop of loops) await command('losetup', '-d', loop).catch(() => {});
    if (processes.length + mounts.length + loops.length === 0) break;
    if (clock.monotonicMs() > endMs) {
      throw new Error(
        `what an earlier run left in ${directory} does not go: ${[...mounts, ...loops].join(' ')}`,
      );
    }
    await pause(clock, mountLimits.lookMs);
  }
  for (const name of await readdir(directory))
    await rm(join(directory, name), { recursive: true, force: true });
}

/** nbdfuse and device programs: their command lines name something below the directory. */
async function servingProcesses(directory: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const words = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).split('\0');
    const isFuse =
      words[0]?.endsWith('nbdfuse') === true && words.some((word) => word.startsWith(`${directory}/`));
    if (isFuse || (words.includes(deviceMark) && words.includes(directory))) found.push(pid);
  }
  return found;
}

/** A word in the command line of device programs; their directory follows it. */
export const deviceMark = '--image-devices';

async function mountPoints(directory: string): Promise<readonly string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
    .filter((point) => point === directory || point.startsWith(`${directory}/`));
}

async function loopDevices(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir('/sys/block')) {
    if (!name.startsWith('loop')) continue;
    const file = await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8').catch(() => '');
    if (file.startsWith(`${directory}/`)) found.push(`/dev/${name}`);
  }
  return found;
}

/** The kernel writes white space and backslashes in octal. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
