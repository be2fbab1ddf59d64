/** Functions that misbehave: callers and logs get what AWS would give, and nothing of them is left. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { answerOf, runs, World } from './fixtures/world.ts';
import type { Configuration } from '#metadata';
import type { InvokeRequest, LocalWorker } from './index.ts';

async function once(
  world: World,
  worker: LocalWorker,
  event: unknown,
  configuration: Partial<Configuration> = {},
  request: Partial<InvokeRequest> = {},
) {
  const environmentId = world.id();
  const created = await worker.create({ environmentId, version: world.version(configuration) });
  assert.deepEqual(created, { kind: 'created' });
  const outcome = worker.invoke(environmentId, world.request(event, { requestId: 'r1', ...request }));
  return { environmentId, outcome };
}

const gone = (world: World) => world.until(() => world.events.some((event) => event.kind === 'gone'));

test('an endless loop is killed at the timeout', async () => {
  await using world = new World();
  const worker = await world.open();
  const { outcome } = await once(world, worker, { do: 'loop' }, {}, { wantsLogTail: true });
  await world.until(() => world.log.includes('looping'));
  world.clock.leap(3_000);
  const answered = await outcome;
  assert.deepEqual(answerOf(answered), {
    errorType: 'Sandbox.Timedout',
    errorMessage: 'RequestId: r1 Error: Task timed out after 3.00 seconds',
  });
  assert.equal(answered.kind === 'answered' && answered.functionError, 'Unhandled');
  await gone(world);
  const tail = Buffer.from((answered.kind === 'answered' && answered.logTail) || []).toString();
  assert.match(
    tail,
    /^START RequestId: r1 Version: \$LATEST\nlooping\n\d{4}-\S+Z r1 Task timed out after 3\.00 seconds\n\nEND RequestId: r1\nREPORT RequestId: r1\tDuration: 3000\.00 ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\tMax Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms\tStatus: timeout\n$/,
  );
  assert.deepEqual(world.directories, []);
});

test('a process that exits is reported with its status, its last words and its end', async () => {
  await using world = new World();
  const worker = await world.open();
  const { outcome } = await once(world, worker, { do: 'exit', code: 3 }, {}, { wantsLogTail: true });
  const answered = await outcome;
  assert.deepEqual(answerOf(answered), {
    errorType: 'Runtime.ExitError',
    errorMessage: 'RequestId: r1 Error: Runtime exited with error: exit status 3',
  });
  const tail = Buffer.from((answered.kind === 'answered' && answered.logTail) || []).toString();
  assert.match(
    tail,
    /START .*\nlast words\nRequestId: r1 Error: Runtime exited with error: exit status 3\nRuntime\.ExitError\nEND .*\nREPORT .*\tStatus: error\tError Type: Runtime\.ExitError\n$/,
  );
  await gone(world);
});

test('an exit with status 0 and a signal have their own words', async () => {
  await using world = new World();
  const worker = await world.open();
  const zero = await once(world, worker, { do: 'exit', code: 0 });
  assert.match(String(Object.values(answerOf(await zero.outcome) as object)), /without providing a reason/);
  const segv = await once(world, worker, { do: 'signal', signal: 'SIGSEGV' });
  assert.match(
    String(Object.values(answerOf(await segv.outcome) as object)),
    /exited with error: signal: segmentation fault/,
  );
});

test('a process that is killed from outside while idle is gone, and its environment takes no invoke', async () => {
  await using world = new World();
  const worker = await world.open();
  const { environmentId, outcome } = await once(world, worker, { do: 'environment' });
  const { pid } = answerOf(await outcome) as { pid: number };
  process.kill(pid, 'SIGKILL');
  const second = await worker.invoke(environmentId, world.request(1));
  // Whether the end was noticed first is chance; that nothing ran is not.
  if (second.kind === 'answered') assert.match(Buffer.from(second.payload).toString(), /signal: killed/);
  else assert.equal(second.kind, 'not-started');
  await gone(world);
});

test('an answer that was given counts although the process is killed right after it', async () => {
  await using world = new World();
  const worker = await world.open();
  const { outcome } = await once(world, worker, { do: 'answer-and-exit' });
  assert.equal(answerOf(await outcome), 'bye');
  await gone(world);
  assert.deepEqual(
    world.events.map((event) => event.kind),
    ['idle', 'gone'],
  );
});

test('too much memory is killed from outside', async () => {
  await using world = new World();
  const worker = await world.open();
  const { outcome } = await once(
    world,
    worker,
    { do: 'allocate', mb: 1_000 },
    { memoryMb: 160, timeoutSeconds: 60 },
  );
  assert.deepEqual(answerOf(await outcome), {
    errorType: 'Runtime.ExitError',
    errorMessage: 'RequestId: r1 Error: Runtime exited with error: signal: killed',
  });
  await gone(world);
  assert.match(
    world.log,
    /Memory Size: 160 MB\tMax Memory Used: 160 MB\t.*Status: error\tError Type: Runtime\.OutOfMemory\n/,
  );
});

test('the memory of children counts', async () => {
  await using world = new World();
  const worker = await world.open();
  const configuration = { memoryMb: 160, timeoutSeconds: 900 };
  const { outcome } = await once(world, worker, { do: 'allocate-in-child', mb: 400 }, configuration);
  await world.until(() => {
    world.clock.leap(100); // a look each time, of which every tenth takes the whole group
    return world.events.some((event) => event.kind === 'gone');
  });
  assert.match(
    Buffer.from(((await outcome) as { payload: Uint8Array }).payload).toString(),
    /signal: killed/,
  );
  await gone(world);
  assert.match(world.log, /Error Type: Runtime\.OutOfMemory\n/);
});

test('a response of 6 MiB and 100 bytes passes, one byte more does not, and the environment stays', async () => {
  await using world = new World();
  const worker = await world.open();
  const { environmentId, outcome } = await once(world, worker, { do: 'big', bytes: 6_291_556 });
  const first = await outcome;
  assert.equal(first.kind === 'answered' && first.payload.length, 6_291_556);
  assert.equal(first.kind === 'answered' && first.functionError, undefined);
  for (const bytes of [6_291_557, 10_000_000]) {
    assert.deepEqual(answerOf(await worker.invoke(environmentId, world.request({ do: 'big', bytes }))), {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `Response payload size (${bytes} bytes) exceeded maximum allowed payload size (6291556 bytes).`,
    });
  }
  assert.equal(answerOf(await worker.invoke(environmentId, world.request(7))), 7);
});

test('a payload of 6 MB arrives whole', async () => {
  await using world = new World();
  const worker = await world.open();
  const { outcome } = await once(world, worker, 'x'.repeat(6_000_000));
  assert.equal((answerOf(await outcome) as string).length, 6_000_000);
});

test('an error of the handler is passed on as the runtime wrote it', async () => {
  await using world = new World();
  const worker = await world.open();
  const { environmentId, outcome } = await once(world, worker, { do: 'fail' });
  const answered = await outcome;
  assert.deepEqual(answerOf(answered), { errorType: 'Error', errorMessage: 'as asked', trace: [] });
  assert.equal(answered.kind === 'answered' && answered.functionError, 'Unhandled');
  assert.equal(answerOf(await worker.invoke(environmentId, world.request(1))), 1);
  assert.doesNotMatch(world.log, /Status: error/);
});

test('children go with their environment, also those that left its group or outlived its process', async () => {
  await using world = new World();
  const worker = await world.open();
  const stays = await once(world, worker, { do: 'fork-away', exit: false });
  const leaves = await once(world, worker, { do: 'fork-away', exit: true });
  const pids = [answerOf(await stays.outcome), answerOf(await leaves.outcome)].flat() as number[];
  assert.equal(pids.length, 4);
  await gone(world); // the second one's process exits by itself; the sleeping children keep its stdout open
  await worker.destroy(stays.environmentId);
  assert.deepEqual(pids.map(runs), [false, false, false, false]);
});

test('a runtime that breaks the protocol is killed', async () => {
  await using world = new World();
  const worker = await world.open();
  for (const event of [
    { do: 'garbage', hex: 'ffffffffff' },
    { do: 'garbage', hex: '0000000163' },
    { do: 'garbage', hex: '0000000102' },
    { do: 'half' },
    { do: 'close-channel' },
  ]) {
    const { environmentId, outcome } = await once(world, worker, event);
    assert.match(
      Buffer.from(((await outcome) as { payload: Uint8Array }).payload).toString(),
      /Runtime\.ExitError/,
    );
    await world.until(() => world.events.some((e) => e.kind === 'gone' && e.environmentId === environmentId));
  }
  const twice = await once(world, worker, { do: 'answer-twice' });
  assert.equal(answerOf(await twice.outcome), 1);
  await world.until(() => world.events.filter((event) => event.kind === 'gone').length === 6);
});

test('a flood of output is logged without holding the answer, and lines are whole', async () => {
  await using world = new World();
  const worker = await world.open();
  const { outcome } = await once(world, worker, { do: 'flood', mb: 8 }, { timeoutSeconds: 60 });
  assert.equal(answerOf(await outcome), 'flooded');
  await world.until(() => world.log.includes('REPORT'));
  const lines = world.logged.filter((event) => event.message.startsWith('x'));
  assert.equal(lines.length, 8 * 1024);
  assert.ok(lines.every((event) => event.message.length === 1024));
});

test('what was printed before the answer stands between START and END', async () => {
  await using world = new World();
  const worker = await world.open();
  const { environmentId, outcome } = await once(world, worker, { do: 'print' });
  const next = outcome.then(() =>
    worker.invoke(environmentId, world.request({ do: 'print' }, { requestId: 'r2' })),
  );
  await Promise.all([outcome, next]);
  await world.until(() => world.log.includes('REPORT RequestId: r2'));
  const [, text = ''] = world.log
    .replaceAll(/REPORT.*/g, 'REPORT')
    .split(/INIT_START Runtime Version: test\tRuntime Version ARN: arn:\S+\n/);
  for (const id of ['r1', 'r2']) {
    const part = new RegExp(
      `START RequestId: ${id} Version: \\$LATEST\n([^]*)END RequestId: ${id}\nREPORT\n`,
    ).exec(text);
    assert.deepEqual(part?.[1]?.split('\n').sort(), [
      '',
      'through the channel',
      'to stderr without an end',
      'to stdout',
    ]);
  }
  assert.match(
    [...world.streams].join(),
    /^\/aws\/lambda\/hello \d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/,
  );
});

