/** What a function finds at /opt: mounted as root, mounted as anybody, and where this host cannot mount. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Configuration } from '#metadata';
import { answerOf, runs, World } from './fixtures/world.ts';
import type { LocalWorker, WorkerOptions } from './service.ts';
import { mountInto, probeMounting } from './sandbox/process/mounting.ts';

const nobody = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;
const mounting = await probeMounting('/tmp', undefined);
const nobodysMounting = isRoot ? await probeMounting('/tmp', nobody) : mounting;
const canMount = mounting.kind === 'none' ? mounting.why : false;

interface Sight {
  readonly files: readonly string[];
  readonly written: string;
  readonly uid: number;
  readonly env: Readonly<Record<string, string>>;
  readonly pid: number;
}

const layered = (world: World, more: Partial<Configuration> = {}) =>
  world.version({
    layers: [
      { arn: 'arn:layer:1', code: { sha256: 'layer', blobKey: 'layer', sizeBytes: 1 }, unpackedBytes: 1 },
    ],
    ...more,
  });

async function look(
  world: World,
  worker: LocalWorker,
  root: string,
  more: Partial<Configuration> = {},
): Promise<Sight> {
  const environmentId = world.id();
  const created = await worker.create({ environmentId, version: layered(world, more) });
  assert.deepEqual(created, { kind: 'created' });
  const outcome = await worker.invoke(environmentId, world.request({ do: 'look', root }));
  return answerOf(outcome) as Sight;
}

/** A world whose directories other users can pass. */
function openWorld(): World {
  const world = new World();
  for (const path of [world.root, world.taskRoot, world.layersRoot]) chmodSync(path, 0o755);
  writeFileSync(join(world.layersRoot, 'tool.txt'), 'tool');
  return world;
}

/** Whether a process came from the pool: what it was started with says so. */
const startedAhead = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/environ`, 'utf8').includes('LAMBKIN_AHEAD=1');

/** At /opt and in the directories of these tests; what others mount meanwhile is theirs. */
const mountsOfHost = (): readonly string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / \/opt[ /]|lambkin-(worker|layers|task)/.test(line));

const ways: readonly (readonly [string, Partial<WorkerOptions>, string | false, number])[] = [
  ['mounted', {}, canMount, process.getuid?.() ?? 0],
  [
    'mounted by a user without rights',
    { runAs: nobody },
    nobodysMounting.kind === 'user' ? false : 'no user namespaces',
    isRoot ? nobody.uid : (process.getuid?.() ?? 0),
  ],
];

for (const [name, options, skip, uid] of ways) {
  test(`layers are at /opt, read-only, for their function alone: ${name}`, { skip }, async () => {
    await using world = openWorld();
    const before = mountsOfHost();
    const worker = await world.open(isRoot ? options : {});
    const sight = await look(world, worker, '/opt');
    assert.deepEqual(sight.files, ['tool.txt']);
    assert.match(sight.written, /^E(ROFS|ACCES)$/);
    assert.equal(sight.uid, uid);
    assert.equal(sight.env['LD_LIBRARY_PATH'], `${world.taskRoot}:${world.taskRoot}/lib:/opt/lib`);
    assert.match(sight.env['PATH'] ?? '', /:\/opt\/bin$/);
    assert.match(readFileSync(`/proc/${sight.pid}/mountinfo`, 'utf8'), / \/opt ro,/);
    assert.deepEqual(mountsOfHost(), before);
    await worker.close();
    assert.ok(!runs(sight.pid));
    assert.deepEqual(mountsOfHost(), before);
    assert.equal(world.released, 2, 'the code and the layers');
  });
}

test('where this host cannot mount, layers are found where they were unpacked', async () => {
  await using world = openWorld();
  const worker = await world.open({ mounting: { kind: 'none', why: 'for the test' } });
  const root = world.layersRoot;
  const seen = await look(world, worker, root, {
    environment: { PYTHONPATH: '/opt/mine:/optional', GEM_PATH: 'x:/opt', OTHER: '/opt/kept' },
  });
  assert.deepEqual(seen.files.includes('tool.txt'), true);
  assert.equal(seen.env['PYTHONPATH'], `${root}/mine:/optional`);
  assert.equal(seen.env['GEM_PATH'], `x:${root}`);
  assert.equal(seen.env['OTHER'], '/opt/kept');
  assert.match(seen.env['PATH'] ?? '', new RegExp(`:${root}/bin$`));
});

test('a waiting process is given its layers', { skip: mounting.kind !== 'root' }, async () => {
  await using world = openWorld();
  const worker = await world.open({ pool: { perFlavorMax: 1, totalMax: 1 } });
  const waiting = async (): Promise<void> => {
    worker.prewarm(world.version());
    await world.until(() => worker.poolSize === 1);
  };
  await waiting();
  const sight = await look(world, worker, '/opt');
  assert.deepEqual(sight.files, ['tool.txt']);
  assert.equal(sight.written, 'EROFS');
  assert.ok(startedAhead(sight.pid));

  // Its loader would not find them any more: such a function starts from the beginning.
  await waiting();
  mkdirSync(join(world.layersRoot, 'lib'));
  const withLibraries = await look(world, worker, '/opt');
  assert.deepEqual(withLibraries.files, ['lib', 'tool.txt']);
  assert.ok(!startedAhead(withLibraries.pid));

  const environmentId = world.id();
  await worker.create({ environmentId, version: world.version() });
  const answer = await worker.invoke(environmentId, world.request({ do: 'look', root: '/opt' }));
  assert.ok(!(answerOf(answer) as Sight).files.includes('tool.txt'), 'a function without layers has none');
});

test('variables of the loader reach the function, and no program before it', { skip: canMount }, async () => {
  await using world = openWorld();
  const worker = await world.open();
  const hostile = `/opt/no such library.so; $(touch ${world.root}/injected) "`;
  const sight = await look(world, worker, '/opt', {
    environment: { LD_PRELOAD: '/opt/gone.so', LD_AUDIT_NOTE: hostile },
  });
  assert.equal(sight.env['LD_PRELOAD'], '/opt/gone.so');
  assert.equal(sight.env['LD_AUDIT_NOTE'], hostile);
  assert.throws(() => readFileSync(join(world.root, 'injected')), { code: 'ENOENT' });
  assert.doesNotMatch(world.log, /unshare|mount:/);
});

