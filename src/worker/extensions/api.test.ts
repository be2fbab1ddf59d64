/** The Extensions API over HTTP, with the extensions' own machine behind it and a sandbox that starts nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock, systemEntropy } from '#platform';
import { RuntimeApi } from '../runtime-api/server.ts';
import type { SideOutcome, SidePlan } from '../sandbox/sandbox.ts';
import { Extensions } from './extensions.ts';

class Bench implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly heard: string[] = [];
  readonly plans: SidePlan[] = [];
  readonly extensions: Extensions;
  #address = '';
  #close = (): void => {};

  constructor(programs: readonly string[] = []) {
    const heard = (what: string) => () => void this.heard.push(what);
    this.extensions = new Extensions({
      sandbox: {
        signal: (name) => void this.heard.push(name),
        spawn: async (plan): Promise<SideOutcome> => {
          this.plans.push(plan);
          return {
            kind: 'started',
            side: { kill: () => plan.exited({ kind: 'signal', signal: 'SIGKILL' }) },
          };
        },
      },
      programs,
      root: '/opt',
      facts: { functionName: 'f', functionVersion: '3', handler: 'i.h', accountId: '123456789012' },
      environment: { _HANDLER: 'i.h', MINE: '1' },
      clock: this.clock,
      entropy: systemEntropy,
      listener: {
        beginRuntime: heard('begin'),
        internal: () => {},
        ready: heard('ready'),
        failed: ({ errorType, message }) => void this.heard.push(`${errorType}: ${message}`),
        output: () => {},
        subscribe: (api, name, body) => ({ status: 200, body: JSON.stringify([api, name, body.length]) }),
      },
    });
  }

  async open(): Promise<this> {
    const endpoint = await new RuntimeApi(systemEntropy).open();
    endpoint.serveBeside(this.extensions);
    this.#address = endpoint.address;
    this.#close = () => endpoint.close();
    this.extensions.begin();
    await turn();
    return this;
  }

  async call(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
    signal?: AbortSignal,
  ): Promise<{ status: number; headers: Headers; text: string; json: Readonly<Record<string, unknown>> }> {
    const response = await fetch(`http://${this.#address}${path}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
      ...(signal !== undefined && { signal }),
    });
    const text = await response.text();
    let json: Readonly<Record<string, unknown>>;
    try {
      json = JSON.parse(text) as typeof json;
    } catch {
      json = {};
    }
    return { status: response.status, headers: response.headers, text, json };
  }

  register(name: string, events: unknown = ['INVOKE'], headers: Record<string, string> = {}) {
    const body = typeof events === 'string' ? events : JSON.stringify({ events });
    return this.call(
      'POST',
      '/2020-01-01/extension/register',
      { ...(name === '' ? {} : { 'Lambda-Extension-Name': name }), ...headers },
      body,
    );
  }

  next(id: string, signal?: AbortSignal) {
    const headers: Record<string, string> = id === '' ? {} : { 'Lambda-Extension-Identifier': id };
    return this.call('GET', '/2020-01-01/extension/event/next', headers, undefined, signal);
  }

  async until(what: string): Promise<void> {
    for (let looks = 0; !this.heard.includes(what); looks += 1) {
      assert.ok(looks < 10_000, `waited in vain for ${what}: ${this.heard.join()}`);
      await turn();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }
}

const notice = { requestId: 'r', invokedArn: 'arn', traceId: 'Root=1', deadlineMs: 5 };

test('an internal extension registers while init runs, and holds up init and invokes until it asks', async () => {
  await using bench = await new Bench().open();
  const { status, headers, json } = await bench.register('inner');
  assert.equal(status, 200);
  assert.deepEqual(json, { functionName: 'f', functionVersion: '3', handler: 'i.h' });
  const id = headers.get('lambda-extension-identifier') ?? '';
  bench.extensions.runtimeReady();
  assert.deepEqual(bench.heard, ['begin']);
  const first = bench.next(id);
  await bench.until('ready');
  bench.extensions.invoke(notice);
  const event = await first;
  assert.match(event.headers.get('lambda-extension-event-identifier') ?? '', /^[0-9a-f-]{36}$/);
  assert.equal(event.json['eventType'], 'INVOKE');
  bench.extensions.runtimeReady();
  assert.deepEqual(bench.heard, ['begin', 'ready']);
  const second = bench.next(id);
  while (bench.heard.length < 3) await turn();
  const refused = await bench.next(id);
  assert.deepEqual(refused.json, {
    errorMessage: `State transition from Ready to Ready failed for extension ${id}. Error: State transition is not allowed`,
    errorType: 'Extension.InvalidExtensionState',
  });
  bench.extensions.invoke({ ...notice, requestId: 'r2' });
  assert.equal((await second).json['requestId'], 'r2');
});

const refused = async (
  call: Promise<{ status: number; json: Readonly<Record<string, unknown>> }>,
  type: string,
  message: string,
) => {
  const { status, json } = await call;
  assert.deepEqual([status, json], [403, { errorMessage: message, errorType: type }]);
};

test('every refusal has AWS’s status, type and words', async () => {
  await using bench = await new Bench(['outer']).open();
  const unknown = '00000000-0000-4000-8000-000000000000';
  await refused(bench.register(''), 'Extension.InvalidExtensionName', 'Empty extension name');
  await refused(bench.register('x', ['SLEEP']), 'Extension.InvalidEventType', 'SLEEP: ErrorInvalidEventType');
  await refused(
    bench.register('x', ['SHUTDOWN']),
    'Extension.InvalidEventType',
    'SHUTDOWN: ShutdownEventNotSupportedForInternalExtension',
  );
  await refused(
    bench.register('x', '{"configurationKeys":["A"]}'),
    'InvalidRequestFormat',
    'configurationKeys are deprecated; use environment variables instead',
  );
  for (const body of ['{', '[]', '"x"', '{"events":"INVOKE"}', '{"events":[1]}', '\xff']) {
    const { status, json } = await bench.register('x', body);
    assert.deepEqual([status, json['errorType']], [403, 'InvalidRequestFormat'], body);
  }
  await refused(
    bench.next(''),
    'Extension.MissingExtensionIdentifier',
    'Missing Lambda-Extension-Identifier header',
  );
  await refused(
    bench.next('me'),
    'Extension.InvalidExtensionIdentifier',
    'Invalid Lambda-Extension-Identifier',
  );
  await refused(bench.next(unknown), 'Extension.UnknownExtensionIdentifier', `Unknown extension ${unknown}`);
  const mine = { 'Lambda-Extension-Identifier': unknown };
  for (const which of ['init', 'exit']) {
    const path = `/2020-01-01/extension/${which}/error`;
    await refused(
      bench.call('POST', path, mine),
      'Extension.MissingHeader',
      'Lambda-Extension-Function-Error-Type not found',
    );
    const whole = { ...mine, 'Lambda-Extension-Function-Error-Type': 'X' };
    await refused(
      bench.call('POST', path, whole),
      'Extension.UnknownExtensionIdentifier',
      `Unknown extension ${unknown}`,
    );
    assert.equal((await bench.call('GET', path, whole)).status, 405);
  }
  assert.equal((await bench.call('PUT', '/2022-07-01/telemetry', mine, '{}')).status, 403);
  const { status } = await bench.register('x', JSON.stringify({ events: [], more: 'x'.repeat(70_000) }));
  assert.equal(status, 413);
  for (let index = 0; index < 9; index += 1) assert.equal((await bench.register(`i${index}`)).status, 200);
  await refused(bench.register('i9'), 'Extension.TooManyExtensions', 'Extension limit (10) reached');
  assert.equal((await bench.call('GET', '/2020-01-01/extension/unknown')).status, 404);
});

test('a registration after init is closed; features that are not known are ignored', async () => {
  await using bench = await new Bench().open();
  const { json } = await bench.register('a', ['INVOKE'], {
    'Lambda-Extension-Accept-Feature': 'x, accountId',
  });
  assert.equal(json['accountId'], '123456789012');
  bench.extensions.runtimeReady();
  const late = await bench.register('b');
  assert.deepEqual(
    [late.status, late.json],
    [
      403,
      { errorMessage: 'Extension registration closed already', errorType: 'Extension.RegistrationClosed' },
    ],
  );
});

test('an external one gets its part of the environment; the runtime begins when it has registered', async () => {
  await using bench = await new Bench(['outer']).open();
  assert.deepEqual(bench.heard, []);
  assert.deepEqual(
    bench.plans.map(({ command, env }) => [command, env]),
    [['/opt/extensions/outer', { MINE: '1' }]],
  );
  await bench.register('outer', ['INVOKE', 'SHUTDOWN']);
  assert.deepEqual(bench.heard, ['begin']);
});

test('a call whose connection broke is forgotten, and the next one gets the event', async () => {
  await using bench = await new Bench(['outer']).open();
  const { headers } = await bench.register('outer', ['INVOKE']);
  const id = headers.get('lambda-extension-identifier') ?? '';
  bench.extensions.runtimeReady();
  const leaving = new AbortController();
  const broken = bench.next(id, leaving.signal).catch(() => 'broken');
  await bench.until('ready');
  leaving.abort();
  assert.equal(await broken, 'broken');
  while (bench.extensions.list.some(({ waits }) => waits)) await turn();
  bench.extensions.invoke(notice);
  assert.equal((await bench.next(id)).json['requestId'], 'r');
});

test('an internal one that reports an error ends its environment at once', async () => {
  await using bench = await new Bench().open();
  const { headers } = await bench.register('inner');
  const { status, text } = await bench.call('POST', '/2020-01-01/extension/exit/error', {
    'Lambda-Extension-Identifier': headers.get('lambda-extension-identifier') ?? '',
    'Lambda-Extension-Function-Error-Type': 'Mine.Lost',
  });
  assert.deepEqual([status, text], [202, '{"status":"OK"}\n']);
  assert.deepEqual(bench.heard, ['begin', 'Extension.ExitError: Mine.Lost']);
});

test('subscriptions reach their API with who asks, with or without a slash at the end', async () => {
  await using bench = await new Bench().open();
  const { headers } = await bench.register('inner');
  const mine = { 'Lambda-Extension-Identifier': headers.get('lambda-extension-identifier') ?? '' };
  for (const path of ['/2022-07-01/telemetry', '/2022-07-01/telemetry/']) {
    assert.deepEqual((await bench.call('PUT', path, mine, 'body')).json, ['telemetry', 'inner', 4]);
  }
  assert.deepEqual((await bench.call('PUT', '/2020-08-15/logs', mine, '')).json, ['logs', 'inner', 0]);
  assert.equal((await bench.call('POST', '/2020-08-15/logs', mine, '')).status, 405);
});

test('the shutdown phase: SIGTERM, then SIGKILL for the runtime, then the extension has the rest', async () => {
  await using bench = await new Bench(['outer']).open();
  const { headers } = await bench.register('outer', ['SHUTDOWN']);
  const id = headers.get('lambda-extension-identifier') ?? '';
  bench.extensions.runtimeReady();
  const waiting = bench.next(id);
  await bench.until('ready');
  let over = false;
  void bench.extensions.shutdown('timeout').then(() => (over = true));
  assert.equal(bench.heard.at(-1), 'SIGTERM');
  bench.clock.advance(299);
  assert.equal(bench.heard.at(-1), 'SIGTERM');
  bench.clock.advance(1);
  assert.equal(bench.heard.at(-1), 'SIGKILL');
  const { json } = await waiting;
  assert.deepEqual(json, {
    eventType: 'SHUTDOWN',
    deadlineMs: bench.clock.wallMs() + 1_700,
    shutdownReason: 'timeout',
  });
  bench.clock.advance(1_699);
  await turn();
  assert.equal(over, false);
  bench.clock.advance(1);
  await turn();
  assert.equal(over, true);
  assert.equal(bench.clock.timers, 0);
});
