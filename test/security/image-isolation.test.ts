/**
 * A function of a container image brings its whole file system, with whatever its author put there. It gets out no more than any other, and
 * leads nothing of the host astray before it even runs.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ImageTree } from '../../src/worker/fixtures/image-tree.ts';
import { type Guest, Rooms, skipped } from '../../src/worker/sandbox/contract/rooms.ts';
import type { StartPlan } from '../../src/worker/sandbox/sandbox.ts';
import { closedCalls } from './closed-calls.ts';

const mebibyte = 2 ** 20;
const skip = await skipped('container');
const open = (): Promise<Rooms> => Rooms.open({ kind: 'container' });

/** An image with a shell and what attempts need; `lay` adds to it. */
function image(rooms: Rooms, lay: (directory: string) => void = () => {}): string {
  const directory = join(rooms.root, `image-${readdirSync(rooms.root).length}`);
  const tree = new ImageTree(directory);
  for (const name of [
    'sh',
    'cat',
    'ls',
    'id',
    'mount',
    'head',
    'mknod',
    'od',
    'mkdir',
    'rm',
    'chmod',
    'ln',
  ]) {
    tree.program(`/bin/${name}`);
  }
  lay(directory);
  return directory;
}

function plan(directory: string, script: string): StartPlan {
  return {
    command: '/bin/sh',
    args: ['-c', script],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    workingDirectory: '/',
    talk: 'runtime-api',
    ahead: false,
    image: { directory, storageBytes: 16 * mebibyte },
  };
}

async function shell(rooms: Rooms, directory: string, script: string): Promise<Guest> {
  const guest = await rooms.started(plan(directory, script));
  await guest.ended;
  await guest.sandbox.kill();
  return guest;
}

async function worked(
  rooms: Rooms,
  directory: string,
  attempts: readonly string[],
): Promise<readonly string[]> {
  const script = attempts.map((attempt, at) => `( ${attempt} ) >/dev/null 2>&1 && echo ${at}`).join('\n');
  const guest = await shell(rooms, directory, `${script}\necho over`);
  assert.match(guest.stdout, /over\n$/, guest.stderr);
  return guest.stdout
    .split('\n')
    .flatMap((line) => (/^\d+$/.test(line) ? [attempts[Number(line)] ?? line] : []));
}

