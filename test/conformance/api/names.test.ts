/**
 * Every operation that takes a function takes it by its name, by the short form of its ARN, and by its ARN, and means the same by each.
 * The operations come from the description of the API, so none is forgotten.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as sdk from '@aws-sdk/client-lambda';
import { operations } from '#wire';
import { goodRequests } from '../good-requests.ts';
import { openTarget } from '../../target.ts';

const target = await openTarget();
after(() => target.close());
const { client, region, accountId } = target;

const named = [...operations]
  .flatMap(([name, { input }]) => ('FunctionName' in input.members ? [name] : []))
  .sort();
const good = goodRequests({
  uuid: '11111111-2222-4333-8444-555555555555',
  codeSigningConfigArn: `arn:aws:lambda:${region}:${accountId}:code-signing-config:csc-0123456789abcdef0`,
  archive: 'UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==',
});
const blobs: Readonly<Record<string, object>> = {
  UpdateFunctionCode: { ZipFile: Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64') },
  Invoke: { Payload: Buffer.from('{}') },
  InvokeWithResponseStream: { Payload: Buffer.from('{}') },
};

interface Command {
  new (input: object): Parameters<typeof client.send>[0];
}

/** What an operation answers, but for what differs from request to request. */
async function answerOf(operation: string, FunctionName: string, more: object = {}): Promise<unknown> {
  const Command = (sdk as unknown as Record<string, Command>)[`${operation}Command`];
  assert.ok(Command, operation);
  const { members = {} } = good.get(operation) ?? {};
  const input = { ...members, ...blobs[operation], ...more, FunctionName };
  try {
    const { $metadata: _, ...answer } = (await client.send(new Command(input))) as unknown as Record<
      string,
      unknown
    >;
    // Links to archives are signed anew each time.
    return JSON.parse(
      JSON.stringify(answer, (member, value: unknown) => (member === 'Location' ? '' : value)),
    );
  } catch (error) {
    assert.ok(error instanceof sdk.LambdaServiceException, `${operation}: ${String(error)}`);
    return { error: error.name, message: error.message };
  }
}

const shortArn = (name: string): string => `${accountId}:function:${name}`;
const arn = (name: string, place = `${region}:${accountId}`): string =>
  `arn:aws:lambda:${place}:function:${name}`;

test('there are operations to look at', () => {
  assert.ok(named.length > 45 && named.includes('Invoke') && named.includes('UpdateFunctionUrlConfig'));
});

test('of a function that is not there, every form of its name gets the same answer', async (t) => {
  for (const operation of named) {
    if (operation === 'CreateFunction') continue;
    const name = target.name();
    await t.test(operation, async () => {
      const expected = await answerOf(operation, name);
      for (const form of [shortArn(name), arn(name)])
        assert.deepEqual(await answerOf(operation, form), expected);
    });
  }
});

test('of a function that is there, every form of its name is answered alike', async (t) => {
  const name = await target.createFunction();
  const reading = named.filter((operation) => /^(?:Get|List)/.test(operation));
  for (const operation of reading) {
    await t.test(operation, async () => {
      const expected = await answerOf(operation, name, { Qualifier: undefined });
      for (const form of [shortArn(name), arn(name)]) {
        assert.deepEqual(await answerOf(operation, form, { Qualifier: undefined }), expected);
      }
    });
  }
});

test('a qualifier may stand in the name, or beside it', async () => {
  const FunctionName = await target.createFunction();
  await client.send(new sdk.PublishVersionCommand({ FunctionName }));
  await client.send(new sdk.CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
  for (const operation of ['GetFunctionConfiguration', 'Invoke']) {
    for (const Qualifier of ['1', 'live', '$LATEST']) {
      const expected = await answerOf(operation, FunctionName, { Qualifier });
      assert.ok(!Object.hasOwn(expected as object, 'error'), JSON.stringify(expected));
      for (const form of [FunctionName, shortArn(FunctionName), arn(FunctionName)]) {
        const qualified = `${form}:${Qualifier}`;
        assert.deepEqual(await answerOf(operation, qualified, { Qualifier: undefined }), expected);
        assert.deepEqual(await answerOf(operation, qualified, { Qualifier }), expected);
      }
    }
    const twice = await answerOf(operation, `${FunctionName}:1`, { Qualifier: '2' });
    assert.deepEqual(twice, {
      error: 'InvalidParameterValueException',
      message: 'The derived qualifier from the function name does not match the specified qualifier.',
    });
  }
});

test('a function of another account or region is never one of the own', async (t) => {
  const name = await target.createFunction();
  for (const operation of named.filter((each) => !/^(?:Create|UpdateEventSourceMapping)/.test(each))) {
    await t.test(operation, async () => {
      for (const place of [`${region}:999999999999`, `ap-south-2:${accountId}`]) {
        const answer = await answerOf(operation, arn(name, place));
        assert.ok(Object.hasOwn(answer as object, 'error'), `${place}: ${JSON.stringify(answer)}`);
      }
    });
  }
  assert.deepEqual(await answerOf('GetFunctionConcurrency', name), {});
});

test('what is no name is refused by every operation that is served', async (t) => {
  for (const operation of named) {
    await t.test(operation, async () => {
      for (const text of ['a b', 'arn:aws:s3:::bucket', 'x'.repeat(300), `${arn('x')}:1:2`, 'a/b']) {
        const answer = (await answerOf(operation, text)) as { readonly error?: string };
        assert.match(
          answer.error ?? 'taken',
          /^(?:ValidationException|InvalidParameterValueException|NotImplementedException)$/,
          text,
        );
      }
    });
  }
});
