/** Telemetry and logs of whole environments: what extensions are sent, and how a log of format JSON looks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Stage, type Telemetry } from './fixtures/stage.ts';
import { answerOf, World } from './fixtures/world.ts';
import { probeMounting } from './sandbox/process/mounting.ts';

const mounting = await probeMounting('/tmp', undefined);
const canMount = mounting.kind === 'none' ? mounting.why : false;

type Fields = Readonly<Record<string, unknown>>;
const recordOf = (events: readonly Telemetry[], type: string): Fields =>
  (events.find((event) => event.type === type)?.record ?? {}) as Fields;
const types = (events: readonly Telemetry[]): readonly string[] => events.map(({ type }) => type);
const json = {
  kept: { LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'WARN', SystemLogLevel: 'DEBUG' } },
};

test('a subscriber is sent everything from the start of init to the report of the last invoke', async () => {
  await using stage = new Stage();
  await stage.play({ ear: { subscribe: {}, print: true, lastMs: 50 } });
  await stage.invoke({ do: 'print' }, { requestId: 'one', traceId: 'Root=1-a-b' });
  await stage.until(() => types(stage.telemetryOf('ear')).includes('platform.report'));
  await stage.invoke({ do: 'exit', code: 3 }, { requestId: 'two' });
  await stage.until(() => stage.events.some(({ kind }) => kind === 'gone'));
  const events = stage.telemetryOf('ear');
  const platform = types(events).filter((type) => type.startsWith('platform.'));
  // The runtime's init goes on meanwhile.
  assert.ok(platform.includes('platform.telemetrySubscription'));
  const order = platform.filter((type) => type !== 'platform.telemetrySubscription');
  assert.deepEqual(order, [
    'platform.initStart',
    'platform.initRuntimeDone',
    'platform.extension',
    'platform.initReport',
    'platform.start',
    'platform.runtimeDone',
    'platform.report',
    'platform.start',
    'platform.runtimeDone',
    'platform.report',
  ]);
  const { instanceId, runtimeVersionArn, ...init } = recordOf(events, 'platform.initStart');
  assert.equal(instanceId, stage.environmentId);
  assert.match(String(runtimeVersionArn), /^arn:aws:lambda:[a-z0-9-]+::runtime:[0-9a-f]{64}$/);
  assert.deepEqual(init, {
    initializationType: 'on-demand',
    phase: 'init',
    runtimeVersion: 'test',
    functionName: 'hello',
    functionVersion: '$LATEST',
    instanceMaxMemory: 256 * 1024 * 1024,
  });
  assert.deepEqual(recordOf(events, 'platform.extension'), {
    name: 'ear',
    state: 'Ready',
    events: ['INVOKE', 'SHUTDOWN'],
  });
  const tracing = { type: 'X-Amzn-Trace-Id', value: 'Root=1-a-b' };
  assert.deepEqual(recordOf(events, 'platform.start'), {
    requestId: 'one',
    functionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:hello',
    version: '$LATEST',
    tracing,
  });
  const { metrics, spans, ...done } = recordOf(events, 'platform.runtimeDone');
  assert.deepEqual(done, { requestId: 'one', status: 'success', tracing });
  assert.equal((metrics as Fields)['producedBytes'], '"printed"'.length);
  assert.deepEqual(
    (spans as Fields[]).map(({ name }) => name),
    ['responseLatency', 'responseDuration', 'runtimeOverhead'],
  );
  const reports = events
    .filter(({ type }) => type === 'platform.report')
    .map(({ record }) => record as Fields);
  assert.equal(reports[0]?.['status'], 'success');
  assert.equal(reports[1]?.['status'], 'error');
  assert.equal(reports[1]?.['errorType'], 'Runtime.ExitError');
  const lines = events
    .filter(({ type }) => type === 'function')
    .map(({ record }) => String(record).trimEnd());
  assert.deepEqual(lines, ['through the channel', 'to stdout', 'to stderr without an end', 'last words']);
  assert.ok(events.some(({ type, record }) => type === 'extension' && record === 'ear saw one\n'));
  assert.match(
    stage.log,
    /TELEMETRY\tName: ear\tState: Subscribed\tTypes: \[Platform, Function, Extension\]\n/,
  );
});

test(
  'an extension may listen at sandbox.localdomain, where this host can mount',
  { skip: canMount },
  async () => {
    await using stage = new Stage();
    await stage.play({ ear: { subscribe: { host: 'sandbox.localdomain' } } });
    await stage.invoke({});
    await stage.until(() => types(stage.telemetryOf('ear')).includes('platform.report'));
  },
);

test('the Logs API has its own words, and goes over TCP too', async () => {
  for (const protocol of ['HTTP', 'TCP']) {
    await using stage = new Stage();
    await stage.play({ ear: { subscribe: { api: 'logs', protocol } } });
    await stage.invoke({ do: 'print' }, { requestId: 'one' });
    await stage.until(() => types(stage.telemetryOf('ear')).includes('platform.report'));
    const events = stage.telemetryOf('ear');
    assert.deepEqual(
      types(events).filter((type) => type.startsWith('platform.')),
      [
        'platform.logsSubscription',
        'platform.extension',
        'platform.start',
        'platform.runtimeDone',
        'platform.end',
        'platform.report',
      ],
    );
    assert.deepEqual(recordOf(events, 'platform.start'), { requestId: 'one', version: '$LATEST' });
    assert.deepEqual(recordOf(events, 'platform.end'), { requestId: 'one' });
    assert.match(stage.log, /LOGS\tName: ear\tState: Subscribed/);
  }
});

test('who subscribes too late, to both, or wrongly is told so', async () => {
  await using stage = new Stage();
  await stage.play({
    late: { lateSubscription: {} },
    wrong: { subscribe: { body: { types: [], buffering: { timeoutMs: 1 } } } },
    logs: { lateSubscription: { api: 'logs' } },
  });
  await stage.invoke({});
  const told = (name: string) =>
    stage.seen.flatMap((one) => (one.name === name ? (one.subscription ?? []) : []));
  await stage.until(() => told('late').length > 0 && told('logs').length > 0);
  assert.deepEqual(
    [told('late')[0]?.status, told('late')[0]?.text],
    [
      403,
      '{"errorMessage":"Telemetry API subscription is closed already","errorType":"Telemetry.SubscriptionClosed"}',
    ],
  );
  assert.match(told('logs')[0]?.text ?? '', /"Logs\.SubscriptionClosed"/);
  assert.equal(told('wrong')[0]?.status, 400);
  assert.match(
    told('wrong')[0]?.text ?? '',
    /types should not be empty; timeoutMs should be.*"ValidationError"/,
  );
});

test('a dead destination and a flood of lines hold up no invoke', async () => {
  await using stage = new Stage();
  await stage.play({ dead: { subscribe: { dead: true } }, ear: { subscribe: {} } }, { timeoutSeconds: 60 });
  const outcome = await stage.invoke({ do: 'flood', mb: 8 });
  assert.deepEqual(answerOf(outcome), 'flooded');
  await stage.until(() => stage.events.length === 1);
  const after = await stage.invoke({ fine: true });
  assert.deepEqual(answerOf(after), { fine: true });
  await stage.until(() => types(stage.telemetryOf('ear')).includes('function'));
});

test('a log of format JSON: the platform’s events from a level on, and lines of the function from another', async () => {
  await using world = new World();
  const worker = await world.open();
  const environmentId = world.id();
  await worker.create({ environmentId, version: world.version(json) });
  await worker.invoke(environmentId, world.request({ do: 'print' }, { requestId: 'one' }));
  const levels = ['{"timestamp":"2026-01-01T00:00:00Z","level":"error","message":"kept"}', 'plain'];
  await worker.invoke(environmentId, world.request({ do: 'write', lines: levels }));
  await worker.invoke(
    environmentId,
    world.request({ do: 'signal', signal: 'SIGSEGV' }, { requestId: 'two' }),
  );
  await world.until(() => world.events.some(({ kind }) => kind === 'gone'));
  const lines = world.logged.map(({ message }) => message.trimEnd());
  const events = lines.flatMap((line) =>
    line.startsWith('{"time":') ? [JSON.parse(line) as Telemetry] : [],
  );
  assert.deepEqual(types(events), [
    'platform.initStart',
    'platform.initRuntimeDone',
    'platform.initReport',
    'platform.start',
    'platform.runtimeDone',
    'platform.report',
    'platform.start',
    'platform.runtimeDone',
    'platform.report',
    'platform.start',
    'platform.runtimeDone',
    'platform.report',
  ]);
  const report = events.at(-1)?.record as Fields;
  assert.deepEqual(
    [report['requestId'], report['status'], report['errorType']],
    ['two', 'error', 'Runtime.ExitError'],
  );
  const others = lines.filter((line) => !line.startsWith('{"time":'));
  assert.deepEqual(others, ['through the channel', levels[0]]);
});

test('SystemLogLevel WARN leaves what went well out', async () => {
  await using world = new World();
  const worker = await world.open();
  const environmentId = world.id();
  const kept = { LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO', SystemLogLevel: 'WARN' } };
  await worker.create({ environmentId, version: world.version({ kept, timeoutSeconds: 1 }) });
  await worker.invoke(environmentId, world.request({}));
  const outcome = await worker.invoke(environmentId, world.request({ do: 'loop' }, { wantsLogTail: true }));
  await world.until(() => world.events.some(({ kind }) => kind === 'gone'));
  const lines = world.logged.map(({ message }) => message.trimEnd());
  assert.equal(lines[0], 'looping');
  assert.match(lines[1] ?? '', /"platform.runtimeDone".*"status":"timeout"/);
  assert.match(lines[2] ?? '', /"platform.report".*"status":"timeout"/);
  assert.equal(lines.length, 3);
  assert.ok('logTail' in outcome && Buffer.from(outcome.logTail ?? []).includes('platform.report'));
});
