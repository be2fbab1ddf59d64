/** Starting: twice in one place, on a taken port, on a full disk; and stopping without cutting invokes short. */
import { CreateFunctionCommand, GetFunctionCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../archive.ts';
import { launcher, role, startService, type Service } from '../service.ts';

function up(...args: readonly string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(process.execPath, [launcher, 'up', ...args], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stderr };
}

async function create(service: Service, FunctionName: string, source: string, padding = 0): Promise<void> {
  const files = { 'index.mjs': source, 'padding.bin': Buffer.alloc(padding, 'x').toString() };
  await service.client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      Timeout: 30,
      Code: { ZipFile: await archive(files) },
    }),
  );
}

test('a second start on the same data directory says who has it', async () => {
  const service = await startService();
  try {
    const { status, stderr } = up('--port', '0', '--data-dir', service.dataDirectory);
    assert.equal(status, 1);
    assert.ok(stderr.includes(service.dataDirectory) && stderr.includes(`process ${service.pid}`), stderr);
    assert.doesNotMatch(stderr, /\n\s+at /, 'no stack trace');
  } finally {
    await service.stop();
  }
});

test('a taken port is a clear error', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-port-'));
  try {
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { status, stderr } = up('--port', String(port), '--data-dir', directory);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`${port}.*(in use|taken)`, 's'));
    assert.doesNotMatch(stderr, /\n\s+at /, 'no stack trace');
  } finally {
    other.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

test('a graceful stop lets the running invoke end', async () => {
  const service = await startService();
  const [running, go] = [join(service.dataDirectory, 'running'), join(service.dataDirectory, 'go')];
  await create(
    service,
    'slow',
    `import { existsSync, writeFileSync } from 'node:fs';
     export const handler = async () => {
       writeFileSync(${JSON.stringify(running)}, '');
       while (!existsSync(${JSON.stringify(go)})) await new Promise((r) => setTimeout(r, 5));
       return 'done';
     };`,
  );
  const answering = service.client.send(new InvokeCommand({ FunctionName: 'slow' }));
  while (!existsSync(running)) await sleep(5);
  const stopped = service.stop();
  while (!service.output().includes('Stopping: ')) await sleep(5);
  writeFileSync(go, '');
  assert.equal((await answering).Payload?.transformToString(), '"done"');
  assert.equal(await stopped, 0);
});

test('a full disk is answered with errors and loses nothing acknowledged', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-full-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', directory]).status !== 0) {
    rmdirSync(directory);
    context.skip('cannot mount a tmpfs here (needs root)');
    return;
  }
  try {
    let service = await startService({ dataDirectory: directory });
    const source = 'export const handler = async () => 1;';
    await create(service, 'before', source);
    // Fill all but the last of it: then everything that must be written fails.
    let refused: unknown;
    try {
      writeFileSync(join(directory, 'ballast'), Buffer.alloc(64 * 1024 * 1024));
    } catch {
      // full, as meant
    }
    try {
      await create(service, 'during', source, 2 * 1024 * 1024);
    } catch (error) {
      refused = error;
    }
    assert.ok(refused instanceof Error && refused.name.endsWith('Exception'), String(refused));
    assert.equal(
      (await service.client.send(new GetFunctionCommand({ FunctionName: 'before' }))).$metadata
        .httpStatusCode,
      200,
    );
    rmSync(join(directory, 'ballast'));
    await create(service, 'after', source);
    await service.kill();
    service = await startService({ dataDirectory: directory });
    for (const FunctionName of ['before', 'after']) {
      await service.client.send(new GetFunctionCommand({ FunctionName }));
      assert.equal(
        (await service.client.send(new InvokeCommand({ FunctionName }))).Payload?.transformToString(),
        '1',
      );
    }
    await assert.rejects(service.client.send(new GetFunctionCommand({ FunctionName: 'during' })), {
      name: 'ResourceNotFoundException',
    });
    await service.stop();
  } finally {
    spawnSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true, force: true });
  }
});
