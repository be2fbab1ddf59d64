/** What a function and its caller see alike in every kind of sandbox: the memory that REPORT tells, and what is left after a timeout or a crash. */
import { CreateFunctionCommand, InvokeCommand, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { skipped } from '../../src/worker/sandbox/contract/rooms.ts';
import { memoryPeakAgeMs } from '../../src/worker/limits.ts';
import { archive } from '../archive.ts';
import { role, startService, type Service } from '../service.ts';

const source = `
  import { existsSync, writeFileSync } from 'node:fs';
  import { tmpdir } from 'node:os';
  import { join } from 'node:path';
  const path = join(tmpdir(), 'kept');
  const bytes = [];
  export const handler = async ({ mb = 0, ends }) => {
    if (mb > 0) bytes.push(Buffer.alloc(mb * 1024 * 1024, 1));
    const found = existsSync(path);
    writeFileSync(path, 'x');
    if (ends === 'exit') process.exit(3);
    if (ends === 'timeout') await new Promise((resolve) => setTimeout(resolve, 60_000));
    return { found };
  };`;

/** By isolation: MB, of a plain invoke and of one that allocates 100 MB. */
const told = new Map<string, readonly number[]>();

const memoryMb = (log: string): number => Number(/Max Memory Used: (\d+) MB/.exec(log)?.[1]);

for (const isolation of ['process', 'container'] as const) {
  const skip = await skipped(isolation);
  suite(`a function in a ${isolation}`, { skip }, () => {
    let service: Service;
    before(async () => {
      service = await startService({ environment: { LAMBKIN_ISOLATION: isolation } });
      const { client } = service;
      const FunctionName = 'seen';
      const Code = { ZipFile: await archive({ 'index.mjs': source }) };
      const basics = { Runtime: 'nodejs24.x', Handler: 'index.handler', Role: role } as const;
      await client.send(
        new CreateFunctionCommand({ FunctionName, ...basics, Code, MemorySize: 512, Timeout: 1 }),
      );
      await waitUntilFunctionActiveV2(
        { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
        { FunctionName },
      );
    });
    after(() => service.stop());

    async function invoke(event: object): Promise<{ payload: string; error?: string; log: string }> {
      const { Payload, FunctionError, LogResult } = await service.client.send(
        new InvokeCommand({ FunctionName: 'seen', Payload: JSON.stringify(event), LogType: 'Tail' }),
      );
      const payload = Buffer.from(Payload ?? []).toString();
      const log = Buffer.from(LogResult ?? '', 'base64').toString();
      return { payload, log, ...(FunctionError !== undefined && { error: FunctionError }) };
    }
    test('REPORT tells what Node takes, and what the function takes besides', async () => {
      const plain = memoryMb((await invoke({})).log);
      assert.ok(plain >= 35 && plain <= 110, `${plain} MB`);
      // The figure is not asked for at every invoke.
      await new Promise((resolve) => setTimeout(resolve, memoryPeakAgeMs + 50));
      const grown = memoryMb((await invoke({ mb: 100 })).log);
      assert.ok(grown >= plain + 90 && grown <= plain + 130, `${grown} MB after ${plain}`);
      told.set(isolation, [plain, grown]);
      const [one, other] = told.values();
      for (const [at, mb] of (other ?? []).entries())
        assert.ok(Math.abs(mb - (one?.[at] ?? 0)) <= 20, JSON.stringify([...told]));
    });

    test('whose invoke crashes or times out is replaced as a whole: what it stored is gone too', async () => {
      assert.equal((await invoke({})).payload, '{"found":true}', 'it is kept from invoke to invoke');
      for (const [ends, words] of [
        ['exit', /Runtime\.ExitError.*exit status 3/],
        ['timeout', /Task timed out after 1\.00 seconds/],
      ] as const) {
        const failed = await invoke({ ends });
        assert.match(failed.payload, words);
        const next = await invoke({});
        assert.deepEqual([next.payload, next.error], ['{"found":false}', undefined]);
        assert.match(next.log, /Init Duration/);
      }
    });
  });
}
