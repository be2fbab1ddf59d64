/** Functions with provisioned concurrency, and the calls that their tests make. */
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  GetProvisionedConcurrencyConfigCommand,
  type GetProvisionedConcurrencyConfigCommandOutput as Found,
  InvokeCommand,
  PutProvisionedConcurrencyConfigCommand,
  type PutProvisionedConcurrencyConfigCommandOutput as Put,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../archive.ts';
import { role, type Service } from '../service.ts';

export const source = `
  const initialised = Date.now();
  export const handler = async (event) => {
    if (event.sleepMs) await new Promise((resolve) => setTimeout(resolve, event.sleepMs));
    if (event.exit) process.exit(1);
    return { pid: process.pid, initialised, type: process.env.AWS_LAMBDA_INITIALIZATION_TYPE, marker: 1 };
  };`;

export interface Seen {
  readonly pid: number;
  readonly initialised: number;
  readonly type: string;
  readonly marker: number;
}

export interface ProvisionedCalls {
  readonly publish: (FunctionName: string, code?: string) => Promise<void>;
  readonly put: (
    FunctionName: string,
    Qualifier: string,
    ProvisionedConcurrentExecutions: number,
  ) => Promise<Put>;
  readonly get: (FunctionName: string, Qualifier: string) => Promise<Found>;
  readonly settled: (FunctionName: string, Qualifier: string) => Promise<Found>;
  readonly invoke: (FunctionName: string, Qualifier: string, event?: object) => Promise<Seen>;
}

/** `service` is asked for each time: it may be started anew. */
export function provisionedCalls(service: () => Service): ProvisionedCalls {
  async function publish(FunctionName: string, code = source): Promise<void> {
    const { client } = service();
    const ZipFile = await archive({ 'index.mjs': code });
    await client.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: role,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Timeout: 30,
        Code: { ZipFile },
        Publish: true,
      }),
    );
    await waitUntilFunctionActiveV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName });
    await client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }));
  }

  const put = (FunctionName: string, Qualifier: string, ProvisionedConcurrentExecutions: number) =>
    service().client.send(
      new PutProvisionedConcurrencyConfigCommand({
        FunctionName,
        Qualifier,
        ProvisionedConcurrentExecutions,
      }),
    );
  const get = (FunctionName: string, Qualifier: string) =>
    service().client.send(new GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }));

  async function settled(FunctionName: string, Qualifier: string) {
    for (;;) {
      const found = await get(FunctionName, Qualifier);
      if (found.Status !== 'IN_PROGRESS') return found;
      await sleep(20);
    }
  }

  async function invoke(FunctionName: string, Qualifier: string, event: object = {}): Promise<Seen> {
    const { Payload, FunctionError } = await service().client.send(
      new InvokeCommand({ FunctionName, Qualifier, Payload: Buffer.from(JSON.stringify(event)) }),
    );
    const answer = Buffer.from(Payload ?? []).toString();
    assert.equal(FunctionError, undefined, answer);
    return JSON.parse(answer) as Seen;
  }

  return { publish, put, get, settled, invoke };
}
