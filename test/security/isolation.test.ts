/**
 * A function in a container tries to get out, in every way that we could think of, and fails each time. What is tried stands beside
 * what still must work, so that a sandbox in which nothing works at all does not pass.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type Guest, Rooms, skipped } from '../../src/worker/sandbox/contract/rooms.ts';
import { closedCalls } from './closed-calls.ts';

/** On the whole host. */
const processes = (): number => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length;

const mebibyte = 2 ** 20;
/** The OCI runtime: `isolation-crun.test.ts` has the same tried with another. */
const runtime = process.env['LAMBKIN_TEST_OCI_RUNTIME'] ?? 'runc';
const skip = await skipped('container', { runtime });
const open = (reached: readonly (() => string)[] = []): Promise<Rooms> =>
  Rooms.open({ kind: 'container', containers: { runtime }, reached });

/** Each line of the script is tried by itself; those that worked. */
async function worked(rooms: Rooms, attempts: readonly string[]): Promise<readonly string[]> {
  const script = attempts.map((attempt, at) => `( ${attempt} ) >/dev/null 2>&1 && echo ${at}`).join('\n');
  const guest = await rooms.shell(`${script}\necho over`);
  assert.match(guest.stdout, /over\n$/, guest.stderr);
  return guest.stdout
    .split('\n')
    .flatMap((line) => (/^\d+$/.test(line) ? [attempts[Number(line)] ?? line] : []));
}

/** Runs a program in Python, which can make any system call. */
function python(rooms: Rooms, program: string): Promise<Guest> {
  rooms.put('attempt.py', program);
  return rooms.shell('exec python3 /var/task/attempt.py');
}

