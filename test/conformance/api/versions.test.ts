/** Published versions, as any client of the API sees them. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  DeleteFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
  waitUntilPublishedVersionActive,
} from '@aws-sdk/client-lambda';
import { archive } from '../../archive.ts';
import { failsAs } from '../../fails-as.ts';
import { openTarget } from '../../target.ts';

const target = await openTarget();
after(() => target.close());
const { client } = target;
const waiting = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };

const codeThatAnswers = (answer: number): Promise<Buffer> =>
  archive({ 'index.mjs': `export const handler = async () => ${answer};` });

async function publishedNumbers(FunctionName: string): Promise<readonly (string | undefined)[]> {
  const { Versions = [] } = await client.send(new ListVersionsByFunctionCommand({ FunctionName }));
  return Versions.map(({ Version }) => Version);
}

test('a version keeps code and settings as they were; publishing the same again gives the same version', async () => {
  const FunctionName = await target.createFunction({
    Code: { ZipFile: await codeThatAnswers(1) },
    Timeout: 7,
  });
  const first = await client.send(new PublishVersionCommand({ FunctionName, Description: 'one' }));
  assert.deepEqual(
    [first.Version, first.Description, first.FunctionArn?.endsWith(`:${FunctionName}:1`)],
    ['1', 'one', true],
  );
  await waitUntilPublishedVersionActive(waiting, { FunctionName, Qualifier: '1' });
  const again = await client.send(new PublishVersionCommand({ FunctionName, Description: 'other' }));
  assert.deepEqual([again.Version, again.Description, again.RevisionId], ['1', 'one', first.RevisionId]);

  await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 8 }));
  await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
  await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: await codeThatAnswers(2) }));
  await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
  const old = await client.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier: '1' }));
  assert.deepEqual([old.Timeout, old.CodeSha256], [7, first.CodeSha256]);
  const answer = await client.send(new InvokeCommand({ FunctionName, Qualifier: '1' }));
  assert.deepEqual([Buffer.from(answer.Payload ?? []).toString(), answer.ExecutedVersion], ['1', '1']);
});

test('updating with Publish makes a version, unless nothing has changed since the last one', async () => {
  const FunctionName = await target.createFunction({ Code: { ZipFile: await codeThatAnswers(1) } });
  const archives = new Map([
    [2, await codeThatAnswers(2)],
    [3, await codeThatAnswers(3)],
  ]);
  const publish = async (answer: number): Promise<string | undefined> => {
    const ZipFile = archives.get(answer);
    const { Version } = await client.send(
      new UpdateFunctionCodeCommand({ FunctionName, ZipFile, Publish: true }),
    );
    await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
    return Version;
  };
  assert.equal(await publish(2), '1');
  assert.equal(await publish(2), '1');
  assert.equal(await publish(3), '2');
  assert.deepEqual(await publishedNumbers(FunctionName), ['$LATEST', '1', '2']);
});

test('publishing can require the code and the revision that the client knows', async () => {
  const FunctionName = await target.createFunction();
  const { CodeSha256 = '', RevisionId = '' } = await client.send(
    new GetFunctionConfigurationCommand({ FunctionName }),
  );
  const other = Buffer.alloc(32).toString('base64');
  await failsAs(
    client.send(new PublishVersionCommand({ FunctionName, CodeSha256: other })),
    'InvalidParameterValueException',
    /is different from current CodeSHA256 in \$LATEST/,
  );
  await failsAs(
    client.send(
      new PublishVersionCommand({ FunctionName, RevisionId: '11111111-2222-3333-4444-555555555555' }),
    ),
    'PreconditionFailedException',
    /^The Revision Id provided does not match/,
  );
  const published = await client.send(new PublishVersionCommand({ FunctionName, CodeSha256, RevisionId }));
  assert.equal(published.Version, '1');
});

test('a version can be deleted, and its number does not come back', async () => {
  const FunctionName = await target.createFunction();
  for (const Description of ['one', 'two']) {
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description }));
    await waitUntilFunctionUpdatedV2(waiting, { FunctionName });
    await client.send(new PublishVersionCommand({ FunctionName }));
  }
  await client.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '2' }));
  assert.deepEqual(await publishedNumbers(FunctionName), ['$LATEST', '1']);
  await failsAs(
    client.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier: '2' })),
    'ResourceNotFoundException',
    /^Function not found: .*:2$/,
  );
  const next = await client.send(new PublishVersionCommand({ FunctionName }));
  assert.equal(next.Version, '3');
  await failsAs(
    client.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '$LATEST' })),
    'InvalidParameterValueException',
    /^\$LATEST version cannot be deleted without deleting the function\./,
  );
});