test('an init that exits is run again inside the first invoke, which reports it', async () => {
  await using world = new World();
  const worker = await world.open();
  const { outcome } = await once(world, worker, 1, { handler: 'init-exit:2' });
  assert.deepEqual(answerOf(await outcome), {
    errorType: 'Runtime.ExitError',
    errorMessage: 'RequestId: r1 Error: Runtime exited with error: exit status 2',
  });
  await gone(world);
  assert.match(
    world.log,
    /INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: error\tError Type: Runtime\.ExitError\n/,
  );
  assert.match(
    world.log,
    /INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: invoke\tStatus: error\tError Type: Runtime\.ExitError\nSTART/,
  );
});

test('an init error is the answer of the first invoke, as the runtime wrote it', async () => {
  await using world = new World();
  const worker = await world.open();
  const { outcome } = await once(world, worker, 1, { handler: 'init-error' }, { wantsLogTail: true });
  const answered = await outcome;
  assert.deepEqual(answerOf(answered), {
    errorType: 'Runtime.ImportModuleError',
    errorMessage: 'no such module',
  });
  const tail = Buffer.from((answered.kind === 'answered' && answered.logTail) || []).toString();
  assert.match(tail, /^cannot import\n[^]*Status: error\tError Type: Runtime\.ImportModuleError\n$/);
  await gone(world);
});

