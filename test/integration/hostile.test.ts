/** Functions that attack what runs them, and a host that has too little: Lambkin answers, cleans up, and goes on. */
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  InvokeCommand,
  PutFunctionConcurrencyCommand,
  type InvokeCommandOutput,
  type Runtime,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../archive.ts';
import { credentials, region, role, startService, type Service } from '../service.ts';

let service: Service;
const scratch = mkdtempSync(join(tmpdir(), 'lambkin-hostile-'));

before(async () => {
  service = await startService();
});
after(async () => {
  await service.stop();
  rmSync(scratch, { recursive: true, force: true });
});

interface Function {
  readonly runtime?: Runtime;
  readonly file?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly on?: Service;
  readonly roleArn?: string;
}

async function create(FunctionName: string, source: string, options: Function = {}): Promise<void> {
  const {
    runtime = 'nodejs24.x',
    file = 'index.mjs',
    variables = {},
    on = service,
    roleArn = role,
  } = options;
  await on.client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: runtime,
      Handler: 'index.handler',
      Role: roleArn,
      Timeout: 20,
      Environment: { Variables: { ...variables } },
      Code: { ZipFile: await archive({ [file]: source }) },
    }),
  );
}

function invoke(FunctionName: string, event: unknown = {}, on = service): Promise<InvokeCommandOutput> {
  return on.client.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }));
}

async function reserve(FunctionName: string, ReservedConcurrentExecutions: number): Promise<void> {
  await service.client.send(
    new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }),
  );
}

const payloadOf = (output: InvokeCommandOutput): unknown =>
  JSON.parse(output.Payload?.transformToString() ?? 'null');

async function until(holds: () => boolean): Promise<void> {
  for (let looks = 0; !holds(); looks += 1) {
    assert.ok(looks < 4_000, `waited in vain; Lambkin printed ${service.output()}`);
    await sleep(5);
  }
}

function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

test('an exception that nobody caught is its caller’s answer, and the next invoke is served', async () => {
  await create(
    'uncaught',
    `export const handler = async ({ how }) => {
       if (how === 'throw') setTimeout(() => { throw new RangeError('too far'); });
       if (how === 'reject') Promise.reject(new RangeError('too far'));
       if (how !== undefined) await new Promise((resolve) => setTimeout(resolve, 15_000));
       return 'fine';
     };`,
  );
  const thrown = await invoke('uncaught', { how: 'throw' });
  assert.equal(thrown.FunctionError, 'Unhandled');
  const { errorType, errorMessage } = payloadOf(thrown) as Record<string, unknown>;
  assert.deepEqual([errorType, errorMessage], ['RangeError', 'too far']);
  assert.equal(payloadOf(await invoke('uncaught')), 'fine');
  const rejected = payloadOf(await invoke('uncaught', { how: 'reject' })) as Record<string, unknown>;
  assert.equal(rejected['errorType'], 'Runtime.UnhandledPromiseRejection');
  assert.equal(rejected['errorMessage'], 'RangeError: too far');
  assert.equal(payloadOf(await invoke('uncaught')), 'fine');
});

test('what an invoke left behind ends the process only once it goes on, and whoever comes then gets another', async () => {
  await create(
    'between',
    `export const handler = async ({ end }) => {
       if (end) setTimeout(() => { throw new Error('too late'); }, 100);
       return process.pid;
     };`,
  );
  // Several times: what Lambkin hears first, the end or the next invoke, is up to chance.
  for (let round = 0; round < 10; round += 1) {
    const first = payloadOf(await invoke('between', { end: true })) as number;
    await sleep(120); // the timer is due by now, but the process stands still
    assert.ok(runs(first));
    for (let more = 0; more < 2; more += 1) {
      const next = await invoke('between');
      assert.equal(next.FunctionError, undefined, next.Payload?.transformToString());
      assert.notEqual(payloadOf(next), first);
    }
    await until(() => !runs(first));
  }
});

test('bytes of the function’s own on the channel, or its end, fail one invoke only', async () => {
  await create(
    'channel',
    `import fs from 'node:fs';
     export const handler = async ({ how }) => {
       if (how === 'garbage') fs.writeSync(4, 'garbage of my own');
       if (how === 'backwards') fs.writeSync(3, 'where only Lambkin writes');
       if (how === 'close') for (let fd = 0; fd <= 10; fd += 1) try { fs.closeSync(fd); } catch {}
       return 'fine';
     };`,
  );
  for (const how of ['garbage', 'close']) {
    const output = await invoke('channel', { how });
    assert.equal(output.FunctionError, 'Unhandled', how);
    assert.equal((payloadOf(output) as Record<string, unknown>)['errorType'], 'Runtime.ExitError');
    assert.equal(payloadOf(await invoke('channel')), 'fine');
  }
  // This one may be answered before the other way is heard; no more than it fails.
  await invoke('channel', { how: 'backwards' });
  assert.equal(payloadOf(await invoke('channel')), 'fine');
});

