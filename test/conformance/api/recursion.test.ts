/**
 * Functions that invoke themselves over and over. On a target of its own the role must allow `lambda:InvokeFunction`; on Lambkin the test
 * makes such a role.
 */
import {
  GetFunctionRecursionConfigCommand,
  InvokeCommand,
  PutFunctionRecursionConfigCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { archive } from '../../archive.ts';
import { createRole } from '../../role.ts';
import { openTarget, type Target } from '../../target.ts';
import { callerSource } from '../caller-function.ts';

interface Outcome {
  readonly hops: number;
  readonly error?: string;
  readonly message?: string;
}

let target: Target;
let role: string;
before(async () => {
  target = await openTarget();
  role =
    process.env['LAMBKIN_TEST_ENDPOINT'] === undefined
      ? await createRole(target, ['lambda:InvokeFunction'])
      : target.role;
});
after(() => target.close());

test('loops are terminated unless it is configured otherwise', async () => {
  const FunctionName = await target.createFunction();
  const get = async () => target.client.send(new GetFunctionRecursionConfigCommand({ FunctionName }));
  assert.equal((await get()).RecursiveLoop, 'Terminate');
  await target.client.send(new PutFunctionRecursionConfigCommand({ FunctionName, RecursiveLoop: 'Allow' }));
  assert.equal((await get()).RecursiveLoop, 'Allow');
});

test('a function that invokes itself runs about 16 times, and on if it may', async () => {
  const name = await caller();
  const stopped = await outcomeOf([name], 30);
  assert.equal(stopped.error, 'RecursiveInvocationException');
  assert.match(stopped.message ?? '', /recursive loop/);
  assert.ok(stopped.hops >= 14 && stopped.hops <= 18, `${stopped.hops} hops`);
  await target.client.send(
    new PutFunctionRecursionConfigCommand({ FunctionName: name, RecursiveLoop: 'Allow' }),
  );
  assert.deepEqual(await outcomeOf([name], 25), { hops: 25 });
});

test('functions that invoke each other are stopped too', async () => {
  const names = [await caller(), await caller()];
  const stopped = await outcomeOf(names, 60);
  assert.equal(stopped.error, 'RecursiveInvocationException');
  assert.ok(stopped.hops >= 14 && stopped.hops <= 34, `${stopped.hops} hops`);
});

test('an answer carries the trace that the function was given', async () => {
  const source = 'export const handler = async () => process.env._X_AMZN_TRACE_ID;';
  const FunctionName = await target.createFunction({
    Code: { ZipFile: await archive({ 'index.mjs': source }) },
  });
  const command = new InvokeCommand({ FunctionName });
  let answered: string | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { readonly headers: Readonly<Record<string, string>> };
      answered = headers['x-amzn-trace-id'];
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  const { Payload } = await target.client.send(command);
  const given = JSON.parse(Payload?.transformToString() ?? '') as string;
  assert.match(given, /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};/);
  assert.equal(answered?.split(';')[0]?.toLowerCase(), given.split(';')[0]?.toLowerCase());
});

const caller = async (): Promise<string> =>
  target.createFunction({
    Role: role,
    Timeout: 60,
    Code: { ZipFile: await archive({ 'index.mjs': callerSource }) },
  });

/** Begins with the last of the functions, so that the first hop is the first. */
async function outcomeOf(names: readonly string[], hopsMax: number): Promise<Outcome> {
  const { Payload, FunctionError } = await target.client.send(
    new InvokeCommand({
      FunctionName: names.at(-1),
      Payload: JSON.stringify({ endpoint: target.endpoint, names, hop: 0, hopsMax }),
    }),
  );
  const text = Payload?.transformToString() ?? '';
  assert.equal(FunctionError, undefined, text);
  return JSON.parse(text) as Outcome;
}
