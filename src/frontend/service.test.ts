/** The frontend over real counting and assignment and a worker without sandboxes. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import type { RequestContext } from '#wire';
import { WireError } from '#wire';
import { accountId, region } from './fixtures/functions.ts';
import { openWorld } from './fixtures/world.ts';
import { context } from '#wire/fixtures';

const text = (payload: unknown): string => new TextDecoder().decode(payload as Uint8Array);
const contextOf = (value: string): string => Buffer.from(JSON.stringify({ a: value })).toString('base64');
const bytes = (payload: string): Uint8Array => new TextEncoder().encode(payload);

async function world(options: { readonly limit?: number } = {}) {
  const opened = await openWorld(options);
  const { handlers } = opened;
  const invoke = async (
    input: Record<string, unknown> = {},
    more: Partial<RequestContext> = {},
  ): Promise<Readonly<Record<string, unknown>>> => {
    const { Invoke } = handlers;
    assert.ok(Invoke);
    return Invoke({ FunctionName: 'hello', ...input }, { ...context, ...more });
  };
  return { ...opened, invoke };
}

const refusedWith = (errorName: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof WireError, String(error));
  assert.equal(error.errorName, errorName);
  assert.match(error.message, message);
  return true;
};

test('an invoke answers with what the function returned, and the next one uses the same environment', async () => {
  const { worker, invoke } = await world();
  const first = await invoke({ Payload: bytes('{"x":1}') });
  assert.equal(text(first['Payload']), '{"x":1}');
  assert.deepEqual(
    { ...first, Payload: undefined },
    {
      StatusCode: 200,
      FunctionError: undefined,
      LogResult: undefined,
      ExecutedVersion: '$LATEST',
      Payload: undefined,
      'X-Amzn-Trace-Id': worker.invoked[0]?.request.traceId,
    },
  );
  await invoke({ Payload: bytes('2') });
  assert.equal(worker.created.length, 1);
  assert.equal(worker.invoked[1]?.request.invokedArn, `arn:aws:lambda:${region}:${accountId}:function:hello`);
});

test('an empty payload is delivered as an empty object', async () => {
  const { worker, invoke } = await world();
  await invoke();
  assert.equal(text(worker.invoked[0]?.request.payload), '{}');
});

test('a payload that is no JSON is refused before any environment starts', async () => {
  const { worker, invoke } = await world();
  await assert.rejects(
    invoke({ Payload: bytes('hello') }),
    refusedWith(
      'InvalidRequestContentException',
      /^Could not parse request body into json: Could not parse payload/,
    ),
  );
  assert.equal(worker.created.length, 0);
});

test('a payload of 6 MiB passes, one byte more is refused', async () => {
  const { invoke } = await world();
  const full = new Uint8Array(6 * 1024 * 1024).fill(0x20);
  full[0] = 0x31;
  assert.equal((await invoke({ Payload: full }))['StatusCode'], 200);
  const more = new Uint8Array(6 * 1024 * 1024 + 1).fill(0x31);
  await assert.rejects(
    invoke({ Payload: more }),
    refusedWith('RequestEntityTooLargeException', /must be smaller than 6291456 bytes/),
  );
});

test('a function error and the tail of the log reach the caller', async () => {
  const { worker, invoke } = await world();
  worker.onInvoke = ({ wantsLogTail }) => ({
    kind: 'answered',
    payload: bytes('{"errorType":"Error"}'),
    functionError: 'Unhandled',
    ...(wantsLogTail && { logTail: bytes('START\n') }),
  });
  const answer = await invoke({ LogType: 'Tail' });
  assert.equal(answer['FunctionError'], 'Unhandled');
  assert.equal(answer['LogResult'], Buffer.from('START\n').toString('base64'));
  assert.equal((await invoke({ LogType: 'None' }))['LogResult'], undefined);
});

test('DryRun answers 204 and runs nothing', async () => {
  const { worker, invoke } = await world();
  const answer = await invoke({ InvocationType: 'DryRun' });
  assert.equal(answer['StatusCode'], 204);
  assert.equal(answer['Payload'], undefined);
  assert.equal(worker.created.length, 0);
  await assert.rejects(
    invoke({ FunctionName: 'nobody', InvocationType: 'DryRun' }),
    refusedWith('ResourceNotFoundException', /nobody/),
  );
});

test('what is not served yet is refused by name', async () => {
  const { invoke, handlers } = await world();
  await assert.rejects(invoke({ InvocationType: 'Event' }), refusedWith('NotImplementedException', /Event/));
  await assert.rejects(invoke({ TenantId: 'blue' }), refusedWith('NotImplementedException', /TenantId/));
  assert.deepEqual(Object.keys(handlers), ['Invoke', 'InvokeWithResponseStream']);
});

test('names, ARNs and qualifiers', async () => {
  const { invoke } = await world();
  const arn = `arn:aws:lambda:${region}:${accountId}:function:hello`;
  for (const FunctionName of [
    'hello',
    'hello:$LATEST',
    arn,
    `${arn}:$LATEST`,
    `${accountId}:function:hello`,
  ]) {
    assert.equal((await invoke({ FunctionName }))['StatusCode'], 200, FunctionName);
  }
  await assert.rejects(
    invoke({ FunctionName: 'hello:1', Qualifier: '2' }),
    refusedWith('InvalidParameterValueException', /derived qualifier .* does not match/),
  );
  await assert.rejects(
    invoke({ Qualifier: 'prod' }),
    refusedWith('ResourceNotFoundException', /^Function not found: arn:.*:hello:prod$/),
  );
  await assert.rejects(
    invoke({ FunctionName: arn.replace(region, 'eu-west-1') }),
    refusedWith('ResourceNotFoundException', /not reachable in this region/),
  );
  await assert.rejects(
    invoke({ FunctionName: arn.replace(accountId, '111111111111') }),
    refusedWith('AccessDeniedException', /not authorized to perform: lambda:InvokeFunction/),
  );
});

test('the client context is decoded for the function, and must be a JSON object in base64', async () => {
  const { worker, invoke } = await world();
  const ClientContext = Buffer.from('{"custom":{"a":"ü"}}').toString('base64');
  await invoke({ ClientContext });
  assert.equal(worker.invoked[0]?.request.clientContext, '{"custom":{"a":"ü"}}');
  for (const bad of ['string', '####', Buffer.from('[1]').toString('base64'), contextOf('x'.repeat(2_700))]) {
    await assert.rejects(
      invoke({ ClientContext: bad }),
      refusedWith(
        'InvalidRequestContentException',
        /^Client context must be a valid Base64-encoded JSON object\.$/,
      ),
    );
  }
});

test('a trace is passed on, or a new one begins', async () => {
  const { worker, invoke } = await world();
  const sent = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
  await invoke({}, { traceId: sent });
  await invoke();
  await invoke({}, { traceId: 'Root=nonsense' });
  const traces = worker.invoked.map(({ request }) => request.traceId);
  assert.equal(traces[0], `${sent};Lineage=1:68656c6c:0`);
  const made = /^Root=1-69[0-9a-f]{6}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:68656c6c:0$/;
  assert.match(traces[1] ?? '', made);
  assert.match(traces[2] ?? '', made);
  assert.notEqual(traces[1], traces[2]);
});

test('a function that invokes itself in a loop is stopped at its 17th invoke, unless it may', async () => {
  const { worker, metadata, invoke } = await world();
  const traceId = (): string => worker.invoked.at(-1)?.request.traceId ?? '';
  await invoke();
  for (let hop = 2; hop <= 16; hop++) await invoke({}, { traceId: traceId() });
  const looping = traceId();
  await assert.rejects(
    invoke({}, { traceId: looping }),
    refusedWith('RecursiveInvocationException', /recursive loop with other AWS resources and stopped/),
  );
  assert.equal(worker.invoked.length, 16);
  metadata.setLoop('hello', 'Allow');
  for (let hop = 0; hop < 20; hop++) await invoke({}, { traceId: traceId() });
  metadata.setLoop('hello', 'Terminate');
  await assert.rejects(invoke({}, { traceId: looping }), refusedWith('RecursiveInvocationException', /./));
  metadata.put('other');
  await invoke({ FunctionName: 'other' }, { traceId: looping });
  await invoke(); // of no chain
});

test('a trace that has grown too long begins anew', async () => {
  const { worker, invoke } = await world();
  const sent = `Root=1-5759e988-bd862e3fe1be46a994272793;X=${'x'.repeat(970)}`;
  await invoke({}, { traceId: sent });
  assert.match(worker.invoked[0]?.request.traceId ?? '', /^Root=1-69[^X]*;Lineage=1:68656c6c:0$/);
});

test('a pending version is waited for', async () => {
  const { clock, metadata, invoke } = await world();
  metadata.put('slow', { state: 'Pending' });
  const answer = invoke({ FunctionName: 'slow' });
  await setImmediate();
  metadata.put('slow', { state: 'Active' });
  assert.equal((await answer)['StatusCode'], 200);

  metadata.put('stuck', { state: 'Pending' });
  const refused = invoke({ FunctionName: 'stuck' });
  const expectation = assert.rejects(
    refused,
    refusedWith('ResourceConflictException', /currently in the following state: Pending$/),
  );
  await setImmediate();
  clock.advance(30_000);
  await expectation;
  metadata.put('broken', { state: 'Failed' });
  await assert.rejects(
    invoke({ FunctionName: 'broken' }),
    refusedWith('ResourceConflictException', /following state: Failed$/),
  );
});

test('throttles say why and when to come again', async () => {
  const { worker, metadata, invoke } = await world({ limit: 2 });
  metadata.put('blocked', {}, 0);
  await assert.rejects(invoke({ FunctionName: 'blocked' }), (error: unknown) => {
    assert.ok(error instanceof WireError);
    assert.equal(error.errorName, 'TooManyRequestsException');
    assert.equal(error.message, 'Rate Exceeded.');
    assert.deepEqual(error.members, {
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      retryAfterSeconds: '1',
    });
    return true;
  });
  const ends: (() => void)[] = [];
  worker.onInvoke = ({ payload }) =>
    new Promise((resolve) => void ends.push(() => resolve({ kind: 'answered', payload })));
  const running = [invoke(), invoke()];
  while (ends.length < 2) await setImmediate();
  await assert.rejects(invoke(), refusedWith('TooManyRequestsException', /Rate Exceeded/));
  for (const end of ends) end();
  await Promise.all(running);
  worker.onInvoke = ({ payload }) => ({ kind: 'answered', payload });
  assert.equal((await invoke())['StatusCode'], 200);
});

test('every slot comes back, however the invoke ends', async () => {
  const { clock, worker, metadata, invoke } = await world();
  metadata.put('nowhere', { generation: 'other' });
  for (const outcome of [
    { kind: 'impossible', errorType: 'InvalidRuntime', message: 'no such runtime' },
    { kind: 'refused', reason: 'full' },
  ] as const) {
    // A worker that has refused is asked again after a while.
    worker.onCreate = () => {
      setImmediate().then(() => clock.advance(100), assert.ifError);
      return outcome;
    };
    const name = outcome.kind === 'impossible' ? 'InvalidRuntimeException' : 'ServiceException';
    await assert.rejects(invoke({ FunctionName: 'nowhere' }), refusedWith(name, /no such runtime|full/));
  }
  worker.onCreate = () => ({ kind: 'created' });
  worker.onInvoke = () => Promise.reject(new Error('connection lost'));
  await assert.rejects(invoke(), refusedWith('ServiceException', /connection lost/));
  assert.equal(worker.size, 0, 'nobody knows what it did: it is destroyed');
  worker.onInvoke = ({ payload }) => ({ kind: 'answered', payload });
  assert.equal((await invoke())['StatusCode'], 200);
});

test('an environment that is gone before its invoke is replaced, a bounded number of times', async () => {
  const { worker, invoke } = await world();
  await invoke();
  let left = 2;
  worker.onInvoke = ({ payload }, environmentId) => {
    if (left === 0) return { kind: 'answered', payload };
    left -= 1;
    worker.crash(environmentId);
    return { kind: 'not-started' };
  };
  assert.equal((await invoke())['StatusCode'], 200);
  left = 100;
  await assert.rejects(invoke(), refusedWith('ServiceException', /4 environments ended/));
});

test('an invoke whose version was replaced while it waited runs the new one', async () => {
  const { worker, metadata, assignment, invoke } = await world();
  const starts: (() => void)[] = [];
  worker.onCreate = () => new Promise((resolve) => void starts.push(() => resolve({ kind: 'created' })));
  const answer = invoke();
  while (starts.length === 0) await setImmediate();
  worker.onCreate = () => ({ kind: 'created' });
  metadata.put('hello', { generation: 'second' });
  assignment.retire('generation of hello');
  assert.equal((await answer)['StatusCode'], 200);
  for (const start of starts) start();
  await setImmediate();
  assert.equal(worker.size, 1, 'the late start of the old generation is destroyed');
  const [{ environmentId } = { environmentId: '' }] = worker.invoked;
  const ran = worker.created.find((spec) => spec.environmentId === environmentId);
  assert.equal(ran?.version.generation, 'second');
});

test('an invoke outlives any number of updates that come faster than environments start, for a bounded time', async () => {
  const { clock, worker, metadata, assignment, invoke } = await world();
  let updates = 0;
  let left = 20;
  worker.onCreate = ({ version }) => {
    clock.advance(100);
    if (left > 0) {
      left -= 1;
      metadata.put('hello', { generation: `generation ${updates++}` });
      assignment.retire(version.generation);
    }
    return { kind: 'created' };
  };
  assert.equal((await invoke())['StatusCode'], 200);
  assert.equal(updates, 20);

  metadata.put('hello', { generation: 'one more' });
  left = 10_000;
  await assert.rejects(invoke(), refusedWith('ServiceException', /ended before they could take/));
  assert.ok(left > 9_000, 'it gives up');
});

test('an invoke whose client has gone runs to its end and gives its slot back', async () => {
  const { worker, invoke } = await world({ limit: 1 });
  const gone = new AbortController();
  const ends: (() => void)[] = [];
  worker.onInvoke = ({ payload }) =>
    new Promise((resolve) => void ends.push(() => resolve({ kind: 'answered', payload })));
  const answer = invoke({}, { signal: gone.signal });
  while (ends.length === 0) await setImmediate();
  gone.abort();
  for (const end of ends) end();
  await answer;
  worker.onInvoke = ({ payload }) => ({ kind: 'answered', payload });
  assert.equal((await invoke())['StatusCode'], 200);
});
