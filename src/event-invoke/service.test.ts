/** The life of events, in a world whose time is advanced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireError } from '#wire';
import { accountId, region } from '#frontend/fixtures';
import { fails, openWorld, secondsOf, settled, standing, succeeds, type World } from './fixtures/world.ts';
import type { EventInvokeRecord } from '#metadata';

const minute = 60_000;
const throttle = (): never => {
  throw new WireError('TooManyRequestsException', 'Rate Exceeded.');
};
const functionArn = (name: string): string => `arn:aws:lambda:${region}:${accountId}:function:${name}`;
const queueArn = (name: string): string => `arn:aws:sqs:${region}:${accountId}:${name}`;

function configure(
  world: World,
  functionName: string,
  config: Partial<EventInvokeRecord>,
  qualifier = '$LATEST',
): void {
  const record = { accountId, region, functionName, qualifier, lastModifiedMs: 0, ...config };
  world.functions.eventInvokes.set(`${functionName}:${qualifier}`, record);
}

test('an event that was accepted runs at once, with its payload and request id, and is gone', async () => {
  const world = await openWorld();
  world.functions.put('hello');
  const requestId = await world.send('hello', { payload: Buffer.from('{"x":1}') });
  await settled();
  const [one] = world.invoked;
  assert.equal(world.invoked.length, 1);
  assert.deepEqual([one?.requestId, one?.payload], [requestId, '{"x":1}']);
  assert.match(one?.traceId ?? '', /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/);
  assert.equal(await standing(world), 0);
  await world.pass(10 * minute);
  assert.equal(world.invoked.length, 1);
  const { total, shards } = world.events.census();
  assert.deepEqual([total.AsyncEventsReceived, total.AsyncEventsDropped, total.ages], [1, 0, 1]);
  assert.equal(
    [...shards.values()].reduce((sum, depth) => sum + depth),
    0,
  );
  await world.events.close(0);
});

test('a function that fails is tried again after one minute and two, under the same request id and trace', async () => {
  const world = await openWorld();
  world.functions.put('bad');
  world.behave('bad', () => fails());
  const requestId = await world.send('bad');
  await world.pass(60 * minute);
  assert.deepEqual(secondsOf(world, requestId), [0, 60, 180]);
  assert.equal(new Set(world.invoked.map(({ traceId }) => traceId)).size, 1);
  assert.equal(await standing(world), 0);
  assert.equal(world.events.census().total.AsyncEventsDropped, 1);
  await world.events.close(0);
});

test('retries are as many as the configuration of the qualifier says', async () => {
  const world = await openWorld();
  world.functions.put('bad');
  world.behave('bad', () => fails());
  configure(world, 'bad', { retriesMax: 1 });
  configure(world, 'bad', { retriesMax: 0 }, 'live');
  const requestId = await world.send('bad');
  await world.pass(10 * minute);
  assert.deepEqual(secondsOf(world, requestId), [0, 60]);
  configure(world, 'bad', { retriesMax: 0 });
  const second = await world.send('bad', { qualifier: '$LATEST' });
  await world.pass(10 * minute);
  assert.deepEqual(secondsOf(world, second), [0]);
  await world.events.close(0);
});

test('throttles and service errors wait from 1 s to 5 min, are not counted, and end with the age', async () => {
  const world = await openWorld();
  world.functions.put('busy');
  world.behave('busy', throttle);
  configure(world, 'busy', { eventAgeSecondsMax: 600, onFailure: queueArn('failures') });
  const requestId = await world.send('busy');
  await world.pass(5 * minute);
  assert.deepEqual(secondsOf(world, requestId), [0, 1, 3, 7, 15, 31, 63, 127, 255]);
  await world.pass(10 * minute);
  assert.equal(await standing(world), 0);
  const [delivery] = world.delivered;
  const record = JSON.parse(Buffer.from(delivery?.body ?? []).toString()) as Record<string, unknown>;
  assert.deepEqual(record['requestContext'], {
    requestId,
    functionArn: `arn:aws:lambda:${region}:${accountId}:function:busy:$LATEST`,
    condition: 'EventAgeExceeded',
    approximateInvokeCount: 0,
  });
  await world.events.close(0);
});

test('a throttled event succeeds when there is room again', async () => {
  const world = await openWorld();
  world.functions.put('busy');
  world.behave('busy', (_input, attempt) => (attempt <= 4 ? throttle() : succeeds()));
  const requestId = await world.send('busy');
  await world.pass(minute);
  assert.deepEqual(secondsOf(world, requestId), [0, 1, 3, 7, 15]);
  assert.equal(world.events.census().total.AsyncEventsDropped, 0);
  await world.events.close(0);
});

test('outcomes go to their destinations, and failures also to the dead-letter queue', async () => {
  const world = await openWorld();
  const deadLetter = queueArn('letters');
  world.functions.put('hello', { configuration: withDeadLetter(deadLetter) });
  world.behave('hello', ({ payload }) =>
    Buffer.from(payload).toString() === '1' ? succeeds('"ok"') : fails('bad'),
  );
  configure(world, 'hello', { retriesMax: 0, onSuccess: queueArn('good'), onFailure: queueArn('bad') });
  await world.send('hello', { payload: Buffer.from('1') });
  const failed = await world.send('hello', { payload: Buffer.from('2') });
  await world.pass(1_000);
  const told = world.delivered.map(({ arn, purpose, body }) => [arn, purpose, Buffer.from(body).toString()]);
  assert.deepEqual(told.map(([arn, purpose]) => `${purpose} ${arn}`).sort(), [
    `dead-letter ${deadLetter}`,
    `record ${queueArn('bad')}`,
    `record ${queueArn('good')}`,
  ]);
  assert.equal(told.find(([, purpose]) => purpose === 'dead-letter')?.[2], '2');
  const bad = JSON.parse(told.find(([arn]) => arn === queueArn('bad'))?.[2] ?? '') as {
    readonly requestContext: { readonly requestId: string; readonly condition: string };
    readonly responsePayload: unknown;
  };
  assert.deepEqual(
    [bad.requestContext.requestId, bad.requestContext.condition],
    [failed, 'RetriesExhausted'],
  );
  assert.deepEqual(bad.responsePayload, { errorType: 'Error', errorMessage: 'bad' });
  assert.equal(await standing(world), 0);
  await world.events.close(0);
});

test('nothing reserved means nothing tried: events go to the destination of failures at once', async () => {
  const world = await openWorld();
  world.functions.put('shut', {}, 0);
  configure(world, 'shut', { onFailure: queueArn('failures') });
  await world.send('shut');
  await world.pass(1_000);
  assert.equal(world.invoked.length, 0);
  assert.match(
    Buffer.from(world.delivered[0]?.body ?? []).toString(),
    /"condition":"ZeroReservedConcurrency"/,
  );
  assert.equal(await standing(world), 0);
  await world.events.close(0);
});

test('a destination that does not answer is tried again, without invoking again, until it takes the record', async () => {
  const world = await openWorld();
  world.functions.put('hello');
  configure(world, 'hello', { onSuccess: queueArn('good') });
  let calls = 0;
  world.answer(() => {
    calls += 1;
    return calls < 3 ? { kind: 'unavailable', reason: 'down' } : { kind: 'delivered' };
  });
  await world.send('hello');
  await world.pass(10 * minute);
  assert.deepEqual([world.invoked.length, world.delivered.length], [1, 1]);
  assert.equal(world.events.census().total.DestinationDeliveryFailures, 2);
  assert.equal(await standing(world), 0);
  await world.events.close(0);
});

test('a destination that never answers, or refuses, is given up and counted', async () => {
  const world = await openWorld();
  world.functions.put('down', { configuration: withDeadLetter(queueArn('down')) });
  world.functions.put('refused');
  world.behave('down', () => fails());
  configure(world, 'down', { retriesMax: 0 });
  configure(world, 'refused', { onSuccess: queueArn('refused') });
  world.answer(({ arn }) => ({
    kind: arn === queueArn('down') ? 'unavailable' : 'refused',
    reason: 'because',
  }));
  await world.send('down');
  await world.send('refused');
  await world.pass(30 * minute);
  assert.equal(await standing(world), 1, 'the record waits for its destination');
  await world.pass(60 * minute);
  const { functions } = world.events.census();
  assert.ok((functions.get(`${accountId}/down`)?.DeadLetterErrors ?? 0) > 10);
  assert.equal(functions.get(`${accountId}/refused`)?.DestinationDeliveryFailures, 1);
  assert.equal(await standing(world), 0);
  assert.match(world.troubles.join('\n'), /because/);
  await world.events.close(0);
});

test('a record that was never tried, as its destination was left alone and then nobody ran, is not given up for its age', async () => {
  const world = await openWorld();
  world.functions.put('hello');
  configure(world, 'hello', { onSuccess: queueArn('out') });
  const down = { kind: 'unavailable', reason: 'down' } as const;
  world.answer(() => down);
  for (let count = 0; count < 20; count += 1) await world.send('hello');
  await world.pass(1_000);
  world.crash();
  world.clock.advance(3 * 60 * minute);
  const after = await openWorld({ after: world });
  let tries = 0;
  after.answer(() => {
    tries += 1;
    return tries > 3 ? { kind: 'delivered' } : down;
  });
  await after.pass(10 * minute);
  const givenUp = after.troubles.filter((trouble) => trouble.includes('given up')).length;
  assert.equal(after.delivered.length + givenUp, 20);
  assert.ok(givenUp <= 6, `${givenUp} were given up: three were tried in vain before, three after`);
  await after.events.close(0);
});

test('a destination that hangs keeps no other function waiting', async () => {
  const world = await openWorld();
  world.functions.put('hangs');
  world.functions.put('hello');
  configure(world, 'hangs', { onSuccess: queueArn('hangs') });
  world.answer(() => new Promise(() => {}));
  for (let index = 0; index < 200; index += 1) await world.send('hangs');
  for (let index = 0; index < 20; index += 1) await world.send('hello');
  await world.pass(5_000);
  assert.equal(world.invoked.filter(({ functionName }) => functionName === 'hello').length, 20);
  await world.events.close(0);
});

test('records go to functions as events, if the role may invoke them', async () => {
  const world = await openWorld({
    targets: {},
    roleMay: (_roleArn, action, resource) => action === 'lambda:InvokeFunction' && resource.endsWith(':note'),
  });
  for (const name of ['hello', 'other', 'note', 'secret']) world.functions.put(name);
  configure(world, 'hello', { onSuccess: functionArn('note') });
  configure(world, 'other', { onSuccess: functionArn('secret') });
  await world.send('hello', { traceId: 'Root=1-01234567-0123456789abcdef01234567;Lineage=1:00000000:3' });
  await world.send('other');
  await world.pass(1_000);
  const note = world.invoked.find(({ functionName }) => functionName === 'note');
  assert.match(note?.payload ?? '', /"condition":"Success"/);
  assert.match(note?.traceId ?? '', /Lineage/, 'so that loops are found');
  assert.equal(
    world.invoked.some(({ functionName }) => functionName === 'secret'),
    false,
  );
  assert.match(world.troubles.join('\n'), /not allowed to perform lambda:InvokeFunction/);
  await world.events.close(0);
});

test('events of a function that was deleted, or made anew, are dropped', async () => {
  const world = await openWorld();
  world.functions.put('bad');
  world.behave('bad', () => fails());
  await world.send('bad');
  await world.pass(1_000);
  world.behave('bad', () => {
    throw new WireError('ResourceNotFoundException', 'Function not found');
  });
  await world.pass(10 * minute);
  assert.equal(world.invoked.length, 2);
  assert.equal(await standing(world), 0);
  assert.equal(world.events.census().total.AsyncEventsDropped, 1);
  await world.events.close(0);
});

test('what was being worked on when the process died runs again, with the attempts that it had', async () => {
  const first = await openWorld();
  first.functions.put('bad');
  first.functions.put('slow');
  first.behave('bad', () => fails());
  first.behave('slow', () => new Promise(() => {}));
  const bad = await first.send('bad');
  const slow = await first.send('slow');
  await first.pass(90_000);
  assert.deepEqual(secondsOf(first, bad), [0, 60]);
  assert.deepEqual(secondsOf(first, slow), [0], 'what is being worked on stays hidden');
  first.crash();
  const second = await openWorld({ after: first });
  second.behave('bad', () => fails());
  await second.pass(31_000);
  assert.deepEqual(secondsOf(second, slow), [0]);
  await second.pass(10 * minute);
  assert.deepEqual(secondsOf(second, bad), [0]);
  assert.equal(await standing(second), 0);
  await second.events.close(0);
});

test('an event for a function that is still being made waits until it can run', async () => {
  const world = await openWorld();
  world.functions.put('new', { state: 'Pending' });
  world.behave('new', (_input, attempt) => {
    if (attempt <= 2) throw new WireError('ResourceConflictException', 'Pending');
    return succeeds();
  });
  const requestId = await world.send('new');
  await world.pass(minute);
  assert.deepEqual(secondsOf(world, requestId), [0, 1, 3]);
  await world.events.close(0);
});

function withDeadLetter(arn: string): never {
  return {
    role: `arn:aws:iam::${accountId}:role/any`,
    kept: { DeadLetterConfig: { TargetArn: arn } },
  } as never;
}
