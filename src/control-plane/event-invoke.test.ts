/** Retries and destinations of event invokes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventInvokesPrefix } from '#metadata';
import type { Input, Output } from '#wire';
import { openAliased, refuses, type World } from './fixtures/world.ts';

const place = 'us-east-1:000000000000';
const arn = `arn:aws:lambda:${place}:function:hello`;
const queue = `arn:aws:sqs:${place}:queue`;
const topic = `arn:aws:sns:${place}:topic`;
const hello = { FunctionName: 'hello' };

const put = (world: World, more: Input): Promise<Output> =>
  world.call('PutFunctionEventInvokeConfig', { ...hello, ...more });
const plain = (output: Output): Output =>
  JSON.parse(JSON.stringify({ ...output, LastModified: undefined })) as Output;
const sides = (onSuccess?: string, onFailure?: string): Input => ({
  DestinationConfig: {
    ...(onSuccess !== undefined && { OnSuccess: { Destination: onSuccess } }),
    ...(onFailure !== undefined && { OnFailure: { Destination: onFailure } }),
  },
});

test('Put replaces everything, Update what it says', async (t) => {
  const world = await openAliased(t);
  const first = await put(world, { MaximumRetryAttempts: 0, ...sides(queue) });
  assert.ok(first['LastModified'] instanceof Date);
  assert.deepEqual(plain(first), {
    FunctionArn: `${arn}:$LATEST`,
    MaximumRetryAttempts: 0,
    DestinationConfig: { OnSuccess: { Destination: queue }, OnFailure: {} },
  });
  const update = (more: Input): Promise<Output> =>
    world.call('UpdateFunctionEventInvokeConfig', { ...hello, ...more });
  assert.deepEqual(plain(await update({ MaximumEventAgeInSeconds: 60, ...sides(undefined, topic) })), {
    FunctionArn: `${arn}:$LATEST`,
    MaximumRetryAttempts: 0,
    MaximumEventAgeInSeconds: 60,
    DestinationConfig: { OnSuccess: { Destination: queue }, OnFailure: { Destination: topic } },
  });
  await update(sides(''));
  const last = await put(world, { MaximumEventAgeInSeconds: 90 });
  assert.deepEqual(plain(last), {
    FunctionArn: `${arn}:$LATEST`,
    MaximumEventAgeInSeconds: 90,
    DestinationConfig: { OnSuccess: {}, OnFailure: {} },
  });
  assert.deepEqual(await world.call('GetFunctionEventInvokeConfig', hello), last);
});

test('versions and aliases have their own, which go with them', async (t) => {
  const world = await openAliased(t);
  for (const Qualifier of ['1', 'live', '$LATEST']) await put(world, { Qualifier, MaximumRetryAttempts: 1 });
  const list = async (more: Input = {}): Promise<unknown> => {
    const { FunctionEventInvokeConfigs } = await world.call('ListFunctionEventInvokeConfigs', {
      ...hello,
      ...more,
    });
    return (FunctionEventInvokeConfigs as Output[]).map(({ FunctionArn }) => FunctionArn);
  };
  assert.deepEqual(await list(), [`${arn}:$LATEST`, `${arn}:1`, `${arn}:live`]);
  assert.deepEqual(await list({ MaxItems: 2 }), [`${arn}:$LATEST`, `${arn}:1`]);
  await world.call('DeleteAlias', { ...hello, Name: 'live' });
  await world.call('DeleteFunction', { ...hello, Qualifier: '1' });
  assert.deepEqual(await list(), [`${arn}:$LATEST`]);
  await world.call('DeleteFunctionEventInvokeConfig', hello);
  const missing = `The function ${arn}:$LATEST doesn't have an EventInvokeConfig`;
  for (const operation of ['Get', 'Delete']) {
    const name = `${operation}FunctionEventInvokeConfig`;
    await refuses(world.call(name, hello), 'ResourceNotFoundException', missing);
  }
  await refuses(
    world.call('UpdateFunctionEventInvokeConfig', { ...hello, MaximumRetryAttempts: 1 }),
    'ResourceNotFoundException',
    missing,
  );
  await put(world, { MaximumRetryAttempts: 1 });
  await world.call('DeleteFunction', hello);
  const prefix = eventInvokesPrefix({
    accountId: '000000000000',
    region: 'us-east-1',
    functionName: 'hello',
  });
  assert.deepEqual((await world.documents.list(prefix)).documents, []);
});

test('destinations are queues, topics, event buses and functions that are there, and buckets for failures', async (t) => {
  const world = await openAliased(t);
  await world.create('other');
  const bus = `arn:aws:events:${place}:event-bus/default`;
  const other = `arn:aws:lambda:${place}:function:other`;
  const bucket = 'arn:aws:s3:::a-bucket';
  for (const destination of [queue, topic, bus, other, `${other}:$LATEST`]) {
    await put(world, sides(destination, destination));
  }
  await put(world, sides(undefined, bucket));
  const invalid = 'InvalidParameterValueException';
  await refuses(
    put(world, sides(bucket, queue)),
    invalid,
    `The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=${bucket}), onFailure=OnFailure(destination=${queue})) is invalid.`,
  );
  for (const destination of [
    `${queue}.fifo`,
    `arn:aws:kinesis:${place}:stream/x`,
    'kafka://topic',
    'arn:aws:sqs:::',
  ]) {
    await refuses(
      put(world, sides(undefined, destination)),
      invalid,
      /onSuccess=null, onFailure=OnFailure.* is invalid\.$/,
    );
  }
  for (const destination of [`arn:aws:lambda:${place}:function:nope`, `${other}:7`, `${other}:nope`]) {
    await refuses(put(world, sides(destination)), invalid, `The destination ARN ${destination} is invalid.`);
  }
  await refuses(
    put(world, sides(arn)),
    invalid,
    "You can't specify the function as a destination for itself.",
  );
  assert.deepEqual(plain(await world.call('GetFunctionEventInvokeConfig', hello))['DestinationConfig'], {
    OnSuccess: {},
    OnFailure: { Destination: bucket },
  });
});

test('a request must say something, of a function that is there', async (t) => {
  const world = await openAliased(t);
  await refuses(
    put(world, {}),
    'InvalidParameterValueException',
    'You must specify at least one of error handling or destination setting.',
  );
  for (const more of [{ FunctionName: 'nope' }, { Qualifier: '9' }, { Qualifier: 'nope' }]) {
    await refuses(
      put(world, { MaximumRetryAttempts: 1, ...more }),
      'ResourceNotFoundException',
      "The function doesn't exist.",
    );
  }
  await refuses(
    world.call('ListFunctionEventInvokeConfigs', { FunctionName: 'nope' }),
    'ResourceNotFoundException',
    "The function doesn't exist.",
  );
});