suite('a function of a container image', { skip }, () => {
  test('whose image has links where things are mounted leads nothing astray', async () => {
    await using rooms = await open();
    const secret = mkdtempSync(join(tmpdir(), 'lambkin-secret-'));
    chmodSync(secret, 0o777);
    writeFileSync(join(secret, 'file'), 'of the host', { mode: 0o644 });
    try {
      const directory = image(rooms, (at) => {
        for (const name of ['tmp', 'proc', 'dev', 'etc', 'sys', 'opt']) symlinkSync(secret, join(at, name));
        symlinkSync('/'.padEnd(60, '../'), join(at, 'up'));
      });
      const attempts = [
        `cat ${secret}/file`,
        `cat /up${secret}/file`,
        `cat /proc/1/root${secret}/file`,
        'cat /opt/file',
        'cat /sys/file',
        `cat ${rooms.directory}/*/config.json`,
        'ls /root /home/*',
      ];
      const good = [
        'echo x >/tmp/new && cat /tmp/new',
        'cat /proc/self/status',
        'echo x >/dev/null',
        'cat /etc/hosts',
      ];
      assert.deepEqual(await worked(rooms, directory, [...attempts, ...good]), good);
      assert.deepEqual(readdirSync(secret), ['file'], 'nothing was made where the links lead');
      const looked = await rooms.sandboxes.lookIntoImage?.(directory, {
        command: `/up${secret}/file`,
        workingDirectory: '/',
        path: '',
      });
      assert.equal(looked?.kind, 'unstartable');
    } finally {
      rmSync(secret, { recursive: true });
    }
  });

  test('gains nothing from setuid programs and device nodes of its image', async () => {
    await using rooms = await open();
    const directory = image(rooms, (at) => {
      for (const name of ['id', 'sh']) {
        const place = join(at, `root-${name}`);
        execFileSync('cp', [join('/bin', name), place]);
        execFileSync('chown', ['0:0', place]);
        chmodSync(place, 0o6755);
      }
      const disk = execFileSync('stat', ['-c', '%d', '/'], { encoding: 'utf8' }).trim();
      const [major, minor] = [Number(disk) >> 8, Number(disk) & 255];
      execFileSync('mknod', ['-m', '666', join(at, 'disk'), 'b', String(major), String(minor)]);
      execFileSync('mknod', ['-m', '666', join(at, 'memory'), 'c', '1', '1']);
      execFileSync('mknod', ['-m', '666', join(at, 'zero'), 'c', '1', '5']);
    });
    const guest = await shell(rooms, directory, '/root-id -u; /root-id -g; /root-sh -c "/root-id -u"');
    assert.equal(guest.stdout, '993\n990\n993\n', guest.stderr);
    const attempts = ['head -c 1 /disk', 'head -c 1 /memory', 'head -c 1 /zero', 'mknod /tmp/d b 8 0'];
    assert.deepEqual(await worked(rooms, directory, [...attempts, 'head -c 1 /dev/zero']), [
      'head -c 1 /dev/zero',
    ]);
  });

  test('writes nowhere but to its storage, and no more than that', async () => {
    await using rooms = await open();
    const directory = image(rooms, (at) => {
      for (const name of ['var/task', 'opt', 'home/me', 'open']) {
        mkdirSync(join(at, name), { recursive: true });
        chmodSync(join(at, name), 0o777);
      }
    });
    const attempts = ['/', '/var/task', '/opt', '/home/me', '/open', '/bin', '/etc', '/proc'].flatMap(
      (place) => [`echo x >${place}/new`, `mkdir ${place}/folder`],
    );
    const more = ['rm /bin/cat', 'chmod 777 /open', 'mount -o remount,rw /', 'mount -t tmpfs none /open'];
    assert.deepEqual(await worked(rooms, directory, [...attempts, ...more, 'echo x >/tmp/new']), [
      'echo x >/tmp/new',
    ]);
    assert.deepEqual(readdirSync(join(directory, 'open')), []);
    const full = await shell(rooms, directory, 'head -c 100000000 /dev/zero >/tmp/big; ls -l /tmp/big');
    assert.match(full.stderr, /No space left on device/);
  });

  test('shares its image with others, and nothing else', async () => {
    await using rooms = await open();
    const directory = image(rooms, (at) => execFileSync('cp', ['-L', '/bin/sleep', join(at, 'sleep')]));
    const victim = await rooms.started(
      plan(
        directory,
        'echo mine >/tmp/secret; echo mine >/dev/shm/secret; echo up; SECRET=mine exec /sleep 9999',
      ),
    );
    await victim.until(() => victim.stdout.includes('up'));
    const { pid } = victim.sandbox;
    const attempts = ['cat /tmp/secret', 'cat /dev/shm/secret', `cat /proc/${pid}/status`];
    assert.deepEqual(await worked(rooms, directory, attempts), []);
    await shell(rooms, directory, 'kill -9 -1');
    assert.equal(victim.status, undefined);
    await victim.sandbox.kill();
  });

  test('has no capability, can gain none, and the system calls that lead out are closed', async () => {
    await using rooms = await open();
    // The host's own files, as an image: everything that an attempt could want is there.
    const status = (await shell(rooms, '/', 'cat /proc/self/status')).stdout;
    for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      assert.match(status, new RegExp(`${name}:\\s+0{16}\n`));
    }
    assert.match(status, /NoNewPrivs:\s+1/);
    assert.match(status, /Seccomp:\s+2/);
    assert.match(status, /^Uid:\s+993\s/m);
    const guest = await rooms.started({
      ...plan('/', ''),
      command: '/usr/bin/python3',
      args: ['-c', closedCalls],
    });
    await guest.ended;
    await guest.sandbox.kill();
    assert.equal(guest.stdout, 'over\n', guest.stderr);
    const attempts = [
      'echo 1 >/proc/sys/kernel/panic',
      'ls /sys/fs/cgroup/*',
      'mount -t cgroup none /tmp',
      'unshare --user --map-root-user true',
      'chroot / true',
      'su -c true',
      'dmesg',
      'cat /etc/shadow',
      'ip link add x type dummy',
      `kill -0 ${process.pid}`,
    ];
    assert.deepEqual(await worked(rooms, '/', attempts), []);
  });

  test('starts whatever stands where a shell and its libraries are looked for', async () => {
    await using rooms = await open();
    const directory = join(rooms.root, 'bare');
    const tree = new ImageTree(directory);
    tree.program('/bin/cat', '/cat');
    tree.put('/bin/sh', 'no shell');
    tree.put('/usr/bin/env', '#!/nowhere\n');
    const guest = await rooms.started({
      ...plan(directory, ''),
      command: '/cat',
      args: ['/proc/self/environ', '/proc/1/environ'],
      env: { A: "it's", LD_PRELOAD: '/none.so', 'odd.name': 'x y' },
    });
    await guest.ended;
    await guest.sandbox.kill();
    const seen = guest.stdout.split('\0');
    assert.ok(seen.includes("A=it's") && seen.includes('odd.name=x y'), guest.stdout);
    // The program's own loader complains, that of what starts it does not.
    assert.equal(guest.stderr.match(/cannot be preloaded/g)?.length, 1, guest.stderr);
  });
});
