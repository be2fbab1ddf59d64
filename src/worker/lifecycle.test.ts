/** Sandboxes as a whole: the pool, bursts, closing, and that nothing is left: not after ten kills, not after the worker's own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { systemClock } from '#platform';
import { answerOf, runs, World } from './fixtures/world.ts';
import type { LocalWorker } from './index.ts';
import { startedWith } from './sandbox/process/proc.ts';

interface Seen {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly header: { readonly deadlineMs: number };
  readonly pid: number;
}

async function look(
  world: World,
  worker: LocalWorker,
  configuration: object = {},
): Promise<Seen & { id: string }> {
  const environmentId = world.id();
  await worker.create({ environmentId, version: world.version(configuration) });
  const outcome = await worker.invoke(environmentId, world.request({ do: 'environment' }));
  return { ...(answerOf(outcome) as Seen), id: environmentId };
}

test('a function sees the variables of the contract and nothing of Lambkin’s own', async () => {
  process.env['NODE_EXTRA_CA_CERTS'] = '/nowhere';
  process.env['LAMBKIN_SECRET'] = 'hidden';
  await using world = new World();
  const worker = await world.open();
  const seen = await look(world, worker, {
    environment: { GREETING: 'hi', TZ: 'Europe/Berlin', AWS_REGION: 'moon' },
  });
  delete process.env['NODE_EXTRA_CA_CERTS'];
  delete process.env['LAMBKIN_SECRET'];
  const {
    HOME,
    TMPDIR,
    PATH,
    AWS_LAMBDA_RUNTIME_API,
    AWS_LAMBDA_LOG_STREAM_NAME,
    LAMBKIN_ENVIRONMENT_ID,
    ...rest
  } = seen.env;
  assert.match(HOME ?? '', /\/sandboxes\/[0-9a-f]{16}\/home$/);
  assert.match(TMPDIR ?? '', /\/sandboxes\/[0-9a-f]{16}\/tmp$/);
  assert.match(PATH ?? '', /\/usr\/bin/);
  assert.match(AWS_LAMBDA_RUNTIME_API ?? '', /^127\.0\.0\.1:\d+$/);
  assert.match(AWS_LAMBDA_LOG_STREAM_NAME ?? '', /\[\$LATEST\][0-9a-f]{32}$/);
  assert.match(LAMBKIN_ENVIRONMENT_ID ?? '', /^[0-9a-f]{16}\/[0-9a-f]{16}$/);
  const runtimeDirectory = process.execPath.slice(0, process.execPath.lastIndexOf('/'));
  assert.deepEqual(rest, {
    GREETING: 'hi',
    TZ: 'Europe/Berlin',
    LANG: 'en_US.UTF-8',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:9000',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9001',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_ACCESS_KEY_ID: 'ASIATEST',
    AWS_SECRET_ACCESS_KEY: 'secret of arn:aws:iam::000000000000:role/any',
    AWS_SESSION_TOKEN: 'token of hello',
    AWS_EXECUTION_ENV: 'AWS_Lambda_test',
    AWS_REGION: 'eu-central-1',
    AWS_DEFAULT_REGION: 'eu-central-1',
    AWS_LAMBDA_FUNCTION_NAME: 'hello',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/hello',
    AWS_LAMBDA_LOG_FORMAT: 'Text',
    LAMBDA_TASK_ROOT: world.taskRoot,
    LAMBDA_RUNTIME_DIR: runtimeDirectory,
    _HANDLER: 'index.handler',
  });
});

test('a pool is filled ahead, used first, filled again, and emptied at the end', async () => {
  await using world = new World();
  const worker = await world.open({ pool: { perFlavorMax: 2, totalMax: 4 } });
  worker.prewarm({ runtime: 'test', memoryMb: 128 });
  await world.until(() => worker.poolSize === 2);
  const waiting = world.directories;
  assert.equal(waiting.length, 2);
  const first = await look(world, worker);
  assert.ok(waiting.some((name) => first.env['HOME']?.includes(name)));
  assert.equal(first.env['TZ'], ':UTC');
  const second = await look(world, worker, { environment: { NODE_OPTIONS: '--no-warnings' } });
  assert.ok(
    !waiting.some((name) => second.env['HOME']?.includes(name)),
    'NODE_OPTIONS needs a start of its own',
  );
  await world.until(() => worker.poolSize === 2);
  await worker.close();
  assert.deepEqual(world.directories, []);
  assert.equal(runs(first.pid), false);
});

test('a waiting process that dies is replaced', async () => {
  await using world = new World();
  const worker = await world.open({ pool: { perFlavorMax: 1, totalMax: 1 } });
  worker.prewarm({ runtime: 'test', memoryMb: 128 });
  await world.until(() => worker.poolSize === 1);
  const [mark] = world.directories;
  const marked = (name: string): boolean =>
    /^\d+$/.test(name) && startedWith(Number(name), 'LAMBKIN_ENVIRONMENT_ID')?.endsWith(`/${mark}`) === true;
  // It counts from the fork on; its variables are to be seen once it has become its program.
  await world.until(() => readdirSync('/proc').some(marked));
  process.kill(Number(readdirSync('/proc').find(marked)), 'SIGKILL');
  await world.until(() => worker.poolSize === 0);
  world.clock.leap(1_000);
  await world.until(() => worker.poolSize === 1);
  assert.match(world.warnings.join(), /ended before it was used/);
});

test('a runtime that cannot be started is tried again ever more rarely', async () => {
  await using world = new World();
  const worker = await world.open({ pool: { perFlavorMax: 1, totalMax: 1 } });
  worker.prewarm({ runtime: 'gone', memoryMb: 128 });
  await world.until(() => world.warnings.length === 1);
  world.clock.leap(1_000);
  await world.until(() => world.warnings.length === 2);
  world.clock.leap(1_000);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(world.warnings.length, 2);
});

test('an exec wrapper gets the runtime’s command', async () => {
  await using world = new World();
  const worker = await world.open({ pool: { perFlavorMax: 1, totalMax: 1 } });
  writeFileSync(`${world.taskRoot}/wrap`, '#!/bin/sh\nexport WRAPPED="$#"\nmkdir "$MADE"\nexec "$@"\n');
  chmodSync(`${world.taskRoot}/wrap`, 0o755);
  const environment = { AWS_LAMBDA_EXEC_WRAPPER: '/var/task/wrap', MADE: `${world.taskRoot}/made` };
  await look(world, worker, { environment });
  assert.ok(readdirSync(world.taskRoot).includes('made'));
});

test('a function with its own bootstrap is served over HTTP', async () => {
  await using world = new World();
  const worker = await world.open();
  writeFileSync(
    `${world.taskRoot}/bootstrap`,
    `#!${process.execPath}
const base = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
(async () => {
  for (;;) {
    const next = await fetch(base + 'next');
    const id = next.headers.get('lambda-runtime-aws-request-id');
    const event = await next.json();
    console.log('got ' + event.n);
    const kind = event.fail ? 'error' : 'response';
    await fetch(base + id + '/' + kind, { method: 'POST', body: JSON.stringify({ ...event, env: process.env.AWS_EXECUTION_ENV ?? null, cwd: process.cwd() }) });
    if (event.exit) process.exit(4);
  }
})();
`,
  );
  chmodSync(`${world.taskRoot}/bootstrap`, 0o755);
  const environmentId = world.id();
  await worker.create({
    environmentId,
    version: world.version({ runtime: 'provided.al2023', handler: 'h' }),
  });
  for (const n of [1, 2, 3]) {
    const outcome = await worker.invoke(environmentId, world.request({ n }, { wantsLogTail: true }));
    assert.deepEqual(answerOf(outcome), { n, env: null, cwd: world.taskRoot });
    const tail = Buffer.from((outcome.kind === 'answered' && outcome.logTail) || []).toString();
    assert.match(tail, new RegExp(`^START [^]*\\ngot ${n}\\nEND [^]*\\nREPORT .*\\n$`));
  }
  const failed = await worker.invoke(environmentId, world.request({ n: 4, fail: true }));
  assert.equal(failed.kind === 'answered' && failed.functionError, 'Unhandled');
  await world.until(() => world.events.filter((event) => event.kind === 'idle').length === 4);
  // It answers and then exits instead of asking for the next invoke.
  const last = await worker.invoke(environmentId, world.request({ n: 5, exit: true }));
  assert.deepEqual((answerOf(last) as { n: number }).n, 5);
  await world.until(() => world.events.at(-1)?.kind === 'gone');
  assert.match(world.log, /exit status 4\nRuntime\.ExitError\n/);
});

test('fifty at once all start, a few at a time', async () => {
  await using world = new World();
  const worker = await world.open();
  const ids = Array.from({ length: 50 }, () => world.id());
  const created = await Promise.all(
    ids.map((environmentId) => worker.create({ environmentId, version: world.version() })),
  );
  assert.ok(created.every((outcome) => outcome.kind === 'created'));
  const answers = await Promise.all(ids.map((id, index) => worker.invoke(id, world.request(index))));
  assert.deepEqual(answers.map(answerOf), [...ids.keys()]);
});

test('a full worker refuses, and so does a closed one', async () => {
  await using world = new World();
  const worker = await world.open({ limits: { environmentsMax: 1 } });
  await look(world, worker);
  assert.deepEqual(await worker.create({ environmentId: world.id(), version: world.version() }), {
    kind: 'refused',
    reason: 'the worker is full',
  });
  await worker.close();
  assert.equal(
    (await worker.create({ environmentId: world.id(), version: world.version() })).kind,
    'refused',
  );
});

test('an environment that is destroyed while it starts is refused and leaves nothing', async () => {
  await using world = new World();
  const worker = await world.open();
  const environmentId = world.id();
  const created = worker.create({ environmentId, version: world.version({ handler: 'init-hang' }) });
  const destroyed = worker.destroy(environmentId);
  assert.equal((await created).kind, 'refused');
  await destroyed;
  assert.deepEqual(world.directories, []);
  assert.equal(world.released, 1);
  assert.deepEqual(world.events, []);
});

test('closing lets a running invoke end, and kills it when it does not', async () => {
  await using world = new World();
  const worker = await world.open();
  const ids = [world.id(), world.id()];
  for (const environmentId of ids) await worker.create({ environmentId, version: world.version() });
  const [short, long] = [{ do: 'sleep', ms: 50 }, { do: 'loop' }].map((event, index) =>
    worker.invoke(ids[index] ?? '', world.request(event)),
  );
  await world.until(() => world.log.includes('sleeping') && world.log.includes('looping'));
  const closed = worker.close();
  assert.equal(answerOf((await short) ?? { kind: '' }), 'slept');
  world.clock.leap(2_900);
  world.clock.leap(100); // the loop's own timeout comes before the grace time ends
  assert.match(
    Buffer.from(((await long) as { payload: Uint8Array }).payload).toString(),
    /Sandbox\.Timedout/,
  );
  await closed;
  assert.deepEqual(world.directories, []);
});

test('many lives leave no process, descriptor, directory or timer behind', async () => {
  await using world = new World();
  const worker = await world.open({ pool: { perFlavorMax: 2, totalMax: 2 } });
  const live = async (index: number): Promise<void> => {
    const environmentId = world.id();
    await worker.create({ environmentId, version: world.version() });
    const outcome = worker.invoke(
      environmentId,
      world.request(index % 3 === 0 ? { do: 'exit', code: 1 } : 1),
    );
    if (index % 3 !== 1) await outcome;
    await worker.destroy(environmentId);
    await outcome;
  };
  await live(0);
  await world.until(() => worker.poolSize === 2);
  const before = {
    fds: readdirSync('/proc/self/fd').length,
    handles: process.getActiveResourcesInfo().length,
  };
  for (let round = 0; round < 12; round += 1) {
    await Promise.all(Array.from({ length: 5 }, (_, index) => live(index)));
  }
  await worker.close();
  assert.deepEqual(await worker.list(), []);
  assert.deepEqual(world.directories, []);
  await world.until(() => world.clock.timers === 0);
  assert.ok(readdirSync('/proc/self/fd').length <= before.fds);
  assert.ok(process.getActiveResourcesInfo().length <= before.handles);
  const owner = createHash('sha256').update(world.directory).digest('hex').slice(0, 16);
  assert.equal(
    readdirSync('/proc').filter(
      (name) => /^\d+$/.test(name) && startedWith(Number(name), 'LAMBKIN_ENVIRONMENT_ID')?.startsWith(owner),
    ).length,
    0,
  );
});

test('what a killed Lambkin leaves is swept at the next start, and nothing else', async () => {
  await using world = new World();
  mkdirSync(`${world.directory}/0123456789abcdef/tmp`, { recursive: true });
  const owner = createHash('sha256').update(world.directory).digest('hex').slice(0, 16);
  const env = { PATH: process.env['PATH'], LAMBKIN_ENVIRONMENT_ID: `${owner}/0123456789abcdef` };
  const left = spawn('sleep', ['1000'], { env, detached: true, stdio: 'ignore' });
  const other = spawn('sleep', ['1000'], {
    env: { ...env, LAMBKIN_ENVIRONMENT_ID: 'another/0123456789abcdef' },
    stdio: 'ignore',
  });
  const exited = once(left, 'exit');
  await world.open({ clock: systemClock });
  assert.equal((await exited)[1], 'SIGKILL');
  assert.deepEqual(world.directories, []);
  assert.equal(other.exitCode, null);
  other.kill();
});

test('after a kill -9 of Lambkin in the middle of an invoke, the next start finds and kills all it left', async () => {
  await using world = new World();
  const doomed = spawn(
    process.execPath,
    [new URL('fixtures/doomed.ts', import.meta.url).pathname, world.directory],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [line] = await once(doomed.stdout, 'data');
  const pids = JSON.parse(String(line)) as number[];
  assert.equal(pids.length, 3);
  doomed.kill('SIGKILL');
  await once(doomed, 'exit');
  // The endless loop does not notice that its channel is closed, nor do the forked children.
  assert.deepEqual(pids.map(runs), [true, true, true]);
  await world.open();
  await world.until(() => !pids.some(runs));
  assert.deepEqual(world.directories, []);
});
