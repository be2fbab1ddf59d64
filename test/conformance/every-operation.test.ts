/**
 * Every operation of Lambda, called through the real client on a running Lambkin: it is served, or refused with an error that it declares or
 * that names it; never a failure of ours, never a hang. What creates comes first, what deletes last, so that each finds what it is about.
 */
import * as sdk from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type OperationName, operations } from '#wire';
import { archive } from '../archive.ts';
import { startService, type Service } from '../service.ts';
import { goodRequests } from './good-requests.ts';
import type { Members } from './populated-world.ts';

type Command = Parameters<sdk.LambdaClient['send']>[0];
const commands = sdk as unknown as Readonly<Record<string, new (input: unknown) => Command>>;

/** An answer that takes longer never comes. */
const hangMs = 60_000;

/** Refused by name until they exist; every other operation is served. */
const unserved: ReadonlySet<OperationName> = new Set<OperationName>([
  'CheckpointDurableExecution',
  'CreateCapacityProvider',
  'DeleteCapacityProvider',
  'GetCapacityProvider',
  'GetDurableExecution',
  'GetDurableExecutionHistory',
  'GetDurableExecutionState',
  'GetFunctionScalingConfig',
  'ListCapacityProviders',
  'ListDurableExecutionsByFunction',
  'ListFunctionVersionsByCapacityProvider',
  'PutFunctionScalingConfig',
  'SendDurableExecutionCallbackFailure',
  'SendDurableExecutionCallbackHeartbeat',
  'SendDurableExecutionCallbackSuccess',
  'StopDurableExecution',
  'UpdateCapacityProvider',
]);

/** What the front door answers, whatever the operation. */
const common = new Set(['ValidationException', 'AccessDeniedException']);

let service: Service;
let requests: ReturnType<typeof goodRequests>;

before(async () => {
  service = await startService();
  const { client } = service;
  const ZipFile = await archive({ 'index.mjs': 'export const handler = async (event) => event;' });
  for (const FunctionName of ['hello', 'other']) {
    const created: sdk.CreateFunctionCommandInput = {
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/any',
      Code: { ZipFile },
    };
    await client.send(new sdk.CreateFunctionCommand(created));
    await sdk.waitUntilFunctionActiveV2(
      { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
      { FunctionName },
    );
  }
  const versioned = { FunctionName: 'hello' };
  await client.send(new sdk.PublishVersionCommand(versioned));
  await client.send(new sdk.CreateAliasCommand({ ...versioned, Name: 'live', FunctionVersion: '1' }));
  requests = goodRequests({
    uuid: '00000000-0000-4000-8000-000000000000',
    codeSigningConfigArn: 'arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-0123456789abcdef0',
    archive: ZipFile.toString('base64'),
  });
});
after(() => service.stop());

/** Creation first, deletion last. */
function rank(operation: string): number {
  if (/^(Publish|Create|Add)/.test(operation)) return 0;
  if (operation.startsWith('Put')) return 1;
  if (/^(Delete|Remove)/.test(operation)) return 3;
  return 2;
}

suite('every operation answers', () => {
  assert.equal(operations.size, 88);
  const ordered = [...operations.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  for (const operation of ordered) {
    test(operation, async () => {
      const { errors } = operations.get(operation) ?? assert.fail(operation);
      const { members } = requests.get(operation) ?? assert.fail(operation);
      const Constructor = commands[`${operation}Command`] ?? assert.fail(operation);
      const command = new Constructor(withBytes(members));
      try {
        await service.client.send(command, { abortSignal: AbortSignal.timeout(hangMs) });
        assert.ok(!unserved.has(operation as OperationName), 'served by now: take it off the list');
      } catch (error) {
        assert.ok(error instanceof sdk.LambdaServiceException, String(error));
        const shown = `${error.name} ${error.$metadata.httpStatusCode}: ${error.message}`;
        if (unserved.has(operation as OperationName)) {
          assert.equal(error.name, 'NotImplementedException', shown);
          assert.equal(error.$metadata.httpStatusCode, 501);
          assert.ok(error.message.includes(operation), shown);
        } else {
          assert.ok(errors.includes(error.name) || common.has(error.name), shown);
          assert.ok((error.$metadata.httpStatusCode ?? 0) < 500, shown);
        }
      }
    });
  }
});

/** From JSON to what the client takes: its blobs are bytes. */
function withBytes(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => {
      if (name === 'Code' || name === 'Content') return [name, withBytes(value as Members)];
      const isBlob = name === 'ZipFile' || name === 'Payload' || name === 'InvokeArgs';
      return [name, isBlob ? Buffer.from(String(value), 'base64') : value];
    }),
  );
}
