/** The URLs of functions and aliases. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functionUrlIdKey } from '#metadata';
import type { Input, Output } from '#wire';
import { openAliased, refuses, type World } from './fixtures/world.ts';

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:hello';
const hello = { FunctionName: 'hello' };

const create = (world: World, more: Input = {}): Promise<Output> =>
  world.call('CreateFunctionUrlConfig', { ...hello, AuthType: 'NONE', ...more });

const idIn = (url: unknown): string => new URL(String(url)).hostname.split('.')[0] ?? '';

test('a URL is created, shown, changed and deleted', async (t) => {
  const world = await openAliased(t);
  const created = await create(world, { Cors: { AllowOrigins: ['*'], MaxAge: 5 } });
  const { FunctionUrl, CreationTime } = created;
  assert.match(String(FunctionUrl), /^http:\/\/[a-z2-7]{32}\.lambda-url\.us-east-1\.localhost:9000\/$/);
  assert.match(String(CreationTime), /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const shown = {
    FunctionUrl,
    FunctionArn: arn,
    AuthType: 'NONE',
    Cors: { AllowOrigins: ['*'], MaxAge: 5 },
    CreationTime,
    LastModifiedTime: CreationTime,
    InvokeMode: 'BUFFERED',
  };
  const get = async (more: Input = {}): Promise<unknown> =>
    JSON.parse(JSON.stringify(await world.call('GetFunctionUrlConfig', { ...hello, ...more })));
  assert.deepEqual(await get(), shown);
  world.clock.advance(1_000);
  const updated = await world.call('UpdateFunctionUrlConfig', { ...hello, AuthType: 'AWS_IAM' });
  assert.notEqual(updated['LastModifiedTime'], CreationTime);
  assert.deepEqual(await get(), {
    ...shown,
    AuthType: 'AWS_IAM',
    LastModifiedTime: updated['LastModifiedTime'],
  });
  await world.call('UpdateFunctionUrlConfig', {
    ...hello,
    Cors: { AllowMethods: ['GET'], AllowCredentials: false },
  });
  assert.deepEqual(((await get()) as Output)['Cors'], { AllowMethods: ['GET'], AllowCredentials: false });
  await world.call('UpdateFunctionUrlConfig', { ...hello, Cors: {}, InvokeMode: 'RESPONSE_STREAM' });
  const last = (await get()) as Output;
  assert.deepEqual([last['Cors'], last['InvokeMode']], [undefined, 'RESPONSE_STREAM']);
  await world.call('DeleteFunctionUrlConfig', hello);
  for (const operation of ['GetFunctionUrlConfig', 'UpdateFunctionUrlConfig', 'DeleteFunctionUrlConfig']) {
    await refuses(
      world.call(operation, hello),
      'ResourceNotFoundException',
      'The resource you requested does not exist.',
    );
  }
  assert.equal((await create(world))['FunctionUrl'], FunctionUrl, 'the same URL again');
});

test('a URL leads back to its function or alias, until either is deleted', async (t) => {
  const world = await openAliased(t);
  const own = await create(world);
  const aliased = await create(world, { Qualifier: 'live' });
  assert.equal(aliased['FunctionArn'], `${arn}:live`);
  assert.notEqual(idIn(aliased['FunctionUrl']), idIn(own['FunctionUrl']));
  const behind = async (url: unknown): Promise<unknown> =>
    (await world.documents.get(functionUrlIdKey('us-east-1', idIn(url))))?.value;
  const reference = { accountId: '000000000000', region: 'us-east-1', functionName: 'hello' };
  assert.deepEqual(await behind(own['FunctionUrl']), { ...reference, qualifier: '$LATEST' });
  assert.deepEqual(await behind(aliased['FunctionUrl']), { ...reference, qualifier: 'live' });
  const listed = await world.call('ListFunctionUrlConfigs', { ...hello, MaxItems: 1 });
  const rest = await world.call('ListFunctionUrlConfigs', { ...hello, Marker: listed['NextMarker'] });
  assert.deepEqual(
    [listed, rest].flatMap(({ FunctionUrlConfigs }) =>
      (FunctionUrlConfigs as Output[]).map(({ FunctionArn }) => FunctionArn),
    ),
    [arn, `${arn}:live`],
  );
  await world.call('DeleteAlias', { ...hello, Name: 'live' });
  assert.equal(await behind(aliased['FunctionUrl']), undefined);
  await world.call('DeleteFunction', hello);
  assert.equal(await behind(own['FunctionUrl']), undefined);
  await world.create('hello');
  assert.deepEqual(await world.call('ListFunctionUrlConfigs', hello), {
    FunctionUrlConfigs: [],
    NextMarker: undefined,
  });
});

test('conflicts and functions that are not there are refused', async (t) => {
  const world = await openAliased(t);
  const outcomes = await Promise.allSettled([create(world), create(world)]);
  assert.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
  await refuses(
    create(world),
    'ResourceConflictException',
    `Failed to create function url config for [functionArn = ${arn}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
  );
  for (const input of [{ FunctionName: 'nope' }, { Qualifier: 'nope' }]) {
    await refuses(create(world, input), 'ResourceNotFoundException', 'Function does not exist');
  }
  await refuses(
    world.call('ListFunctionUrlConfigs', { FunctionName: 'nope' }),
    'ResourceNotFoundException',
    /./,
  );
});
