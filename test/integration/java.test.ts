/** Java functions from end to end: created by the SDK with a jar's content, the bootstrap compiled on the way, killed and restarted. */
import { CreateFunctionCommand, InvokeCommand, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { archive } from '../archive.ts';
import { role, startService, type Service } from '../service.ts';

const feature = /^javac (?:1\.)?(\d+)/.exec(
  spawnSync('javac', ['-version'], { encoding: 'utf8' }).stdout ?? '',
)?.[1];
const runtime = feature === '8' ? 'java8.al2' : `java${feature}`;
const served = ['8', '11', '17', '21', '25'].includes(feature ?? '');

async function answerOf(
  service: Service,
  payload: string,
): Promise<{ readonly text: string; readonly failed: boolean }> {
  const answer = await service.client.send(
    new InvokeCommand({ FunctionName: 'orders', Payload: Buffer.from(payload) }),
  );
  return {
    text: Buffer.from(answer.Payload ?? []).toString(),
    failed: answer.FunctionError !== undefined,
  };
}

suite('java', { skip: !served && 'no JDK of a served version: run scripts/setup' }, () => {
  test('a class file of the archive is the function, also after the service was killed', async () => {
    const classes = mkdtempSync(join(tmpdir(), 'lambkin-java-'));
    const sources = globSync(join(import.meta.dirname, '../../src/runtimes/java/fixtures/*/*.java'));
    // Where no locale is set, javac would take the sources for ASCII.
    const flags = ['-nowarn', '-encoding', 'UTF-8', '-d', classes];
    execFileSync('javac', [...flags, ...sources], { stdio: 'pipe', encoding: 'utf8' });
    const names = globSync('**/*.class', { cwd: classes });
    const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(classes, name))]));
    rmSync(classes, { recursive: true });
    const dataDirectory = mkdtempSync(join(tmpdir(), 'lambkin-test-'));
    let service = await startService({ dataDirectory });
    try {
      await service.client.send(
        new CreateFunctionCommand({
          FunctionName: 'orders',
          Runtime: runtime as 'java17',
          Handler: 'example.Orders',
          Role: role,
          Code: { ZipFile: await archive(files) },
          MemorySize: 512,
          Timeout: 30,
        }),
      );
      await waitUntilFunctionActiveV2(
        { client: service.client, maxWaitTime: 60, minDelay: 0.05, maxDelay: 0.05 },
        { FunctionName: 'orders' },
      );
      const order = '{"name":"n","count":1,"gift":false}';
      assert.deepEqual(await answerOf(service, order), { text: order, failed: false });
      const broken = await answerOf(service, '{"count":{}}');
      assert.equal(broken.failed, true);
      assert.match(broken.text, /An error occurred during JSON parsing/);
      await service.kill();
      service = await startService({ dataDirectory });
      assert.deepEqual(await answerOf(service, order), { text: order, failed: false });
    } finally {
      await service.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    }
  });
});
