/** Nothing in a data directory says what functions' environment variables are, however Lambkin ended; and they survive it. */
import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaServiceException,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { archive } from '../archive.ts';
import { role, type Service, startService } from '../service.ts';

const FunctionName = 'secretive';
const variables = { UNIQUE_NAME_4711: 'unique-value-0815', AFTER_4711: 'unique-later-0815' };
const clear = Object.entries(variables)
  .flat()
  .flatMap((text) => [
    Buffer.from(text),
    Buffer.from(text, 'utf16le'),
    Buffer.from(Buffer.from(text).toString('base64')),
  ]);

/** Files below the directory that hold any of the texts. */
function tellTales(directory: string): readonly string[] {
  const files = globSync('**', { cwd: directory }).filter((file) => {
    try {
      return statSync(join(directory, file)).isFile();
    } catch {
      return false; // gone meanwhile
    }
  });
  assert.ok(files.includes('lambkin.db'), `nothing to look at in ${files.join(', ')}`);
  return files.filter((file) => {
    const bytes = readFileSync(join(directory, file));
    return clear.some((text) => bytes.includes(text));
  });
}

async function answerOf({ client }: Service): Promise<unknown> {
  const { Payload, FunctionError } = await client.send(new InvokeCommand({ FunctionName }));
  assert.equal(FunctionError, undefined);
  return JSON.parse(Buffer.from(Payload ?? []).toString());
}

test('environment variables rest sealed, through stop and SIGKILL, and are not shown under another secret', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'lambkin-test-'));
  const waiting = { maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
  const output: string[] = [];
  try {
    const args = ['--log-level', 'debug'];
    const first = await startService({ dataDirectory, args });
    const source = `export const handler = async () => Object.fromEntries(Object.entries(process.env).filter(([name]) => name.endsWith('_4711')));`;
    await first.client.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: role,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Code: { ZipFile: await archive({ 'index.mjs': source }) },
        Environment: { Variables: { UNIQUE_NAME_4711: variables.UNIQUE_NAME_4711 } },
      }),
    );
    await waitUntilFunctionActiveV2({ ...waiting, client: first.client }, { FunctionName });
    assert.deepEqual(await answerOf(first), { UNIQUE_NAME_4711: variables.UNIQUE_NAME_4711 });
    await first.client.send(new PublishVersionCommand({ FunctionName }));
    assert.deepEqual(tellTales(dataDirectory), []);
    await first.stop();
    assert.deepEqual(tellTales(dataDirectory), []);
    output.push(first.output());

    const second = await startService({ dataDirectory, args });
    assert.deepEqual(await answerOf(second), { UNIQUE_NAME_4711: variables.UNIQUE_NAME_4711 });
    await second.client.send(
      new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables: variables } }),
    );
    await waitUntilFunctionUpdatedV2({ ...waiting, client: second.client }, { FunctionName });
    assert.deepEqual(await answerOf(second), variables);
    await second.kill();
    assert.deepEqual(tellTales(dataDirectory), []);
    output.push(second.output());

    rmSync(join(dataDirectory, 'root-key.json'));
    const stranger = await startService({ dataDirectory, args });
    const { Environment } = await stranger.client.send(new GetFunctionConfigurationCommand({ FunctionName }));
    assert.deepEqual(
      [Environment?.Error?.ErrorCode, Environment?.Variables],
      ['AccessDeniedException', undefined],
    );
    await assert.rejects(stranger.client.send(new InvokeCommand({ FunctionName })), (error) => {
      assert.ok(error instanceof LambdaServiceException);
      assert.deepEqual([error.name, error.$metadata.httpStatusCode], ['KMSAccessDeniedException', 502]);
      return true;
    });
    await stranger.stop();
    output.push(stranger.output());
    assert.ok(!clear.some((text) => output.join('').includes(text.toString())));
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});
