/** A service whose functions fail as they are asked to, and CloudWatch's client to see what it counted. */
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateFunctionCommand,
  InvokeCommand,
  PutFunctionConcurrencyCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../archive.ts';
import { credentials, region, role, type Service } from '../service.ts';

const source = `
  export const handler = async (event) => {
    if (event.fail) throw new Error('as asked');
    if (event.sleepMs) await new Promise((resolve) => setTimeout(resolve, event.sleepMs));
    if (event.rawPath === '/broken') throw new Error('broken');
    if (event.rawPath === '/missing') return { statusCode: 404 };
    return 'done';
  };`;

export async function createFunction({ client }: Service, FunctionName: string): Promise<void> {
  const ZipFile = await archive({ 'index.mjs': source });
  const code = { Runtime: 'nodejs24.x', Handler: 'index.handler', Role: role, Code: { ZipFile } } as const;
  await client.send(new CreateFunctionCommand({ FunctionName, ...code }));
  await waitUntilFunctionActiveV2(
    { client, minDelay: 0.02, maxDelay: 0.1, maxWaitTime: 30 },
    { FunctionName },
  );
}

export const invokeFunction = (
  { client }: Service,
  FunctionName: string,
  event: object = {},
  Qualifier?: string,
) =>
  client.send(
    new InvokeCommand({
      FunctionName,
      Payload: Buffer.from(JSON.stringify(event)),
      ...(Qualifier !== undefined && { Qualifier }),
    }),
  );

/** From here on every invoke is throttled: `count` are. */
export async function throttle(service: Service, FunctionName: string, count: number): Promise<void> {
  await service.client.send(
    new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }),
  );
  for (let each = 0; each < count; each += 1) {
    await assert.rejects(invokeFunction(service, FunctionName), { name: 'TooManyRequestsException' });
  }
}

export const cloudWatch = ({ endpoint }: Service, keys = credentials): CloudWatchClient =>
  new CloudWatchClient({ endpoint, region, credentials: keys, maxAttempts: 1 });

export const window = (): { StartTime: Date; EndTime: Date } => ({
  StartTime: new Date(Date.now() - 30 * 60_000),
  EndTime: new Date(Date.now() + 60_000),
});

/** All of the last half hour, in one number. */
export async function total(
  service: Service,
  MetricName: string,
  dimensions: Record<string, string>,
  Stat = 'Sum',
  Namespace = 'AWS/Lambda',
): Promise<number | undefined> {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  const { MetricDataResults } = await cloudWatch(service).send(
    new GetMetricDataCommand({
      ...window(),
      MetricDataQueries: [
        { Id: 'a', MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period: 3600, Stat } },
      ],
    }),
  );
  const values = MetricDataResults?.[0]?.Values ?? [];
  assert.ok(values.length <= 1);
  return values[0];
}

/** What is counted off the path of an invoke may come a moment later. */
export async function until<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const seen = await look();
    if (holds(seen)) return seen;
    await sleep(50);
  }
  return look();
}