test('fifty children in sessions of their own go with their environment, and so do its files', async () => {
  await create(
    'daemons',
    `import { spawn } from 'node:child_process';
     import fs from 'node:fs';
     export const handler = async ({ end }) => {
       if (end) process.exit(1);
       const away = () => spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
       const pids = Array.from({ length: 50 }, () => away().pid);
       fs.mkdirSync(process.env.TMPDIR + '/closed');
       fs.writeFileSync(process.env.TMPDIR + '/closed/file', 'x');
       fs.chmodSync(process.env.TMPDIR + '/closed', 0);
       return { pids, temporary: process.env.TMPDIR };
     };`,
  );
  const { pids, temporary } = payloadOf(await invoke('daemons')) as { pids: number[]; temporary: string };
  assert.equal(pids.length, 50);
  assert.equal((await invoke('daemons', { end: true })).FunctionError, 'Unhandled');
  await until(() => !pids.some(runs) && !existsSync(temporary));
  assert.doesNotMatch(service.output(), /keep coming back/);
});

const document = (Statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement });

test('the SDK inside a function reaches Lambkin with the credentials of its role, and may what its role may', async () => {
  const iam = new IAMClient({ endpoint: service.endpoint, region, credentials, maxAttempts: 1 });
  const lister = { RoleName: 'lister' };
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const listing = { Effect: 'Allow', Action: 'lambda:ListFunctions', Resource: '*' };
  const created = new CreateRoleCommand({ ...lister, AssumeRolePolicyDocument: document(trust) });
  const { Role } = await iam.send(created);
  const policy = { PolicyName: 'list', PolicyDocument: document(listing) };
  await iam.send(new PutRolePolicyCommand({ ...lister, ...policy }));
  iam.destroy();
  const source = `const { LambdaClient, ListFunctionsCommand } = require('@aws-sdk/client-lambda');
     exports.handler = async () => {
       const { Functions } = await new LambdaClient({}).send(new ListFunctionsCommand({}));
       return Functions.map(({ FunctionName }) => FunctionName);
     };`;
  const options = {
    file: 'index.cjs',
    variables: { NODE_PATH: join(import.meta.dirname, '..', '..', 'node_modules') },
  };
  await create('inside', source, { ...options, roleArn: Role?.Arn ?? assert.fail() });
  const output = await invoke('inside');
  assert.equal(output.FunctionError, undefined, output.Payload?.transformToString());
  assert.ok((payloadOf(output) as string[]).includes('inside'));

  // A role that is not in IAM grants nothing.
  await create('powerless', source, options);
  const refused = await invoke('powerless');
  assert.equal(refused.FunctionError, 'Unhandled');
  assert.match(
    (payloadOf(refused) as { readonly errorMessage: string }).errorMessage,
    /assumed-role\/any\/powerless is not authorized to perform: lambda:ListFunctions on resource: \* because no identity-based policy allows/,
  );
});

test('a reservation of one lets one run, and names the reason to the others', async () => {
  const [running, go] = [join(scratch, 'running'), join(scratch, 'go')];
  await create(
    'reserved',
    `import fs from 'node:fs';
     export const handler = async () => {
       fs.writeFileSync(${JSON.stringify(running)}, '');
       while (!fs.existsSync(${JSON.stringify(go)})) await new Promise((resolve) => setTimeout(resolve, 5));
       return 'done';
     };`,
  );
  const refused = {
    name: 'TooManyRequestsException',
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    retryAfterSeconds: '1',
  };
  await reserve('reserved', 0);
  await assert.rejects(invoke('reserved'), refused);
  await reserve('reserved', 1);
  const first = invoke('reserved');
  await until(() => existsSync(running));
  await assert.rejects(invoke('reserved'), refused);
  writeFileSync(go, '');
  assert.equal(payloadOf(await first), 'done');
  assert.equal(payloadOf(await invoke('reserved')), 'done');
});

test('too few descriptors for another process are an error, not the end', async (context) => {
  const poor = await startService();
  try {
    await create('here', 'export const handler = async () => 1;', { on: poor });
    assert.equal(payloadOf(await invoke('here', {}, poor)), 1);
    const open = readdirSync(`/proc/${poor.pid}/fd`).length;
    const { status } = spawnSync('prlimit', ['--pid', String(poor.pid), `--nofile=${open + 20}:`]);
    if (status !== 0) return context.skip('prlimit is not here');
    const names = Array.from({ length: 24 }, (_, index) => `function-${index}`);
    for (const name of names)
      await create(name, `export const handler = async () => '${name}';`, { on: poor });
    const outcomes = await Promise.allSettled(names.map((name) => invoke(name, {}, poor)));
    const refused = outcomes.filter(({ status: kind }) => kind === 'rejected');
    assert.ok(refused.length > 0, 'the limit was felt');
    spawnSync('prlimit', ['--pid', String(poor.pid), '--nofile=1024:']);
    for (const name of names) assert.equal(payloadOf(await invoke(name, {}, poor)), name);
  } finally {
    assert.equal(await poor.stop(), 0);
  }
  return undefined;
});
