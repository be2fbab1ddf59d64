/** Control groups of both versions, on files as the kernel documents them (cgroup-v1/memory.txt, cgroup-v2.rst). */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Cgroup, findHierarchy, groupsBelow, thawing, type CgroupVersion } from './cgroup.ts';

class Tree implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), 'lambkin-cgroup-'));

  write(path: string, text: string): void {
    mkdirSync(join(this.root, path, '..'), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  group(version: CgroupVersion): Cgroup {
    return new Cgroup({ version, root: this.root }, '/lambkin-x/1');
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}

test('the version is found by what is mounted, and what it lacks is named', () => {
  using tree = new Tree();
  assert.deepEqual(findHierarchy(tree.root), {
    missing: 'no writable cgroup of memory, cpu, cpuacct, pids, freezer',
  });
  for (const name of ['memory', 'cpu', 'cpuacct', 'pids', 'freezer']) mkdirSync(join(tree.root, name));
  assert.deepEqual(findHierarchy(tree.root), { version: 'v1', root: tree.root });
  tree.write('cgroup.controllers', 'cpuset cpu io pids\n');
  assert.deepEqual(findHierarchy(tree.root), { missing: 'cgroup v2 without memory' });
  tree.write('cgroup.controllers', 'cpuset cpu io memory pids\n');
  assert.deepEqual(findHierarchy(tree.root), { version: 'v2', root: tree.root });
});

test('version 2: limits are written to its files', () => {
  using tree = new Tree();
  tree.write('lambkin-x/1/cgroup.procs', '12\n34\n');
  const group = tree.group('v2');
  group.limitMemory(2 ** 20);
  group.limitCpu(0.5);
  group.yieldCpu(true);
  group.freeze(true);
  const read = (name: string): string => tree.read(`lambkin-x/1/${name}`);
  assert.deepEqual([read('memory.max'), read('memory.swap.max')], ['1048576', '0']);
  assert.deepEqual([read('cpu.max'), read('cpu.weight'), read('cgroup.freeze')], ['50000 100000', '1', '1']);
  group.limitCpu(undefined);
  group.yieldCpu(false);
  group.freeze(false);
  assert.deepEqual([read('cpu.max'), read('cpu.weight'), read('cgroup.freeze')], ['max 100000', '100', '0']);
  assert.deepEqual(group.processes(), [12, 34]);
});

test('version 2: what is used is read from its files', () => {
  using tree = new Tree();
  tree.write('lambkin-x/1/memory.stat', 'anon 4096\nfile 99\nshmem 8192\nanon_thp 7\n');
  tree.write('lambkin-x/1/memory.events', 'low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\noom_group_kill 0\n');
  tree.write('lambkin-x/1/cpu.stat', 'usage_usec 1234\nuser_usec 1000\n');
  const group = tree.group('v2');
  assert.deepEqual(group.usedBytes(), { anonymous: 4_096, shared: 8_192 });
  assert.equal(group.memoryKills(), 1);
  assert.equal(group.cpuUs(), 1_234);
});

test('version 1: each controller has a tree of its own', () => {
  using tree = new Tree();
  for (const name of ['memory', 'cpu', 'cpuacct', 'pids', 'freezer'])
    tree.write(`${name}/lambkin-x/1/tasks`, '');
  tree.write('memory/lambkin-x/1/memory.stat', 'rss 1\ntotal_rss 4096\ntotal_shmem 10\n');
  tree.write('memory/lambkin-x/1/memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n');
  tree.write('cpuacct/lambkin-x/1/cpuacct.usage', '5000\n');
  const group = tree.group('v1');
  group.limitMemory(2 ** 20);
  group.limitCpu(2);
  group.freeze(true);
  assert.equal(tree.read('memory/lambkin-x/1/memory.memsw.limit_in_bytes'), '1048576');
  assert.equal(tree.read('cpu/lambkin-x/1/cpu.cfs_quota_us'), '200000');
  assert.equal(tree.read('freezer/lambkin-x/1/freezer.state'), 'FROZEN');
  assert.deepEqual([group.usedBytes().anonymous, group.memoryKills(), group.cpuUs()], [4_096, 2, 5]);
});

test('a share of the processor is never less than the kernel takes', () => {
  using tree = new Tree();
  tree.write('lambkin-x/1/cgroup.procs', '');
  const group = tree.group('v2');
  group.limitCpu(0.000_1);
  assert.equal(tree.read('lambkin-x/1/cpu.max'), '1000 100000');
});

test('of a group that is gone nothing is known, and nothing fails', () => {
  using tree = new Tree();
  const group = tree.group('v2');
  group.limitMemory(1);
  group.freeze(true);
  group.remove();
  assert.deepEqual([group.processes(), group.memoryKills(), group.cpuUs()], [[], 0, undefined]);
});

test('groups of an earlier run are found in whichever tree they are left, and removed', () => {
  using tree = new Tree();
  mkdirSync(join(tree.root, 'memory/lambkin-x/1/below'), { recursive: true });
  mkdirSync(join(tree.root, 'pids/lambkin-x/2'), { recursive: true });
  const hierarchy = { version: 'v1', root: tree.root } as const;
  assert.deepEqual([...groupsBelow(hierarchy, '/lambkin-x')].sort(), ['/lambkin-x/1', '/lambkin-x/2']);
  new Cgroup(hierarchy, '/lambkin-x').remove();
  assert.deepEqual(groupsBelow(hierarchy, '/lambkin-x'), []);
  assert.deepEqual(thawing(hierarchy, '/lambkin-x').value, 'THAWED');
  assert.match(thawing({ version: 'v2', root: '/r' }, '/g').pattern, /^\/r\/g\/\*\/cgroup\.freeze$/);
});
