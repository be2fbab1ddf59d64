/** Functions that misbehave: what their callers get, and that nobody else notices. */
import { CreateFunctionCommand, InvokeCommand, type InvokeCommandOutput } from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { archive } from '../archive.ts';
import { role, startService, type Service } from '../service.ts';

let service: Service;

before(async () => {
  service = await startService();
});
after(() => service.stop());

interface Failure {
  readonly errorType?: string;
  readonly errorMessage?: string;
}

async function create(FunctionName: string, source: string, Timeout = 3): Promise<void> {
  await service.client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      Timeout,
      Code: { ZipFile: await archive({ 'index.mjs': source }) },
    }),
  );
}

function invoke(FunctionName: string, event: unknown = {}): Promise<InvokeCommandOutput> {
  return service.client.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify(event), LogType: 'Tail' }),
  );
}

function failure(output: InvokeCommandOutput): Failure {
  assert.equal(output.StatusCode, 200);
  assert.equal(output.FunctionError, 'Unhandled');
  return JSON.parse(output.Payload?.transformToString() ?? '') as Failure;
}

const log = (output: InvokeCommandOutput): string => Buffer.from(output.LogResult ?? '', 'base64').toString();

test('an infinite loop is stopped at the timeout', async () => {
  await create('loop', 'export const handler = async (e) => { if (e.loop) for (;;); return 1; };', 1);
  assert.equal((await invoke('loop')).Payload?.transformToString(), '1');
  const output = await invoke('loop', { loop: true });
  const { errorType, errorMessage } = failure(output);
  assert.equal(errorType, 'Sandbox.Timedout');
  assert.match(errorMessage ?? '', /^RequestId: \S+ Error: Task timed out after 1\.00 seconds$/);
  assert.match(log(output), /Task timed out after 1\.00 seconds/);
  assert.match(log(output), /REPORT .*Duration: 1000\.00 ms\tBilled Duration: 1000 ms\t.*Status: timeout/);
  assert.equal((await invoke('loop')).Payload?.transformToString(), '1', 'and the next invoke is served');
});

test('an allocation of 1 GB in a function of 128 MB ends its environment', async () => {
  await create(
    'hungry',
    'export const handler = async () => { const all = []; for (let i = 0; i < 64; i += 1) { all.push(Buffer.alloc(16 * 1024 * 1024, 1)); await new Promise((r) => setTimeout(r, 5)); } return all.length; };',
    20,
  );
  const { errorType } = failure(await invoke('hungry'));
  assert.match(errorType ?? '', /^Runtime\.(ExitError|OutOfMemory)$/);
});

test('a process that forks a child and exits leaves nothing', async () => {
  const marker = `3${String(process.pid).padStart(6, '0')}.25`;
  await create(
    'forks',
    `import { spawn } from 'node:child_process';
     export const handler = async () => {
       spawn('sleep', ['${marker}'], { detached: true, stdio: 'inherit' }).unref();
       await new Promise((resolve) => setTimeout(resolve, 100));
       process.exit(3);
     };`,
  );
  const { errorType, errorMessage } = failure(await invoke('forks'));
  assert.equal(errorType, 'Runtime.ExitError');
  assert.match(errorMessage ?? '', /^RequestId: \S+ Error: Runtime exited with error: exit status 3$/);
  const deadline = performance.now() + 10_000;
  let left = '';
  do {
    left = spawnSync('pgrep', ['-f', marker], { encoding: 'utf8' }).stdout;
  } while (left !== '' && performance.now() < deadline);
  assert.equal(left, '');
});

test('an answer of 10 MB is too large, and the environment goes on', async () => {
  await create('large', "export const handler = async (e) => 'x'.repeat(e.bytes);");
  const { errorType, errorMessage } = failure(await invoke('large', { bytes: 10 * 1024 * 1024 }));
  assert.equal(errorType, 'Function.ResponseSizeTooLarge');
  assert.match(errorMessage ?? '', /exceeded maximum allowed payload size \(6291556 bytes\)/);
  assert.equal((await invoke('large', { bytes: 3 })).Payload?.transformToString(), '"xxx"');
});

test('an error of the handler is its caller’s answer', async () => {
  await create('throws', "export const handler = async () => { throw new RangeError('too far'); };");
  const output = await invoke('throws');
  const { errorType, errorMessage } = failure(output);
  assert.equal(errorType, 'RangeError');
  assert.equal(errorMessage, 'too far');
  assert.match(log(output), /ERROR\tInvoke Error/);
});

test('a handler that is missing says so', async () => {
  await create('missing', 'export const other = 1;');
  const { errorType, errorMessage } = failure(await invoke('missing'));
  assert.equal(errorType, 'Runtime.HandlerNotFound');
  assert.equal(errorMessage, 'index.handler is undefined or not exported');
});

test('a flood of output does not grow Lambkin without bound', async () => {
  await create(
    'flood',
    "export const handler = async () => { for (let i = 0; i < 40000; i += 1) console.log('x'.repeat(1000)); return 1; };",
    30,
  );
  assert.equal((await invoke('flood')).Payload?.transformToString(), '1');
});
