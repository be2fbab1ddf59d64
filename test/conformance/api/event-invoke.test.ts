/** Retries and destinations of event invokes. */
import {
  DeleteFunctionEventInvokeConfigCommand,
  GetFunctionEventInvokeConfigCommand,
  ListFunctionEventInvokeConfigsCommand,
  PutFunctionEventInvokeConfigCommand,
  ResourceNotFoundException,
  UpdateFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTarget, type Target } from '../../target.ts';

let target: Target;
before(async () => (target = await openTarget()));
after(() => target.close());

test('Put replaces, Update changes what it says, Delete removes', async () => {
  const { client } = target;
  const FunctionName = await target.createFunction({ Publish: true });
  const arn = `arn:aws:lambda:${target.region}:${target.accountId}:function:${FunctionName}`;
  const put = await client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName,
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 3_600,
    }),
  );
  assert.ok(Math.abs((put.LastModified?.getTime() ?? 0) - Date.now()) < 600_000);
  assert.equal(put.FunctionArn, `${arn}:$LATEST`);
  const updated = await client.send(
    new UpdateFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 1 }),
  );
  assert.deepEqual([updated.MaximumRetryAttempts, updated.MaximumEventAgeInSeconds], [1, 3_600]);
  await client.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 2 }));
  const got = await client.send(new GetFunctionEventInvokeConfigCommand({ FunctionName }));
  assert.deepEqual([got.MaximumRetryAttempts, got.MaximumEventAgeInSeconds], [2, undefined]);
  await client.send(
    new PutFunctionEventInvokeConfigCommand({ FunctionName, Qualifier: '1', MaximumRetryAttempts: 1 }),
  );
  const { FunctionEventInvokeConfigs } = await client.send(
    new ListFunctionEventInvokeConfigsCommand({ FunctionName }),
  );
  assert.deepEqual(FunctionEventInvokeConfigs?.map(({ FunctionArn }) => FunctionArn).toSorted(), [
    `${arn}:$LATEST`,
    `${arn}:1`,
  ]);
  await client.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName }));
  await assert.rejects(client.send(new GetFunctionEventInvokeConfigCommand({ FunctionName })), (error) => {
    assert.ok(error instanceof ResourceNotFoundException);
    assert.equal(error.message, `The function ${arn}:$LATEST doesn't have an EventInvokeConfig`);
    return true;
  });
});

test('what is no destination, or says nothing, is refused', async () => {
  const { client } = target;
  const FunctionName = await target.createFunction();
  const put = (destination: string): Promise<unknown> =>
    client.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName,
        DestinationConfig: { OnSuccess: { Destination: destination } },
      }),
    );
  const name = 'InvalidParameterValueException';
  await assert.rejects(put('arn:aws:s3:::bucket'), { name });
  await assert.rejects(put(`arn:aws:kinesis:${target.region}:${target.accountId}:stream/s`), { name });
  await assert.rejects(put(`arn:aws:lambda:${target.region}:${target.accountId}:function:${FunctionName}`), {
    name,
  });
  await assert.rejects(client.send(new PutFunctionEventInvokeConfigCommand({ FunctionName })), {
    name,
    message: 'You must specify at least one of error handling or destination setting.',
  });
});
