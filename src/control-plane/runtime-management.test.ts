/** Runtime management and the handling of recursive loops, as configured. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input, Output } from '#wire';
import { openPublished, refuses } from './fixtures/world.ts';

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:hello';
const hello = { FunctionName: 'hello' };

test('a runtime is managed automatically unless it is said otherwise', async (t) => {
  const world = await openPublished(t);
  const get = (more: Input = {}): Promise<Output> =>
    world.call('GetRuntimeManagementConfig', { ...hello, ...more });
  const put = (UpdateRuntimeOn: string, more: Input = {}): Promise<Output> =>
    world.call('PutRuntimeManagementConfig', { ...hello, UpdateRuntimeOn, ...more });
  assert.deepEqual(await get(), { UpdateRuntimeOn: 'Auto', FunctionArn: arn, RuntimeVersionArn: undefined });
  await put('FunctionUpdate', { Qualifier: '1' });
  assert.equal((await get({ Qualifier: '1' }))['UpdateRuntimeOn'], 'FunctionUpdate');
  assert.equal((await get())['UpdateRuntimeOn'], 'Auto');
  const { RuntimeVersionConfig } = await world.call('GetFunctionConfiguration', hello);
  const { RuntimeVersionArn } = RuntimeVersionConfig as Output;
  const manual = { UpdateRuntimeOn: 'Manual', FunctionArn: arn, RuntimeVersionArn };
  assert.deepEqual(await put('Manual', { RuntimeVersionArn }), manual);
  assert.deepEqual(await get(), manual);
  const invalid = 'InvalidParameterValueException';
  await refuses(put('Manual'), invalid, /RuntimeVersionArn is required/);
  await refuses(put('Auto', { RuntimeVersionArn }), invalid, /can only be set/);
  await refuses(
    put('Manual', { RuntimeVersionArn: `${String(RuntimeVersionArn)}0` }),
    invalid,
    /is not available/,
  );
  await refuses(put('Auto', { Qualifier: '4' }), 'ResourceNotFoundException', `Function not found: ${arn}:4`);
  await refuses(get({ FunctionName: 'nope' }), 'ResourceNotFoundException', /:nope$/);
  assert.deepEqual(await get(), manual);
  await put('Auto');
  assert.equal((await get())['RuntimeVersionArn'], undefined);
});

test('what is set goes with the function', async (t) => {
  const world = await openPublished(t);
  await world.call('PutRuntimeManagementConfig', { ...hello, UpdateRuntimeOn: 'FunctionUpdate' });
  await world.call('PutFunctionRecursionConfig', { ...hello, RecursiveLoop: 'Allow' });
  await world.call('DeleteFunction', hello);
  await world.create('hello');
  assert.equal((await world.call('GetRuntimeManagementConfig', hello))['UpdateRuntimeOn'], 'Auto');
  assert.deepEqual(await world.call('GetFunctionRecursionConfig', hello), { RecursiveLoop: 'Terminate' });
});

test('loops are terminated unless a function may loop, and invokes know', async (t) => {
  const world = await openPublished(t);
  assert.deepEqual(await world.call('GetFunctionRecursionConfig', hello), { RecursiveLoop: 'Terminate' });
  const allow = { ...hello, RecursiveLoop: 'Allow' };
  assert.deepEqual(await world.call('PutFunctionRecursionConfig', allow), { RecursiveLoop: 'Allow' });
  assert.deepEqual(await world.call('GetFunctionRecursionConfig', hello), { RecursiveLoop: 'Allow' });
  const found = world.metadata.resolve('000000000000', 'hello', '1');
  assert.equal(found.kind === 'found' && found.function.recursiveLoop, 'Allow');
  await refuses(
    world.call('PutFunctionRecursionConfig', { ...allow, FunctionName: 'nope' }),
    'ResourceNotFoundException',
    /Function not found: .*:nope$/,
  );
});
