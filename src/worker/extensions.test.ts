/** External extensions as processes: from their start to their end, well-behaved and otherwise. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Stage } from './fixtures/stage.ts';
import { answerOf, runs } from './fixtures/world.ts';

test('an extension is started first, told of invokes and of the end, and sees its part of the variables', async () => {
  await using stage = new Stage();
  await stage.play({ watcher: {} });
  const outcome = await stage.invoke({ hello: 1 }, { requestId: 'one', traceId: 'Root=1-a-b' });
  assert.deepEqual(answerOf(outcome), { hello: 1 });
  await stage.until(() => stage.seen.some(({ done }) => done === 'one'));
  await stage.worker.destroy(stage.environmentId);
  const [start, registered, invoked, , told] = stage.seen;
  assert.equal(start?.cwd, '/');
  const env = start?.env ?? {};
  assert.equal(env['AWS_LAMBDA_FUNCTION_NAME'], 'hello');
  assert.equal(env['AWS_ACCESS_KEY_ID'], 'ASIATEST');
  for (const name of ['_HANDLER', 'AWS_EXECUTION_ENV', 'LAMBDA_TASK_ROOT', 'AWS_LAMBDA_LOG_STREAM_NAME']) {
    assert.ok(!(name in env), name);
  }
  assert.equal(registered?.registration?.status, 200);
  assert.deepEqual(JSON.parse(registered?.registration?.text ?? ''), {
    functionName: 'hello',
    functionVersion: '$LATEST',
    handler: 'index.handler',
    accountId: '000000000000',
  });
  assert.match(String(invoked?.eventId), /^[0-9a-f-]{36}$/);
  const { deadlineMs, ...event } = invoked?.event ?? {};
  assert.ok(Number(deadlineMs) > Date.now() - 60_000);
  assert.deepEqual(event, {
    eventType: 'INVOKE',
    requestId: 'one',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:hello',
    tracing: { type: 'X-Amzn-Trace-Id', value: 'Root=1-a-b' },
  });
  assert.deepEqual(Object.keys(told?.event ?? {}).sort(), ['deadlineMs', 'eventType', 'shutdownReason']);
  assert.deepEqual(stage.eventsOf('watcher'), ['INVOKE', 'spindown', 'leaves']);
  assert.match(stage.log, /watcher is up\n/);
  assert.match(stage.log, /EXTENSION\tName: watcher\tState: Ready\tEvents: \[INVOKE,SHUTDOWN\]\nSTART /);
  assert.deepEqual(stage.directories, []);
  for (const pid of stage.pids) assert.ok(!runs(pid));
});

test('the caller has its answer at once; the invoke is over when every extension is, which is counted', async () => {
  await using stage = new Stage();
  await stage.play({ slow: { invokeMs: 300 }, quick: {}, deaf: { events: ['SHUTDOWN'] } });
  await stage.invoke({});
  assert.equal(stage.events.length, 0, 'it is busy still');
  await stage.until(() => stage.events.length === 1);
  assert.equal(stage.events[0]?.kind, 'idle');
  await stage.until(() => stage.log.includes('\tDuration: '));
  const duration = Number(/\tDuration: ([\d.]+) ms/.exec(stage.log)?.[1]);
  assert.ok(duration >= 290, String(duration));
  assert.deepEqual(stage.eventsOf('deaf'), []);
});

test('an extension that outlasts the timeout has the environment reset, and is told why', async () => {
  await using stage = new Stage();
  await stage.play({ slow: { invokeMs: 60_000, events: ['INVOKE'] }, other: {} }, { timeoutSeconds: 1 });
  const outcome = await stage.invoke({ a: 1 });
  assert.deepEqual(answerOf(outcome), { a: 1 }, 'the function itself was in time');
  await stage.until(() => stage.events.some(({ kind }) => kind === 'gone'));
  await stage.until(() => stage.log.includes('Status: timeout'));
  assert.deepEqual(stage.eventsOf('other'), ['INVOKE', 'timeout', 'leaves']);
  for (const pid of stage.pids) assert.ok(!runs(pid));
});

test('a function that times out or crashes: its extensions hear of it', async () => {
  await using stage = new Stage();
  await stage.play({ watcher: {} }, { timeoutSeconds: 1 });
  await stage.invoke({ do: 'loop' });
  await stage.until(() => stage.events.some(({ kind }) => kind === 'gone'));
  assert.deepEqual(stage.eventsOf('watcher'), ['INVOKE', 'timeout', 'leaves']);
  await stage.create({ watcher: {} });
  await stage.invoke({ do: 'exit', code: 7 });
  await stage.until(() => stage.events.filter(({ kind }) => kind === 'gone').length === 2);
  assert.deepEqual(stage.eventsOf('watcher').slice(3), ['INVOKE', 'failure', 'leaves']);
});

test('a provided runtime begins only once every extension has registered', async () => {
  await using stage = new Stage();
  const mark = join(stage.root, 'began');
  writeFileSync(join(stage.taskRoot, 'bootstrap'), `#!/bin/sh\ncp ${stage.seenPath} ${mark}\nsleep 1000\n`, {
    mode: 0o755,
  });
  await stage.play(
    { late: { late: 200 }, early: {} },
    { runtime: 'provided.al2023' },
    { limits: { initLimitMs: 1_500 } },
  );
  const before = readFileSync(mark, 'utf8');
  assert.match(before, /"name":"late"/, 'it began after both were up, and the second had registered');
  await stage.until(() => /Phase: init\tStatus: timeout/.test(stage.log));
});

const broken: readonly (readonly [string, object, RegExp, RegExp])[] = [
  ['never registers', { never: true }, /Status: timeout/, /State: Started/],
  ['registers too late', { late: 60_000 }, /Status: timeout/, /State: Started/],
  ['crashes before it registers', { exit: 9 }, /Error Type: Extension\.Crash/, /State: Started/],
  ['exits 0 before it registers', { exit: 0 }, /Error Type: Extension\.Crash/, /State: Started/],
  [
    'reports an error of its init and exits',
    { failInit: 'Mine.Broken' },
    /Extension\.InitError/,
    /State: InitError\tEvents: \[INVOKE,SHUTDOWN\]\tError Type: Mine\.Broken/,
  ],
  [
    'reports an error of its init and lingers',
    { failInit: 'Mine.Broken', lingers: true, events: [] },
    /Extension\.InitError/,
    /State: InitError/,
  ],
];

for (const [what, plan, report, line] of broken) {
  test(`an extension that ${what}: init fails, and again in the first invoke`, async () => {
    await using stage = new Stage();
    await stage.play(
      { bad: plan, good: {} },
      {},
      { limits: { initLimitMs: report.source.includes('timeout') ? 700 : 5_000 } },
    );
    await stage.until(() => /INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\t/.test(stage.log));
    assert.match(stage.log, report);
    assert.match(stage.log, line);
    const outcome = await stage.invoke({}, {});
    const payload = JSON.stringify(answerOf(outcome));
    assert.match(payload, /Sandbox\.Timedout|Extension\./);
    await stage.until(() => stage.events.some(({ kind }) => kind === 'gone'));
    assert.match(stage.log, /Phase: invoke\t/);
    assert.deepEqual(stage.directories, []);
    for (const pid of stage.pids) assert.ok(!runs(pid));
  });
}

const loud: readonly (readonly [string, object, object, RegExp])[] = [
  [
    'crashes in an invoke',
    { crashInvoke: 5 },
    { do: 'sleep', ms: 60_000 },
    /Extension\.Crash.*Error: exit status 5/,
  ],
  [
    'exits 0 in an invoke',
    { crashInvoke: 0 },
    { do: 'sleep', ms: 60_000 },
    /Extension\.Crash.*Error: exit code 0/,
  ],
];

for (const [what, plan, event, answer] of loud) {
  test(`an extension that ${what}: the invoke fails, and the environment is reset`, async () => {
    await using stage = new Stage();
    await stage.play({ bad: plan, good: {} });
    const outcome = await stage.invoke(event, { requestId: 'it' });
    assert.match(JSON.stringify(answerOf(outcome)), answer);
    await stage.until(() => stage.events.some(({ kind }) => kind === 'gone'));
    assert.match(stage.log, /RequestId: it Error: exit (?:code|status) \d\nExtension\.Crash\nEND/);
    assert.match(stage.log, /REPORT RequestId: it.*Status: error\tError Type: Extension\.Crash\n/);
    assert.deepEqual(stage.eventsOf('good'), ['INVOKE', 'failure', 'leaves']);
    for (const pid of stage.pids) assert.ok(!runs(pid));
  });
}

test('an extension that dies between two invokes takes its environment with it', async () => {
  await using stage = new Stage();
  await stage.play({ bad: {}, good: {} });
  const pid = stage.seen.find(({ name, pid }) => name === 'bad' && pid !== undefined)?.pid ?? 0;
  process.kill(pid, 'SIGKILL');
  await stage.until(() => stage.events.some(({ kind }) => kind === 'gone'));
  assert.deepEqual(stage.eventsOf('good'), ['failure', 'leaves']);
});

test('one that stays in the shutdown phase is killed at its end; one that crashes then harms nobody', async () => {
  await using stage = new Stage();
  await stage.play({ stays: { stays: true }, crash: { crashShutdown: 4 }, mute: { events: ['INVOKE'] } });
  const begun = Date.now();
  await stage.worker.destroy(stage.environmentId);
  assert.ok(Date.now() - begun >= 1_900);
  assert.deepEqual(stage.eventsOf('stays'), ['spindown']);
  assert.deepEqual(stage.eventsOf('crash'), ['spindown', 'leaves']);
  assert.deepEqual(stage.eventsOf('mute'), []);
  for (const pid of stage.pids) assert.ok(!runs(pid));
  assert.deepEqual(stage.directories, []);
});

test('who registers twice, under another name, or late is refused by AWS’s words', async () => {
  await using stage = new Stage();
  await stage.play({ twice: { twice: true }, namer: { as: 'nobody', events: ['INVOKE', 'SHUTDOWN'] } });
  const [again] = stage.seen.flatMap(({ again }) => again ?? []);
  assert.equal(again?.status, 403);
  assert.match(again?.text ?? '', /"Extension.InvalidExtensionState"/);
  assert.match(
    again?.text ?? '',
    /State transition from Registered to Registered failed for extension twice\./,
  );
  const named = stage.seen.find(({ registeredAs }) => registeredAs !== undefined);
  assert.equal(named?.status, 403);
  assert.deepEqual(JSON.parse(named?.text ?? ''), {
    errorMessage: 'SHUTDOWN: ShutdownEventNotSupportedForInternalExtension',
    errorType: 'Extension.InvalidEventType',
  });
});

test('what is no program, may not be executed or is one too many cannot be launched', async () => {
  const cases: readonly (readonly [(stage: Stage) => void, RegExp, RegExp])[] = [
    [
      (stage) => stage.write('plain', 'no program', 0o644),
      /fork\/exec \/opt\/extensions\/plain: permission denied/,
      /Name: plain\tState: LaunchError\tEvents: \[\]\tError Type: PermissionDenied/,
    ],
    [
      (stage) => {
        for (let index = 0; index < 10; index += 1) stage.write(`x${index}`, '#!/bin/sh\nsleep 1000\n');
      },
      /Extension limit \(10\) reached/,
      /Name: x9\tState: LaunchError\tEvents: \[\]\tError Type: TooManyExtensions/,
    ],
  ];
  for (const [arrange, message, line] of cases) {
    await using stage = new Stage();
    mkdirSync(join(stage.layersRoot, 'extensions'));
    arrange(stage);
    await stage.play({ good: {} });
    const outcome = await stage.invoke({});
    assert.match(JSON.stringify(answerOf(outcome)), /"Extension\.LaunchError"/);
    assert.match(JSON.stringify(answerOf(outcome)), message);
    await stage.until(() => line.test(stage.log));
    await stage.until(() => stage.events.some(({ kind }) => kind === 'gone'));
  }
});

test('where this host cannot mount, extensions run from where their layer was unpacked', async () => {
  await using stage = new Stage();
  await stage.play({ watcher: {} }, {}, { mounting: { kind: 'none', why: 'for the test' } });
  await stage.invoke({});
  await stage.worker.destroy(stage.environmentId);
  assert.deepEqual(stage.eventsOf('watcher'), ['INVOKE', 'spindown', 'leaves']);
});

test('a closing worker takes leave of extensions too', async () => {
  await using stage = new Stage();
  await stage.play({ watcher: { lastMs: 100 } });
  await stage.worker.close();
  assert.deepEqual(stage.eventsOf('watcher'), ['spindown', 'leaves']);
});
