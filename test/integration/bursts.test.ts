/** Bursts: a function that needs very many environments at once does not keep one waiting that needs one; all are served. */
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { archive } from '../archive.ts';
import { credentials, region, role, startService, type Service } from '../service.ts';

let service: Service;
before(async () => {
  // Nothing waits ready: every environment starts anew.
  service = await startService({ args: ['--pool-size', '0'] });
});
after(() => service.stop());

const source = `
  const initialised = Date.now();
  export const handler = async ({ sleepMs }) => {
    await new Promise((resolve) => setTimeout(resolve, sleepMs));
    return { initialised, pid: process.pid };
  };`;

async function create(FunctionName: string): Promise<void> {
  const { client } = service;
  const ZipFile = await archive({ 'index.mjs': source });
  const Handler = 'index.handler';
  await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: role,
      Runtime: 'nodejs24.x',
      Handler,
      Timeout: 60,
      Code: { ZipFile },
    }),
  );
  await waitUntilFunctionActiveV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName });
}

/** The SDK has 50 connections at most unless told otherwise: the line would be in the client. */
const clientOf = (maxSockets: number): LambdaClient =>
  new LambdaClient({
    endpoint: service.endpoint,
    region,
    credentials,
    maxAttempts: 1,
    requestHandler: { httpAgent: { maxSockets } },
  });

async function invoke(client: LambdaClient, FunctionName: string, sleepMs: number) {
  const Payload = Buffer.from(JSON.stringify({ sleepMs }));
  const answer = await client.send(new InvokeCommand({ FunctionName, Payload }));
  assert.equal(answer.FunctionError, undefined);
  return JSON.parse(Buffer.from(answer.Payload ?? []).toString()) as {
    readonly initialised: number;
    readonly pid: number;
  };
}

test('one that asks for one environment has it before most of those of one that asks for many', async () => {
  await Promise.all(['greedy', 'modest'].map(create));
  const count = 60;
  const many = clientOf(count);
  const greedy = Array.from({ length: count }, () => invoke(many, 'greedy', 3_000));
  const modest = await invoke(clientOf(1), 'modest', 0);
  const all = await Promise.all(greedy);
  assert.equal(all.length, count);
  const earlier = new Set(
    all.filter(({ initialised }) => initialised < modest.initialised).map(({ pid }) => pid),
  );
  const environments = new Set(all.map(({ pid }) => pid));
  assert.ok(environments.size > 20, `${environments.size} environments`);
  assert.ok(
    earlier.size < environments.size / 2,
    `${earlier.size} of ${environments.size} were there before it`,
  );
});