test('an init that hangs ends at its limit, and once more at the timeout of the first invoke', async () => {
  await using world = new World();
  const worker = await world.open();
  const environmentId = world.id();
  const created = worker.create({ environmentId, version: world.version({ handler: 'init-hang' }) });
  await world.until(() => world.log.includes('init began'));
  world.clock.leap(10_000);
  assert.deepEqual(await created, { kind: 'created' });
  assert.deepEqual((await worker.list())[0]?.status, 'idle');
  const outcome = worker.invoke(environmentId, world.request(1));
  await world.until(() => world.log.split('init began').length === 3);
  world.clock.leap(3_000);
  assert.match(
    Buffer.from(((await outcome) as { payload: Uint8Array }).payload).toString(),
    /Sandbox\.Timedout/,
  );
  await gone(world);
  assert.match(world.log, /INIT_REPORT Init Duration: 1\d{4}\.\d\d ms\tPhase: init\tStatus: timeout\n/);
  assert.match(world.log, /\tPhase: invoke\tStatus: timeout\n/);
});

test('an init that fails once succeeds inside the first invoke', async () => {
  await using world = new World();
  const worker = await world.open();
  const environment = { FLAKY: world.taskRoot };
  const { environmentId, outcome } = await once(
    world,
    worker,
    { x: 1 },
    { handler: 'init-flaky', environment },
  );
  assert.deepEqual(answerOf(await outcome), { x: 1 });
  assert.deepEqual(answerOf(await worker.invoke(environmentId, world.request(2))), 2);
  assert.doesNotMatch(world.log, /Init Duration.*REPORT RequestId/);
});