suite(`a function in a container (${runtime})`, { skip }, () => {
  test('cannot read files of the host', async () => {
    await using rooms = await open();
    const secret = mkdtempSync(join(tmpdir(), 'lambkin-secret-'));
    writeFileSync(join(secret, 'file'), 'of the host', { mode: 0o644 });
    try {
      const attempts = [
        `cat ${secret}/file`,
        `cat /proc/1/root${secret}/file`,
        `cat /proc/self/root${secret}/file`,
        `cat ${rooms.directory}/*/config.json`,
        'cat /etc/shadow',
        'ls /root/.*',
        'ls /home/*',
        `ls ${process.cwd()}`,
        'head -c 1 /proc/kcore | od -c | grep -q 0000001',
        'timeout 1 head -c 1 /proc/kmsg | od -c | grep -q 0000001',
        'mknod /tmp/disk b 8 0',
        'ls /dev/sd* /dev/vd* /dev/nvme* /dev/mem /dev/kvm /dev/fuse /dev/net',
        'ls /sys/*',
        'mount -t tmpfs none /tmp',
        'mount --bind / /tmp',
      ];
      assert.deepEqual(await worked(rooms, [...attempts, 'cat /etc/passwd']), ['cat /etc/passwd']);
      const { stdout } = await rooms.shell(
        'cat /etc/passwd; env; cat /proc/1/environ /proc/1/cmdline; mount',
      );
      assert.ok(!stdout.includes(secret) && !stdout.includes('/root/'), stdout);
    } finally {
      rmSync(secret, { recursive: true });
    }
  });

  test("cannot read another's storage or memory, or see that it is there", async () => {
    await using rooms = await open();
    const victim = await rooms.started(
      rooms.program(
        'echo mine >/tmp/secret && echo mine >/dev/shm/secret && echo up; SECRET=mine exec sleep 9999',
      ),
    );
    await victim.until(() => victim.stdout.includes('up'));
    const { pid } = victim.sandbox;
    const attempts = [
      'cat /tmp/secret',
      'cat /dev/shm/secret',
      `cat /proc/${pid}/status`,
      'pgrep sleep',
      'ipcs -m | grep -q 0x',
    ];
    assert.deepEqual(await worked(rooms, attempts), []);
    const guest = await rooms.shell('echo /proc/[0-9]*; cat /proc/self/uid_map; id -u');
    const [processes = '', mapping = '', uid] = guest.stdout.trim().split('\n');
    assert.ok(processes.split(' ').length <= 4, `it sees ${processes}`);
    const other = readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/)[1];
    assert.notEqual(mapping.trim().split(/\s+/)[1], other, 'each has a user of its own');
    assert.equal(uid, '993');
    assert.ok(!/^Uid:\s+0/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')), 'not root on the host');
    await victim.sandbox.kill();
  });

  test('cannot signal or stop processes of the host', async () => {
    await using rooms = await open();
    const attempts = [
      `kill -0 ${process.pid}`,
      `kill -9 ${process.pid}`,
      `kill -9 ${process.ppid}`,
      `renice -n 5 ${process.pid}`,
    ];
    assert.deepEqual(await worked(rooms, attempts), []);
    const bystander = await rooms.started(rooms.program('echo up; exec sleep 9999'));
    await bystander.until(() => bystander.stdout.includes('up'));
    await rooms.shell('kill -9 -1');
    assert.equal(bystander.status, undefined);
    await bystander.sandbox.kill();
  });

  test('cannot have more processes than its share with a fork bomb', async () => {
    await using rooms = await open();
    const guest = await rooms.started(
      rooms.program('bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 9999'),
    );
    const before = processes();
    guest.sandbox.run(128 * mebibyte);
    // Seen from here: a shell among so many may wait long for its turn to say anything.
    await guest.until(() => processes() > before + 100);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const count = processes();
    assert.ok(count < 3_000, `${count} processes on the host`);
    await guest.sandbox.kill();
    const { stdout } = await rooms.shell('echo works');
    assert.equal(stdout, 'works\n');
  });

  test('cannot write more than its storage, nor anywhere else', async () => {
    await using rooms = await open();
    const guest = await rooms.shell('head -c 100000000 /dev/zero >/tmp/big; wc -c </tmp/big');
    assert.match(guest.stderr, /No space left on device/);
    assert.ok(Number(guest.stdout) <= 16 * mebibyte && Number(guest.stdout) > 15 * mebibyte, guest.stdout);
    const places = [
      '/',
      '/var/task',
      '/opt',
      '/var/runtime',
      '/var/lang',
      '/etc',
      '/usr',
      '/usr/bin',
      '/var',
      '/run',
      '/proc',
      '/sys',
      '/home',
    ];
    const attempts = places.flatMap((place) => [`echo x >${place}/new`, `mkdir ${place}/folder`]);
    assert.deepEqual(await worked(rooms, [...attempts, 'echo x >/tmp/new']), ['echo x >/tmp/new']);
    const dev = await rooms.shell('head -c 1000000 /dev/zero >/dev/big; wc -c </dev/big');
    assert.ok(Number(dev.stdout) <= 64 * 1024, dev.stdout);
  });

  test('cannot take the memory of the kernel with files that hold nothing', async () => {
    await using rooms = await open();
    const guest = await python(
      rooms,
      [
        'import os',
        'for directory in ("/tmp", "/dev/shm"):',
        '    count = 0',
        '    try:',
        '        while True:',
        '            os.close(os.open("%s/%d" % (directory, count), os.O_CREAT | os.O_WRONLY))',
        '            count += 1',
        '    except OSError as e: print(e.errno, count, flush=True)',
      ].join('\n'),
    );
    const [tmp, shm] = guest.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ').map(Number));
    assert.ok(tmp?.[0] === 28 && (tmp[1] ?? 0) > 3_000 && (tmp[1] ?? 0) <= 4_096, guest.stdout);
    assert.ok(shm?.[0] === 28 && (shm[1] ?? 0) <= 16_384, guest.stdout);
  });

  test('cannot change its code, layers or runtime, also not by way of what is open', async () => {
    await using rooms = await open();
    rooms.put('data', 'as it was', 0o666);
    const attempts = [
      'echo x >/var/task/data',
      'rm /var/task/data',
      'chmod 777 /var/task',
      'mount -o remount,rw /var/task',
      'umount /var/task',
      'ln /var/task/data /tmp/data',
      'exec 3</var/task/data; echo x >/proc/self/fd/3',
    ];
    assert.deepEqual(await worked(rooms, attempts), []);
    assert.equal(readFileSync(join(rooms.code, 'data'), 'utf8'), 'as it was');
  });

  test('is killed before it has the memory of others', async () => {
    await using rooms = await open();
    const guest = await rooms.started(rooms.channel());
    await guest.init('index.handler', '/');
    guest.sandbox.run(160 * mebibyte);
    void guest.invoke({ do: 'allocate', mb: 4_000 });
    await guest.ended;
    assert.ok(guest.outOfMemory);
    await guest.sandbox.kill();
    // Shared memory and files in memory count too.
    const hoarder = await rooms.started(
      rooms.program(
        'echo up; head -c 900000000 /dev/zero >/dev/shm/big; head -c 900000000 /dev/zero | sort >/dev/null',
      ),
    );
    hoarder.sandbox.run(128 * mebibyte);
    await hoarder.ended;
    assert.ok(hoarder.outOfMemory || hoarder.status?.kind === 'code', JSON.stringify(hoarder.status));
    await hoarder.sandbox.kill();
  });

  test("reaches neither the host's ports, nor others, nor the metadata address; only what it was given", async () => {
    const [onLoopback, onAll] = await Promise.all([listening('127.0.0.1'), listening('0.0.0.0')]);
    const given = await listening('127.0.0.1');
    await using rooms = await open([() => `http://127.0.0.1:${portOf(given)}`]);
    const victim = await rooms.started(rooms.program('echo up; exec python3 -m http.server 8000'));
    await victim.until(() => victim.stdout.includes('up'));
    const hosts = Object.values(networkInterfaces()).flatMap((list) =>
      (list ?? []).map(({ address }) => address),
    );
    const victims = Array.from({ length: 8 }, (_, at) => `169.254.1.${at}`);
    const targets = [
      ...[...hosts, '127.0.0.1', '::1', '169.254.100.1'].flatMap((host) => [
        [host, portOf(onLoopback)],
        [host, portOf(onAll)],
        [host, portOf(given)],
      ]),
      ...victims.map((host) => [host, 8_000]),
      ['169.254.169.254', 80],
      ['fd00:ec2::254', 80],
      ['1.1.1.1', 443],
    ];
    const own = new URL(rooms.sandboxes.reached(`http://127.0.0.1:${portOf(given)}`));
    const guest = await python(
      rooms,
      [
        'import socket',
        `for host, port in ${JSON.stringify([...targets, [own.hostname, Number(own.port)]])}:`,
        '    try:',
        '        s = socket.create_connection((host, port), timeout=0.3)',
        '        print(host, port, s.recv(2).decode(), flush=True)',
        '    except OSError as e: pass',
      ].join('\n'),
    );
    assert.equal(guest.stdout, `${own.hostname} ${own.port} hi\n`, guest.stderr);
    await victim.sandbox.kill();
    for (const server of [onLoopback, onAll, given]) server.close();
  });

  test('cannot speak for another at the Runtime API', async () => {
    await using rooms = await open();
    const victim = await rooms.started(rooms.program('echo up; exec sleep 9999'));
    victim.sandbox.link.init({ env: {}, handler: '', taskRoot: '' });
    const guest = await python(
      rooms,
      [
        'import socket, os, urllib.request',
        'base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"]',
        'print(urllib.request.urlopen(base + "/ping").read().decode())',
        'for kind in (socket.SOCK_RAW,):',
        '    for family, proto in ((socket.AF_INET, 255), (socket.AF_INET, 1), (17, 3)):',
        '        try: socket.socket(family, kind, proto); print("raw", family)',
        '        except OSError: pass',
        'for last in range(0, 9):',
        '    try:',
        '        s = socket.socket(); s.bind(("169.254.1.%d" % last, 0)); print("bound")',
        '    except OSError: pass',
      ].join('\n'),
    );
    // Its own address is the only one that it can take.
    assert.deepEqual(guest.stdout.trim().split('\n'), ['pong', 'bound'], guest.stderr);
    assert.deepEqual(victim.said, []);
    await victim.sandbox.kill();
  });

  test('has no capability, can gain none, and the system calls that lead out are closed', async () => {
    await using rooms = await open();
    const status = (await rooms.shell('cat /proc/self/status')).stdout;
    for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      assert.match(status, new RegExp(`${name}:\\s+0{16}\n`));
    }
    assert.match(status, /NoNewPrivs:\s+1/);
    assert.match(status, /Seccomp:\s+2/);
    const guest = await python(rooms, closedCalls);
    assert.equal(guest.stdout, 'over\n', guest.stderr);
  });

  test('cannot change the kernel or its own limits', async () => {
    await using rooms = await open();
    const attempts = [
      'echo 1 >/proc/sys/kernel/panic',
      'echo b >/proc/sysrq-trigger',
      'echo x >/proc/sys/kernel/core_pattern',
      'ls /sys/fs/cgroup/*',
      'mount -t cgroup none /tmp',
      'ulimit -n 100000',
      'hostname other',
      'date -s 2001-01-01',
      'ip link add x type dummy',
      'ip address add 169.254.1.9/32 dev lo',
      'unshare --user --map-root-user true',
      'chroot / true',
      'su -c true',
      'dmesg',
    ];
    assert.deepEqual(await worked(rooms, [...attempts, 'test "$(ulimit -n)" = 1024']), [
      'test "$(ulimit -n)" = 1024',
    ]);
    assert.ok(existsSync('/proc/sys/kernel/panic'));
  });
});

async function listening(host: string): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => {}).end('hi'));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
