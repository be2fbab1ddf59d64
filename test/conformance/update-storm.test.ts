/** A function that is updated all the time while many clients invoke it: every invoke is answered, and none with old code. */
import {
  CreateFunctionCommand,
  InvokeCommand,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { archive } from '../archive.ts';
import { role, startService, type Service } from '../service.ts';

const FunctionName = 'storm';
const callers = 16;
const updates = 12;
let service: Service;

before(async () => {
  service = await startService();
});
after(() => service.stop());

const answering = (revision: number): Promise<Buffer> =>
  archive({ 'index.mjs': `export const handler = async () => ${revision};\n` });

async function invoke(): Promise<number> {
  const { Payload, FunctionError } = await service.client.send(new InvokeCommand({ FunctionName }));
  assert.equal(FunctionError, undefined);
  return Number(Payload?.transformToString());
}

test('an invoke that starts after an update was answered runs the new code, and no update makes one fail', async () => {
  const { client } = service;
  await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      Code: { ZipFile: await answering(0) },
    }),
  );
  const waiter = { client, maxWaitTime: 30, minDelay: 0.01, maxDelay: 0.02 };
  await waitUntilFunctionActiveV2(waiter, { FunctionName });

  let answered = 0;
  const done = new AbortController();
  const calling = Array.from({ length: callers }, async () => {
    while (!done.signal.aborted) {
      const least = answered;
      const revision = await invoke();
      assert.ok(revision >= least, `ran revision ${revision} after revision ${least} was answered`);
    }
  });
  const updating = async (): Promise<void> => {
    for (let revision = 1; revision <= updates; revision += 1) {
      const ZipFile = await answering(revision);
      await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile }));
      answered = revision;
      await waitUntilFunctionUpdatedV2(waiter, { FunctionName });
    }
  };
  await Promise.all([updating().finally(() => done.abort()), ...calling]);
  assert.equal(await invoke(), updates);
});
