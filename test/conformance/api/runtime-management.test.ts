/** Runtime management configurations. */
import {
  GetFunctionConfigurationCommand,
  GetRuntimeManagementConfigCommand,
  PutRuntimeManagementConfigCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTarget, type Target } from '../../target.ts';

let target: Target;
before(async () => (target = await openTarget()));
after(() => target.close());

test('a runtime is managed automatically, with updates of the function, or by hand', async () => {
  const { client } = target;
  const FunctionName = await target.createFunction();
  const get = async () => client.send(new GetRuntimeManagementConfigCommand({ FunctionName }));
  assert.equal((await get()).UpdateRuntimeOn, 'Auto');
  await client.send(
    new PutRuntimeManagementConfigCommand({ FunctionName, UpdateRuntimeOn: 'FunctionUpdate' }),
  );
  assert.equal((await get()).UpdateRuntimeOn, 'FunctionUpdate');
  const { RuntimeVersionConfig } = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  const { RuntimeVersionArn } = RuntimeVersionConfig ?? {};
  await client.send(
    new PutRuntimeManagementConfigCommand({ FunctionName, UpdateRuntimeOn: 'Manual', RuntimeVersionArn }),
  );
  const manual = await get();
  assert.deepEqual([manual.UpdateRuntimeOn, manual.RuntimeVersionArn], ['Manual', RuntimeVersionArn]);
  await assert.rejects(
    client.send(new PutRuntimeManagementConfigCommand({ FunctionName, UpdateRuntimeOn: 'Manual' })),
    { name: 'InvalidParameterValueException' },
  );
});