test('a bootstrap may come from a layer; the one of the code comes first', { skip: canMount }, async () => {
  await using world = openWorld();
  const worker = await world.open();
  const version = layered(world, { runtime: 'provided.al2023' });
  const startAndFail = async (): Promise<string> => {
    const environmentId = world.id();
    await worker.create({ environmentId, version });
    const outcome = await worker.invoke(environmentId, world.request({}));
    return JSON.stringify(answerOf(outcome));
  };
  assert.match(await startAndFail(), /InvalidEntrypoint.*valid bootstrap/);
  const inLayer = join(world.layersRoot, 'bootstrap');
  writeFileSync(inLayer, '#!/bin/sh\necho "I am $0"; exit 3\n', { mode: 0o644 });
  assert.match(await startAndFail(), /fork\/exec \/opt\/bootstrap: permission denied/);
  chmodSync(inLayer, 0o755);
  assert.match(await startAndFail(), /exit status 3/);
  await world.until(() => world.log.includes('I am /opt/bootstrap'));
  writeFileSync(join(world.taskRoot, 'bootstrap'), '#!/bin/sh\nexit 4\n', { mode: 0o755 });
  assert.match(await startAndFail(), /exit status 4/);
});

test('an exec wrapper may come from a layer, in whatever way they are found', async () => {
  for (const options of [{}, { mounting: { kind: 'none', why: 'for the test' } as const }]) {
    await using world = openWorld();
    const worker = await world.open(options);
    const trace = join(world.root, 'wrapped');
    const script = `#!/bin/sh\necho "$0" > ${trace}\nexec "$@"\n`;
    writeFileSync(join(world.layersRoot, 'wrap'), script, { mode: 0o755 });
    const environmentId = world.id();
    const version = layered(world, { environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrap' } });
    assert.deepEqual(await worker.create({ environmentId, version }), { kind: 'created' });
    assert.match(readFileSync(trace, 'utf8'), /\/wrap$/m);
    const gone = layered(world, { environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/gone' } });
    const goneId = world.id();
    await worker.create({ environmentId: goneId, version: gone });
    const outcome = await worker.invoke(goneId, world.request({}));
    assert.match(JSON.stringify(answerOf(outcome)), /fork\/exec \/opt\/gone: no such file or directory/);
  }
});

test('a broken layer makes a function impossible, and its code is let go', async () => {
  await using world = openWorld();
  const worker = await world.open();
  const broken = { sha256: 'broken', blobKey: 'broken', sizeBytes: 1 };
  const version = world.version({ layers: [{ arn: 'arn:layer:2', code: broken, unpackedBytes: 1 }] });
  assert.deepEqual(await worker.create({ environmentId: world.id(), version }), {
    kind: 'impossible',
    errorType: 'InvalidZipFileException',
    message: 'a layer is broken',
  });
  assert.equal(world.released, 1);
});

test(
  'a directory of any name can be mounted, and none is read as a command',
  { skip: canMount },
  async () => {
    await using world = openWorld();
    const strange = join(world.root, `-o rw "$(touch injected)" 'x';\n\\040 #`);
    mkdirSync(strange);
    assert.equal((await probeMounting(strange, undefined)).kind, mounting.kind);
    assert.throws(() => readFileSync('injected'), { code: 'ENOENT' });
    const missing = await probeMounting(join(world.root, 'missing'), undefined);
    assert.ok(missing.kind === 'none' && missing.why !== '', JSON.stringify(missing));
  },
);

test(
  'nothing is mounted for a process in the host’s own namespace',
  { skip: mounting.kind !== 'root' },
  async () => {
    assert.ok(mounting.kind === 'root');
    const before = mountsOfHost();
    assert.equal(await mountInto(mounting, process.pid, '/tmp'), false);
    assert.equal(await mountInto(mounting, 2 ** 22 + 1, '/tmp'), false, 'nor where there is no process');
    assert.deepEqual(mountsOfHost(), before);
  },
);

test('an exec wrapper may run a program of its own in the runtime’s place, which talks HTTP', async () => {
  await using world = openWorld();
  const worker = await world.open();
  const program = `
    const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
    for (;;) {
      const next = await fetch(api + 'next');
      const id = next.headers.get('lambda-runtime-aws-request-id');
      const event = await next.text();
      await fetch(api + id + '/response', { method: 'POST', body: JSON.stringify({ web: JSON.parse(event), args: process.argv.length }) });
    }`;
  writeFileSync(join(world.layersRoot, 'app.mjs'), program);
  const script = `#!/bin/sh\nexec 3<&-\nexec ${process.execPath} "$(dirname "$0")/app.mjs"\n`;
  writeFileSync(join(world.layersRoot, 'wrap'), script, { mode: 0o755 });
  const environmentId = world.id();
  const version = layered(world, { environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrap' } });
  assert.deepEqual(await worker.create({ environmentId, version }), { kind: 'created' });
  for (const n of [1, 2]) {
    const outcome = await worker.invoke(environmentId, world.request({ n }));
    assert.deepEqual(answerOf(outcome), { web: { n }, args: 2 });
    await world.until(() => world.events.length === n);
  }
});
