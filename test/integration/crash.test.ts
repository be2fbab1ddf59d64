/** Kill -9 at any moment: everything acknowledged is there after the next start, and no process of the old run is. */
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  InvokeCommand,
  PublishVersionCommand,
} from '@aws-sdk/client-lambda';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../archive.ts';
import { credentials, region, role, startService, type Service } from '../service.ts';

const rounds = 4;

/** What the service acknowledged, and so owes. */
interface Acknowledged {
  readonly functions: Set<string>;
  readonly versions: Set<string>;
  readonly aliases: Set<string>;
  readonly logLines: Set<string>;
}

test('every function, version, alias and log line that was acknowledged survives kill -9', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'lambkin-crash-'));
  const acknowledged: Acknowledged = {
    functions: new Set(),
    versions: new Set(),
    aliases: new Set(),
    logLines: new Set(),
  };
  try {
    for (let round = 0; round < rounds; round += 1) {
      const service = await startService({ dataDirectory });
      await verify(service, acknowledged);
      const work = [0, 1, 2].map((lane) => writeUntilKilled(service, acknowledged, `r${round}-l${lane}`));
      await sleep(400 + Math.random() * 1200);
      // On a busy host that may have been too early for anything to be there that could be lost.
      if (round === rounds - 1) await until(() => acknowledged.logLines.size > 0);
      await service.kill();
      await Promise.all(work);
    }
    assert.ok(acknowledged.functions.size > 0 && acknowledged.logLines.size > 0, 'the test wrote something');
    const service = await startService({ dataDirectory });
    await verify(service, acknowledged);
    await service.stop();
    assert.deepEqual(processesIn(dataDirectory), []);
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});

/** For at most 20 seconds. */
async function until(holds: () => boolean): Promise<void> {
  for (let looks = 0; !holds() && looks < 1_000; looks += 1) await sleep(20);
}

async function writeUntilKilled(service: Service, acknowledged: Acknowledged, lane: string): Promise<void> {
  const logs = logsClient(service);
  try {
    for (let index = 0; ; index += 1) {
      const FunctionName = `${lane}-${index}`;
      const line = `line of ${FunctionName}.`;
      await service.client.send(
        new CreateFunctionCommand({
          FunctionName,
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Role: role,
          Code: {
            ZipFile: await archive({
              'index.mjs': `export const handler = async () => console.log('${line}');\n`,
            }),
          },
        }),
      );
      acknowledged.functions.add(FunctionName);
      await service.client.send(new InvokeCommand({ FunctionName }));
      await service.client.send(new PublishVersionCommand({ FunctionName }));
      acknowledged.versions.add(FunctionName);
      await service.client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
      acknowledged.aliases.add(FunctionName);
      // A log line is acknowledged once somebody has read it.
      const { events } = await logs.send(
        new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${FunctionName}` }),
      );
      if (events?.some(({ message }) => message?.includes(line))) acknowledged.logLines.add(FunctionName);
    }
  } catch (error) {
    // The connection broke under the kill; an answer of the API would be a real failure.
    if (error instanceof Error && '$metadata' in error && error.name.endsWith('Exception')) {
      if (error.name !== 'ResourceNotFoundException') throw error;
    }
  }
}

async function verify(service: Service, acknowledged: Acknowledged): Promise<void> {
  const logs = logsClient(service);
  for (const FunctionName of acknowledged.functions) {
    const { Configuration } = await service.client.send(new GetFunctionCommand({ FunctionName }));
    assert.equal(Configuration?.FunctionName, FunctionName);
  }
  for (const FunctionName of acknowledged.versions) {
    const { Configuration } = await service.client.send(
      new GetFunctionCommand({ FunctionName, Qualifier: '1' }),
    );
    assert.equal(Configuration?.Version, '1');
  }
  for (const FunctionName of acknowledged.aliases) {
    const { FunctionVersion } = await service.client.send(
      new GetAliasCommand({ FunctionName, Name: 'live' }),
    );
    assert.equal(FunctionVersion, '1');
  }
  for (const FunctionName of acknowledged.logLines) {
    const { events } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${FunctionName}` }),
    );
    assert.ok(
      events?.some(({ message }) => message?.includes(`line of ${FunctionName}.`)),
      FunctionName,
    );
  }
  const [any] = acknowledged.functions;
  if (any !== undefined) {
    const { FunctionError } = await service.client.send(new InvokeCommand({ FunctionName: any }));
    assert.equal(FunctionError, undefined);
  }
}

function logsClient(service: Service): CloudWatchLogsClient {
  return new CloudWatchLogsClient({ endpoint: service.endpoint, region, credentials, maxAttempts: 1 });
}

/** Processes whose environment or command line speaks of the data directory. */
function processesIn(dataDirectory: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return ['environ', 'cmdline'].some((file) =>
          readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(dataDirectory),
        );
      } catch {
        return false; // it is gone
      }
    });
}
