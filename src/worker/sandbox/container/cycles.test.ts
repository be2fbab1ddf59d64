/**
 * Sandboxes come and go, and nothing of them stays: no process, mount, control group, namespace, interface, file, descriptor or timer.
 * LAMBKIN_CYCLES sets how many; 10,000 were run before this was released. LAMBKIN_TEST_OCI_RUNTIME sets by what.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { Rooms, skipped } from '../contract/rooms.ts';
import { processIds } from '../process/proc.ts';
import { findHierarchy, groupsBelow } from './cgroup.ts';
import { bases } from './house.ts';
import { groupOf } from './sweep.ts';

const cycles = Number(process.env['LAMBKIN_CYCLES'] ?? 200);
const atOnce = 4;
const runtime = process.env['LAMBKIN_TEST_OCI_RUNTIME'] ?? 'runc';
const skip = await skipped('container', { runtime });

test(`after ${cycles} sandboxes nothing is left`, { skip, timeout: 60_000 + cycles * 1_000 }, async () => {
  await using rooms = await Rooms.open({ kind: 'container', containers: { runtime } });
  // What is made once and stays is there then.
  for (const way of [0, 1, 2, 3]) await cycle(rooms, 1, way);
  const before = await settled(rooms);
  let left = cycles;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while ((left -= 1) >= 0) await cycle(rooms, 1, left % 4);
    }),
  );
  const after = await settled(rooms, before);
  assert.deepEqual(after, before);
  assert.deepEqual(rooms.warnings, []);
});

async function cycle(rooms: Rooms, times: number, way = 0): Promise<void> {
  for (let turn = 0; turn < times; turn += 1) {
    if (way === 1) {
      // killed while it is busy, with children in sessions of their own
      const guest = await rooms.started(rooms.program('setsid sleep 999 & echo x >/tmp/x; echo up; wait'));
      await guest.until(() => guest.stdout.includes('up'));
      await guest.sandbox.kill();
    } else if (way === 2) {
      // made ahead, furnished, frozen, killed
      const { room: _room, ...ahead } = rooms.channel({ ahead: true, workingDirectory: undefined });
      const guest = await rooms.started(ahead);
      await rooms.sandboxes.furnish(guest.sandbox, { code: rooms.code, storageBytes: 2 ** 24 });
      if ('freeze' in guest.sandbox && typeof guest.sandbox.freeze === 'function') guest.sandbox.freeze();
      await guest.sandbox.kill();
    } else {
      await rooms.shell(way === 3 ? 'exit 3' : 'kill -9 $$');
    }
  }
}

/** What there is of everything, once it is as expected or does not change any more: the kernel tidies up a moment later. */
async function settled(rooms: Rooms, expected?: object): Promise<object> {
  const wanted = JSON.stringify(expected);
  let last = '';
  let alike = 0;
  for (let looks = 0; looks < 300 && alike < alikeMin; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = JSON.stringify(inventory(rooms));
    if (now === wanted) break;
    alike = now === last && wanted === undefined ? alike + 1 : 0;
    last = now;
  }
  return inventory(rooms);
}

/** Looks that find the same. */
const alikeMin = 5;

function inventory(rooms: Rooms): object {
  const hierarchy = findHierarchy();
  const enclave = keeper();
  const kinds: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind !== 'Timeout' && kind !== 'Immediate') kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return {
    processes: processIds().filter((pid) => isBelow(pid)).length,
    mounts: lines('/proc/self/mountinfo', new RegExp(basename(rooms.root))),
    enclaveMounts: mountsOfOurs(enclave),
    enclaveLinks: lines(`/proc/${enclave}/net/dev`),
    groups: 'missing' in hierarchy ? -1 : groupsBelow(hierarchy, groupOf(rooms.directory)).length,
    namespaces: new Set(processIds().flatMap((pid) => (isBelow(pid) ? [namespaceOf(pid)] : []))).size,
    files: readdirSync(rooms.directory, { recursive: true }).length,
    descriptors: readdirSync('/proc/self/fd').length,
    kinds,
  };
}

/** The first process of the enclave, as the host counts. */
function keeper(): number {
  const own = processIds().find(
    (pid) => parentOf(pid) === process.pid && namespaceOf(pid, 'mnt') !== namespaceOf(process.pid, 'mnt'),
  );
  assert.ok(own !== undefined, 'there is an enclave');
  return own;
}

/** What is mounted for sandboxes. Mounts that others make on this host meanwhile show up in the enclave as well, and are none of ours. */
function mountsOfOurs(enclave: number): number {
  const mounts = readFileSync(`/proc/${enclave}/mountinfo`, 'latin1').trimEnd().split('\n');
  const ours = mounts.find((mount) => bases.includes(placeOf(mount)) && mount.includes(' - tmpfs lambkin '));
  assert.ok(ours !== undefined, 'the enclave has files of its own');
  const base = placeOf(ours);
  return mounts.filter((mount) => `${placeOf(mount)}/`.startsWith(`${base}/`)).length;
}

/** Where something is mounted. */
function placeOf(mount: string): string {
  return mount.split(' ')[4] ?? '';
}

/** Whether a process descends from this one. */
function isBelow(pid: number): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = parentOf(at)) {
    if (at === process.pid) return true;
  }
  return false;
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function namespaceOf(pid: number, kind = 'pid'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined;
  }
}

function lines(path: string, like = /./): number {
  return readFileSync(path, 'latin1')
    .split('\n')
    .filter((line) => like.test(line)).length;
}
