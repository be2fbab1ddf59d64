/** Provisioned concurrency configurations. */
import {
  CreateAliasCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetProvisionedConcurrencyConfigCommand,
  ListProvisionedConcurrencyConfigsCommand,
  ProvisionedConcurrencyConfigNotFoundException,
  PutProvisionedConcurrencyConfigCommand,
  ResourceConflictException,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openTarget, type Target } from '../../target.ts';

let target: Target;
before(async () => (target = await openTarget()));
after(() => target.close());

const put = (FunctionName: string, Qualifier: string) =>
  target.client.send(
    new PutProvisionedConcurrencyConfigCommand({
      FunctionName,
      Qualifier,
      ProvisionedConcurrentExecutions: 1,
    }),
  );

test('a configuration of an alias is put, read, listed and deleted', async () => {
  const { client } = target;
  const FunctionName = await target.createFunction({ Publish: true });
  await client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
  const configuration = await put(FunctionName, 'live');
  assert.equal(configuration.RequestedProvisionedConcurrentExecutions, 1);
  assert.equal(configuration.Status, 'IN_PROGRESS');
  await assert.rejects(put(FunctionName, '1'), ResourceConflictException);
  const { ProvisionedConcurrencyConfigs } = await client.send(
    new ListProvisionedConcurrencyConfigsCommand({ FunctionName }),
  );
  assert.match(ProvisionedConcurrencyConfigs?.[0]?.FunctionArn ?? '', /:live$/);
  const named = { FunctionName, Qualifier: 'live' };
  await client.send(new GetProvisionedConcurrencyConfigCommand(named));
  await client.send(new DeleteProvisionedConcurrencyConfigCommand(named));
  await assert.rejects(
    client.send(new GetProvisionedConcurrencyConfigCommand(named)),
    ProvisionedConcurrencyConfigNotFoundException,
  );
});

test('what is not published cannot be provisioned', async () => {
  const FunctionName = await target.createFunction();
  await assert.rejects(put(FunctionName, '$LATEST'), {
    name: 'InvalidParameterValueException',
    message: 'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
  });
});
