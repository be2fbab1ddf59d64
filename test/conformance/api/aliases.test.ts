/** Aliases, as any client of the API sees them, and where their invokes really go. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  CreateAliasCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  InvokeCommand,
  ListAliasesCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { failsAs } from '../../fails-as.ts';
import { openTarget } from '../../target.ts';

const target = await openTarget();
after(() => target.close());
const { client } = target;

async function functionWithVersions(count: number): Promise<string> {
  const FunctionName = await target.createFunction();
  for (let version = 1; version <= count; version += 1) {
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: `v${version}` }));
    await waitUntilFunctionUpdatedV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName });
    await client.send(new PublishVersionCommand({ FunctionName }));
  }
  return FunctionName;
}

test('an alias is created, read, moved, listed by version and deleted', async () => {
  const FunctionName = await functionWithVersions(2);
  const created = await client.send(
    new CreateAliasCommand({ FunctionName, Name: 'prod', FunctionVersion: '1', Description: 'mine' }),
  );
  assert.deepEqual(
    [
      created.AliasArn?.endsWith(`:function:${FunctionName}:prod`),
      created.FunctionVersion,
      created.Description,
    ],
    [true, '1', 'mine'],
  );
  await failsAs(
    client.send(new CreateAliasCommand({ FunctionName, Name: 'prod', FunctionVersion: '2' })),
    'ResourceConflictException',
    /^Alias already exists: .*:prod$/,
  );
  const stale = { FunctionName, Name: 'prod', RevisionId: created.RevisionId };
  const moved = await client.send(new UpdateAliasCommand({ ...stale, FunctionVersion: '2' }));
  assert.deepEqual([moved.FunctionVersion, moved.Description], ['2', 'mine']);
  await failsAs(
    client.send(new UpdateAliasCommand({ ...stale, Description: 'x' })),
    'PreconditionFailedException',
    /./,
  );
  const listed = async (FunctionVersion: string): Promise<number | undefined> =>
    (await client.send(new ListAliasesCommand({ FunctionName, FunctionVersion }))).Aliases?.length;
  assert.deepEqual([await listed('1'), await listed('2')], [0, 1]);
  await failsAs(
    client.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '2' })),
    'ResourceConflictException',
    /aliases? reference it/,
  );
  await client.send(new DeleteAliasCommand({ FunctionName, Name: 'prod' }));
  await client.send(new DeleteAliasCommand({ FunctionName, Name: 'prod' })); // as AWS: gone is gone
  await failsAs(
    client.send(new GetAliasCommand({ FunctionName, Name: 'prod' })),
    'ResourceNotFoundException',
    /^Cannot find alias arn: .*:prod$/,
  );
});

test('weights route invokes, and are taken away again', async () => {
  const FunctionName = await functionWithVersions(2);
  const Name = 'live';
  await client.send(
    new CreateAliasCommand({
      FunctionName,
      Name,
      FunctionVersion: '1',
      RoutingConfig: { AdditionalVersionWeights: { '2': 0.5 } },
    }),
  );
  const executed = async (count: number): Promise<ReadonlySet<string | undefined>> => {
    const versions = new Set<string | undefined>();
    for (let n = 0; n < count; n += 1) {
      versions.add((await client.send(new InvokeCommand({ FunctionName, Qualifier: Name }))).ExecutedVersion);
    }
    return versions;
  };
  assert.deepEqual(await executed(60), new Set(['1', '2']));
  const alone = await client.send(
    new UpdateAliasCommand({ FunctionName, Name, RoutingConfig: { AdditionalVersionWeights: {} } }),
  );
  assert.equal(alone.RoutingConfig, undefined);
  assert.deepEqual(await executed(20), new Set(['1']));
});

test('an alias must lead to versions that are there', async () => {
  const FunctionName = await functionWithVersions(1);
  await failsAs(
    client.send(new CreateAliasCommand({ FunctionName, Name: 'x', FunctionVersion: '9' })),
    'ResourceNotFoundException',
    /^Function not found: .*:9$/,
  );
  const routed = (
    AdditionalVersionWeights: Record<string, number>,
    FunctionVersion = '1',
  ): Promise<unknown> =>
    client.send(
      new CreateAliasCommand({
        FunctionName,
        Name: 'x',
        FunctionVersion,
        RoutingConfig: { AdditionalVersionWeights },
      }),
    );
  await failsAs(
    routed({ '1': 0.1 }),
    'InvalidParameterValueException',
    /already included in routing configuration/,
  );
  await failsAs(
    routed({ '1': 0.1 }, '$LATEST'),
    'InvalidParameterValueException',
    /^\$LATEST is not supported/,
  );
});
