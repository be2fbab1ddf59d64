/** The pure parts of container sandboxes: what the OCI runtime, the shell, nft and ip are told, and how ends are read. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { array, assert as check, property, string } from 'fast-check';
import { bundleConfig } from './bundle.ts';
import { line } from './enclave.ts';
import { exitStatusOf } from './init.ts';
import { slotsMax } from './limits.ts';
import { gatewayAddress, linkLines, sandboxAddress } from './network.ts';
import { hostsText, programInside } from './root.ts';
import { seccompProfile } from './seccomp.ts';
import { filterLines } from './uplink.ts';

const bundle = {
  command: ['/var/lang/bin/node', 'x.mjs'],
  talk: 'channel',
  env: { A: 'b=c' },
  workingDirectory: '/var/task',
  root: '/r',
  taskSource: '/t',
  optSource: '/o',
  hostsSource: '/h',
  storageBytes: 2 ** 29,
  cgroup: '/lambkin-x/1',
  slot: 3,
  arch: 'x64',
} as const;

interface Config {
  readonly process: {
    readonly env: string[];
    readonly capabilities: Record<string, string[]>;
    readonly noNewPrivileges: boolean;
  };
  readonly root: { readonly readonly: boolean };
  readonly mounts: { readonly destination: string; readonly options: string[] }[];
  readonly linux: {
    readonly namespaces: { type: string }[];
    readonly uidMappings: { containerID: number; hostID: number; size: number }[];
  };
}

test('a sandbox is shut in every way that the runtime knows', () => {
  const config = bundleConfig(bundle) as unknown as Config;
  assert.deepEqual(config.linux.namespaces.map(({ type }) => type).sort(), [
    'cgroup',
    'ipc',
    'mount',
    'network',
    'pid',
    'user',
    'uts',
  ]);
  assert.deepEqual(Object.values(config.process.capabilities).flat(), []);
  assert.ok(config.process.noNewPrivileges && config.root.readonly);
  assert.deepEqual(config.process.env, ['A=b=c']);
  for (const { destination, options } of config.mounts) {
    assert.ok(options.includes('nosuid'), destination);
    if (['/var/task', '/opt', '/etc/hosts'].includes(destination))
      assert.ok(options.includes('ro'), destination);
  }
  assert.ok(
    config.mounts.some(
      ({ destination, options }) => destination === '/tmp' && options.includes('size=536870912'),
    ),
  );
});

test('no two sandboxes share a user or an address', () => {
  const [addresses, users] = [new Set<string>(), new Set<number>()];
  let last = 0;
  for (let slot = 0; slot < slotsMax; slot += 1) {
    addresses.add(sandboxAddress(slot));
    const [range] = (bundleConfig({ ...bundle, slot }) as unknown as Config).linux.uidMappings;
    assert.ok(range !== undefined && range.hostID >= last && range.containerID === 0);
    last = range.hostID + range.size;
    users.add(range.hostID);
  }
  assert.deepEqual([addresses.size, users.size], [slotsMax, slotsMax]);
  assert.ok(last < 2 ** 32 - 2 && !addresses.has(gatewayAddress));
  for (const address of addresses) {
    const [a, b, c = 0, d = 0] = address.split('.').map(Number);
    assert.ok(a === 169 && b === 254 && c >= 1 && c < 100 && d <= 255);
  }
});

test('every word reaches a command as it is', () => {
  check(
    property(
      array(
        string({ maxLength: 20 }).filter((word) => !word.includes('\0')),
        { minLength: 1 },
      ),
      (words) => {
        const said = execFileSync('/bin/sh', ['-c', line('printf', '%s\\0', ...words)]).toString();
        assert.deepEqual(said.split('\0').slice(0, -1), words);
      },
    ),
    { numRuns: 30 },
  );
});

test('an end is read as the first process tells it', () => {
  assert.deepEqual(exitStatusOf('exit 0\n'), { kind: 'code', code: 0 });
  assert.deepEqual(exitStatusOf('exit 137\n'), { kind: 'code', code: 137 });
  assert.deepEqual(exitStatusOf('Killed\nexit 137\n'), { kind: 'signal', signal: 'SIGKILL' });
  assert.deepEqual(exitStatusOf('Segmentation fault\nexit 139\n'), { kind: 'signal', signal: 'SIGSEGV' });
  assert.deepEqual(exitStatusOf('sh: x: not found\nexit 127\n'), { kind: 'code', code: 127 });
  assert.deepEqual(exitStatusOf(''), { kind: 'signal', signal: 'SIGKILL' });
});

test('calls that lead out are refused, by flags where the call itself is needed', () => {
  const { syscalls, defaultAction } = seccompProfile('x64');
  assert.equal(defaultAction, 'SCMP_ACT_ALLOW');
  const names = new Set(syscalls.filter(({ args }) => args === undefined).flatMap((rule) => rule.names));
  for (const name of [
    'ptrace',
    'mount',
    'unshare',
    'setns',
    'bpf',
    'keyctl',
    'io_uring_setup',
    'userfaultfd',
    'clone3',
  ])
    assert.ok(names.has(name), name);
  for (const name of ['clone', 'socket', 'ioctl', 'read', 'execve']) assert.ok(!names.has(name), name);
});

test('nothing is sent to the host, to link-local addresses or to others', () => {
  const rules = filterLines(['192.0.2.2']);
  const accepted = rules.findIndex((rule) => rule === 'iifname "v*" oifname "tap0" accept');
  for (const address of ['169.254.0.0/16', '127.0.0.0/8', '192.0.2.2']) {
    const refused = rules.indexOf(`ip daddr ${address} reject`);
    assert.ok(refused > 0 && refused < accepted, address);
  }
  assert.ok(rules.some((rule) => rule.includes('policy drop')));
});

test('a sandbox has one way, and a second only where it may go outside', () => {
  assert.ok(!linkLines(1, 7, false).join('\n').includes('route add default'));
  assert.ok(linkLines(1, 7, true).join('\n').includes('route add default'));
  assert.match(hostsText('169.254.1.2'), /^169\.254\.1\.2 sandbox\.localdomain sandbox$/m);
  assert.equal(programInside('/usr/bin/python3.11'), '/usr/bin/python3.11');
  assert.equal(programInside('/root/.pyenv/versions/3.12.1/bin/python3.12'), '/var/lang/bin/python3.12');
});
