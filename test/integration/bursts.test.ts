/** Bursts: a function that needs very many environments at once does not keep one waiting that needs one; all are served. */
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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

async function create(FunctionName: string, { client }: Service, ZipFile: Uint8Array): Promise<void> {
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
const clientOf = (maxSockets: number, { endpoint }: Service): LambdaClient =>
  new LambdaClient({
    endpoint,
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

/** LAMBKIN_BURST says how many; by itself the test takes as many as the host does in a few seconds. */
const burst = Number(process.env['LAMBKIN_BURST'] ?? Math.min(500, 30 * availableParallelism()));
const perFunction = 5;

test(`${burst} invokes of new functions at once are all answered, and leave nothing`, async (context) => {
  const data = mkdtempSync(join(tmpdir(), 'lambkin-burst-'));
  context.after(() => rmSync(data, { recursive: true, force: true }));
  const own = await startService({ args: ['--pool-size', '0'], dataDirectory: data });
  context.after(() => own.stop());
  const names = Array.from({ length: Math.ceil(burst / perFunction) }, (_, at) => `burst-${at}`);
  const ZipFile = await archive({ 'index.mjs': source });
  for (let from = 0; from < names.length; from += 20)
    await Promise.all(names.slice(from, from + 20).map((name) => create(name, own, ZipFile)));
  const client = clientOf(burst, own);
  const beginMs = performance.now();
  const took = await Promise.all(
    Array.from({ length: burst }, async (_, at) => {
      const { pid } = await invoke(client, names[at % names.length] ?? '', 200);
      return { pid, ms: performance.now() - beginMs };
    }),
  );
  const times = took.map(({ ms }) => ms).sort((a, b) => a - b);
  const environments = new Set(took.map(({ pid }) => pid)).size;
  context.diagnostic(
    `${environments} environments, first after ${times[0]?.toFixed(0)} ms, last after ${times.at(-1)?.toFixed(0)} ms`,
  );
  assert.ok(environments >= names.length, `${environments} environments`);
  // The service is as it was: whoever comes next is served at once, from what is there.
  await invoke(client, names[0] ?? '', 0);
  await own.stop();
  assert.deepEqual(
    [...new Set(took.map(({ pid }) => pid))].filter((pid) => existsSync(`/proc/${pid}`)),
    [],
  );
  assert.deepEqual(sandboxesIn(data), []);
});

/** What is left of sandboxes' directories. */
function sandboxesIn(data: string): readonly string[] {
  const paths = readdirSync(data, { recursive: true, withFileTypes: true });
  return paths
    .filter(({ parentPath, name }) => basename(parentPath) === 'sandboxes' && name !== 'state')
    .map(({ parentPath, name }) => join(parentPath, name));
}

test('one that asks for one environment has it before most of those of one that asks for many', async () => {
  const ZipFile = await archive({ 'index.mjs': source });
  // On a host that is short of time its request may be read only after most of the others were served: then nobody was in line.
  const rounds: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const [greedy, modest] = [`greedy-${round}`, `modest-${round}`];
    await Promise.all([greedy, modest].map((name) => create(name, service, ZipFile)));
    const { earlier, all } = await race(greedy, modest);
    rounds.push(`${earlier} of ${all}`);
    if (earlier < all / 2) return;
  }
  assert.fail(`there before it: ${rounds.join(', ')}`);
});

/** How many environments of the one that asks for many were there before that of the one that asks for one. */
async function race(greedy: string, modest: string): Promise<{ earlier: number; all: number }> {
  const count = 60;
  const many = clientOf(count, service);
  const invokes = Array.from({ length: count }, () => invoke(many, greedy, 3_000));
  const { initialised } = await invoke(clientOf(1, service), modest, 0);
  const environments = new Map((await Promise.all(invokes)).map((each) => [each.pid, each.initialised]));
  assert.ok(environments.size > 20, `${environments.size} environments`);
  const earlier = [...environments.values()].filter((each) => each < initialised).length;
  return { earlier, all: environments.size };
}
