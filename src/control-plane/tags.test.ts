/** Tags, reserved concurrency and account settings. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { openWorldOn, refuses, type World } from './fixtures/world.ts';

const openWorld = (t: TestContext): Promise<World> =>
  openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:hello';

test('tags are added, replaced and removed', async (t) => {
  const world = await openWorld(t);
  await world.create('hello', { Tags: { a: '1', b: '2' } });
  await world.call('TagResource', { Resource: arn, Tags: { b: '3', c: '4', ['__proto__']: 'x' } });
  await world.call('UntagResource', { Resource: arn, TagKeys: ['a', 'nope', '__proto__'] });
  assert.deepEqual(await world.call('ListTags', { Resource: arn }), { Tags: { b: '3', c: '4' } });
});

test('tags that AWS would not take are refused', async (t) => {
  const world = await openWorld(t);
  await world.create('hello');
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, '']));
  const invalid = 'InvalidParameterValueException';
  await refuses(world.call('TagResource', { Resource: arn, Tags: many }), invalid, /tag limit/);
  await refuses(world.call('TagResource', { Resource: arn, Tags: { 'AWS:x': '' } }), invalid, /reserved/);
  await refuses(world.call('ListTags', { Resource: `${arn}:1` }), invalid, /aliases and versions/);
  await refuses(world.call('ListTags', { Resource: `${arn}x` }), 'ResourceNotFoundException', /:hellox$/);
  await refuses(
    world.call('ListTags', { Resource: 'arn:aws:lambda:us-east-1:000000000000:capacity-provider:some' }),
    invalid,
    /does not serve/,
  );
  await refuses(
    world.call('ListTags', { Resource: 'arn:aws:lambda:us-east-1:123456789012:function:hello' }),
    'AccessDeniedException',
    /lambda:ListTags/,
  );
});

test('concurrency can be reserved as long as enough is left for the others', async (t) => {
  const world = await openWorld(t);
  for (const name of ['hello', 'constructor']) await world.create(name);
  const reserve = (FunctionName: string, ReservedConcurrentExecutions: number): Promise<unknown> =>
    world.call('PutFunctionConcurrency', { FunctionName, ReservedConcurrentExecutions });
  assert.deepEqual(await reserve('hello', 600), { ReservedConcurrentExecutions: 600 });
  await refuses(
    reserve('constructor', 301),
    'InvalidParameterValueException',
    /^Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of \[100\]\.$/,
  );
  await reserve('constructor', 300);
  const settings = await world.call('GetAccountSettings', {});
  assert.deepEqual(settings.AccountLimit, {
    TotalCodeSize: 80_530_636_800,
    CodeSizeUnzipped: 262_144_000,
    CodeSizeZipped: 52_428_800,
    ConcurrentExecutions: 1_000,
    UnreservedConcurrentExecutions: 100,
  });
  const known = world.metadata.resolve('000000000000', 'hello', undefined);
  assert.ok(known.kind === 'found');
  assert.equal(known.function.reservedConcurrency, 600);
  await reserve('hello', 0); // blocks the function, and reserves nothing
  assert.deepEqual(await world.call('GetFunctionConcurrency', { FunctionName: 'hello' }), {
    ReservedConcurrentExecutions: 0,
  });
  await reserve('constructor', 900);
  await world.call('DeleteFunctionConcurrency', { FunctionName: 'hello' });
  assert.deepEqual(await world.call('GetFunctionConcurrency', { FunctionName: 'hello' }), {
    ReservedConcurrentExecutions: undefined,
  });
  await world.call('DeleteFunction', { FunctionName: 'constructor' });
  await reserve('hello', 900);
});
