/** `--base-image`: functions see the system files of a directory, not the host's. The directory is made of a few of the host's files. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { systemClock, systemEntropy } from '#platform';
import { RuntimeApi } from '../../runtime-api/server.ts';
import { Rooms, skipped } from '../contract/rooms.ts';
import { openSandboxes } from '../opening.ts';

const skip = await skipped('container');

/** A small Linux: a shell, two programs, and the libraries of these and of Node. */
class Image implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'lambkin-base-'));

  constructor() {
    for (const name of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64', 'usr/share', 'etc/ssl/certs', 'root'])
      mkdirSync(join(this.directory, name), { recursive: true });
    for (const name of ['bin', 'sbin', 'lib', 'lib64'])
      symlinkSync(`usr/${name}`, join(this.directory, name));
    const programs = ['sh', 'cat', 'ls'].map((name) =>
      execFileSync('which', [name], { encoding: 'utf8' }).trim(),
    );
    for (const program of programs) this.#copy(program, `/usr/bin/${program.split('/').at(-1)}`);
    for (const program of [...programs, process.execPath])
      for (const library of librariesOf(program)) this.#copy(library, library);
    writeFileSync(join(this.directory, 'usr/share/of-the-image'), 'another system');
    writeFileSync(join(this.directory, 'etc/ssl/certs/own.pem'), 'its own certificates');
    writeFileSync(join(this.directory, 'etc/shadow'), 'its own secrets');
    writeFileSync(join(this.directory, 'root/file'), 'nobody else’s');
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }

  #copy(from: string, to: string): void {
    const place = join(this.directory, to);
    mkdirSync(dirname(place), { recursive: true });
    if (!existsSync(place)) copyFileSync(realpathSync(from), place);
  }
}

function librariesOf(program: string): readonly string[] {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...text.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

suite('containers of a base image', { skip }, () => {
  test('see its system files and none of the host’s, and runtimes are in their places', async () => {
    using image = new Image();
    await using rooms = await Rooms.open({ kind: 'container', containers: { baseImage: image.directory } });
    const { stdout, stderr } = await rooms.shell(
      'cat /usr/share/of-the-image /etc/ssl/certs/own.pem; echo; ls /usr/bin /etc; cat /etc/shadow /root/file; echo x >/usr/new',
    );
    assert.match(stdout, /^another systemits own certificates\n/);
    const programs = /\/usr\/bin:\n([^]*)$/.exec(stdout)?.[1]?.trim().split('\n');
    assert.deepEqual(programs, ['cat', 'ls', 'sh']);
    assert.ok(!stdout.includes('secrets') && !stdout.includes('nobody'), stdout);
    assert.match(stderr, /Read-only file system/);
    const guest = await rooms.started(rooms.channel());
    await guest.init('index.handler', rooms.taskRoot);
    assert.deepEqual(await guest.invoke({ hello: 'there' }), { hello: 'there' });
    await guest.sandbox.kill();
    assert.deepEqual(rooms.warnings, []);
  });

  test('that holds no system is refused when the sandboxes open', async () => {
    const root = mkdtempSync(join(tmpdir(), 'lambkin-base-'));
    mkdirSync(join(root, 'usr'));
    const options = {
      isolation: 'auto',
      containers: { baseImage: root },
      directory: join(root, 'sandboxes'),
      api: new RuntimeApi(systemEntropy),
      clock: systemClock,
      entropy: systemEntropy,
      warn: () => {},
      reached: [],
      runAs: undefined,
      mounting: undefined,
    } as const;
    const { sandboxes, weakerBecause } = await openSandboxes(options);
    assert.equal(sandboxes.kind, 'process');
    assert.match(weakerBecause ?? '', /could not start a container|sh/);
    await sandboxes.close();
    await assert.rejects(openSandboxes({ ...options, isolation: 'container' }), {
      name: 'ContainersMissingError',
    });
    rmSync(root, { recursive: true });
  });
});