test('what can start nowhere is impossible, and what the host lacks is the function’s failure only where it is', async () => {
  await using world = new World();
  const worker = await world.open();
  const create = (configuration: Partial<Configuration>) =>
    worker.create({ environmentId: world.id(), version: world.version(configuration) });
  assert.equal((await create({ runtime: 'cobol' })).kind, 'impossible');
  assert.deepEqual(await create({ code: { sha256: 'broken', blobKey: 'b', sizeBytes: 1 } }), {
    kind: 'impossible',
    errorType: 'InvalidZipFileException',
    message: 'the archive is broken',
  });
  const { outcome } = await once(world, worker, 1, { runtime: 'gone' });
  assert.deepEqual(answerOf(await outcome), {
    errorType: 'Runtime.InvalidEntrypoint',
    errorMessage: 'RequestId: r1 Error: fork/exec /no/such/runtime: no such file or directory',
  });
  assert.equal(world.events.filter((event) => event.kind === 'gone').length, 0);
  await world.until(() => world.events.length === 1);
  assert.deepEqual(await worker.list(), []);
});

test('a bootstrap that is missing, not executable or no program is Runtime.InvalidEntrypoint', async () => {
  await using world = new World();
  const worker = await world.open();
  const message = async () => {
    const { outcome } = await once(world, worker, 1, { runtime: 'provided.al2023' });
    return (answerOf(await outcome) as { errorMessage: string }).errorMessage;
  };
  assert.match(
    await message(),
    /Couldn't find valid bootstrap\(s\): \[\/var\/task\/bootstrap \/opt\/bootstrap\]$/,
  );
  mkdirSync(`${world.taskRoot}/bootstrap`);
  assert.match(await message(), /Couldn't find valid/);
  const other = new World();
  await using _ = other;
  const otherWorker = await other.open();
  writeFileSync(`${other.taskRoot}/bootstrap`, 'nonsense\0');
  const run = async () => {
    const { outcome } = await once(other, otherWorker, 1, { runtime: 'provided.al2023' });
    return (answerOf(await outcome) as { errorMessage: string }).errorMessage;
  };
  assert.match(await run(), /fork\/exec \/var\/task\/bootstrap: permission denied$/);
  chmodSync(`${other.taskRoot}/bootstrap`, 0o755);
  assert.match(await run(), /fork\/exec \/var\/task\/bootstrap: exec format error$/);
});
