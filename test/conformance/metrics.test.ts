/** What functions, queues and URLs did is what is counted: exactly, also in /metrics, and after a restart. */
import { GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateEventSourceMappingCommand,
  CreateFunctionUrlConfigCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  PublishVersionCommand,
  PutFunctionEventInvokeConfigCommand,
  PutProvisionedConcurrencyConfigCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { credentials, region, startService, type Service } from '../service.ts';
import {
  cloudWatch,
  createFunction,
  invokeFunction,
  throttle,
  total as totalOf,
  until,
  window,
} from './metrics-world.ts';

let service: Service;
let directory: string;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lambkin-metrics-'));
  service = await startService({ dataDirectory: join(directory, 'data') });
});
after(async () => {
  await service.stop();
  rmSync(directory, { recursive: true, force: true });
});
const total = (...asked: Parameters<typeof totalOf> extends [unknown, ...infer Rest] ? Rest : never) =>
  totalOf(service, ...asked);

test('invokes, errors, throttles and durations are counted exactly, for function, alias and version', async () => {
  await createFunction(service, 'counted');
  const { Version = '' } = await service.client.send(new PublishVersionCommand({ FunctionName: 'counted' }));
  await service.client.send(
    new CreateAliasCommand({ FunctionName: 'counted', Name: 'live', FunctionVersion: Version }),
  );
  for (let each = 0; each < 7; each += 1) await invokeFunction(service, 'counted', { fail: each < 3 });
  for (let each = 0; each < 4; each += 1)
    await invokeFunction(service, 'counted', { fail: each < 1 }, 'live');
  const slow = await invokeFunction(service, 'counted', { sleepMs: 100 }, Version);
  assert.equal(slow.FunctionError, undefined);
  await throttle(service, 'counted', 5);
  const f = { FunctionName: 'counted' };
  await until(
    () => total('Duration', f, 'SampleCount'),
    (count) => count === 12,
  );
  assert.deepEqual(
    await Promise.all([
      total('Invocations', f),
      total('Errors', f),
      total('Throttles', f),
      total('Duration', f, 'SampleCount'),
      total('Invocations', { ...f, Resource: 'counted' }),
      total('Errors', { ...f, Resource: 'counted' }),
      total('Throttles', { ...f, Resource: 'counted' }),
      total('Invocations', { ...f, Resource: 'counted:live' }),
      total('Errors', { ...f, Resource: 'counted:live', ExecutedVersion: Version }),
      total('Invocations', { ...f, Resource: `counted:${Version}` }),
      total('ConcurrentExecutions', f, 'Maximum'),
    ]),
    [12, 4, 5, 12, 7, 3, 5, 4, 1, 1, 1],
  );
  const longest = (await total('Duration', f, 'Maximum')) ?? 0;
  assert.ok(longest >= 100, `${longest}`);
  const middle = (await total('Duration', { ...f, Resource: `counted:${Version}` }, 'p50')) ?? 0;
  assert.ok(middle >= 100 && middle <= longest);
  const { Datapoints = [] } = await cloudWatch(service).send(
    new GetMetricStatisticsCommand({
      ...window(),
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: [{ Name: 'FunctionName', Value: 'counted' }],
      Period: 3600,
      Statistics: ['Sum', 'Average'],
      ExtendedStatistics: ['p100'],
    }),
  );
  const [point] = Datapoints;
  assert.deepEqual(
    [point?.Sum, point?.Average, point?.Unit, point?.ExtendedStatistics],
    [4, 4 / 12, 'Count', { p100: 1 }],
  );
});

test('events are counted as they are received, invoked, and given up', async () => {
  await createFunction(service, 'eventual');
  await service.client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: 'eventual',
      MaximumRetryAttempts: 0,
      DestinationConfig: {
        OnFailure: { Destination: `arn:aws:sqs:${region}:000000000000:there-is-none` },
      },
    }),
  );
  for (const fail of [true, false, false]) {
    await service.client.send(
      new InvokeCommand({
        FunctionName: 'eventual',
        InvocationType: 'Event',
        Payload: Buffer.from(JSON.stringify({ fail })),
      }),
    );
  }
  const f = { FunctionName: 'eventual' };
  await until(
    () => total('DestinationDeliveryFailures', f),
    (count) => (count ?? 0) > 0,
  );
  await until(
    () => total('Invocations', f),
    (count) => count === 3,
  );
  assert.equal(await total('AsyncEventsReceived', f), 3);
  assert.equal(await total('AsyncEventAge', f, 'SampleCount'), 3);
  assert.equal(await total('AsyncEventsDropped', f), 1);
  assert.equal(await total('Errors', f), 1);
  assert.equal(await total('DestinationDeliveryFailures', f), 1);
});

test('requests to a function URL are counted by their status', async () => {
  await createFunction(service, 'site');
  const { FunctionUrl = '' } = await service.client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: 'site', AuthType: 'NONE' }),
  );
  const { host } = new URL(FunctionUrl);
  const get = (path: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(service.endpoint);
      request({ hostname, port, path, headers: { host } }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      })
        .once('error', reject)
        .end();
    });
  assert.equal(await get('/'), 403);
  for (const [StatementId, Action] of [
    ['a', 'lambda:InvokeFunctionUrl'],
    ['b', 'lambda:InvokeFunction'],
  ] as const) {
    await service.client.send(
      new AddPermissionCommand({
        FunctionName: 'site',
        StatementId,
        Action,
        Principal: '*',
        ...(StatementId === 'a' ? { FunctionUrlAuthType: 'NONE' } : { InvokedViaFunctionUrl: true }),
      }),
    );
  }
  assert.deepEqual([await get('/'), await get('/missing'), await get('/broken')], [200, 404, 502]);
  const f = { FunctionName: 'site' };
  assert.deepEqual(
    await Promise.all([
      total('UrlRequestCount', f),
      total('Url4xxCount', f),
      total('Url5xxCount', f),
      total('UrlRequestLatency', { ...f, Resource: 'site' }, 'SampleCount'),
    ]),
    [4, 2, 1, 4],
  );
});

test('provisioned concurrency is counted apart from what is beyond it', async () => {
  await createFunction(service, 'ready');
  const { Version = '' } = await service.client.send(new PublishVersionCommand({ FunctionName: 'ready' }));
  const config = { FunctionName: 'ready', Qualifier: Version };
  await service.client.send(
    new PutProvisionedConcurrencyConfigCommand({ ...config, ProvisionedConcurrentExecutions: 1 }),
  );
  await until(
    () => service.client.send(new GetProvisionedConcurrencyConfigCommand(config)),
    ({ Status }) => Status === 'READY',
  );
  await invokeFunction(service, 'ready', {}, Version);
  await Promise.all([1, 2, 3].map(() => invokeFunction(service, 'ready', { sleepMs: 300 }, Version)));
  const resource = { FunctionName: 'ready', Resource: `ready:${Version}` };
  assert.deepEqual(
    await Promise.all([
      total('ProvisionedConcurrencyInvocations', resource),
      total('ProvisionedConcurrencySpilloverInvocations', resource),
      total('ProvisionedConcurrencySpilloverInvocations', { FunctionName: 'ready' }),
      total('Invocations', resource),
    ]),
    [2, 2, 2, 4],
  );
});

test('provisioned concurrency of an alias is counted for the alias', async () => {
  await createFunction(service, 'aliased');
  const { Version = '' } = await service.client.send(new PublishVersionCommand({ FunctionName: 'aliased' }));
  await service.client.send(
    new CreateAliasCommand({ FunctionName: 'aliased', Name: 'live', FunctionVersion: Version }),
  );
  const config = { FunctionName: 'aliased', Qualifier: 'live' };
  await service.client.send(
    new PutProvisionedConcurrencyConfigCommand({ ...config, ProvisionedConcurrentExecutions: 1 }),
  );
  await until(
    () => service.client.send(new GetProvisionedConcurrencyConfigCommand(config)),
    ({ Status }) => Status === 'READY',
  );
  await invokeFunction(service, 'aliased', {}, 'live');
  const f = { FunctionName: 'aliased' };
  const metric = 'ProvisionedConcurrencyInvocations';
  assert.deepEqual(
    await Promise.all([
      total(metric, f),
      total(metric, { ...f, Resource: 'aliased:live' }),
      total(metric, { ...f, Resource: 'aliased:live', ExecutedVersion: Version }),
      total(metric, { ...f, Resource: `aliased:${Version}` }),
    ]),
    [1, 1, 1, undefined],
  );
});

test('what a queue and its event source mapping did is counted', async () => {
  const sqs = new SQSClient({ endpoint: service.endpoint, region, credentials, maxAttempts: 1 });
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'work' }));
  await createFunction(service, 'worker');
  for (let each = 0; each < 6; each += 1) {
    const MessageBody = JSON.stringify({ kind: each < 2 ? 'unwanted' : 'wanted' });
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
  const { UUID = '' } = await service.client.send(
    new CreateEventSourceMappingCommand({
      FunctionName: 'worker',
      EventSourceArn: `arn:aws:sqs:${region}:000000000000:work`,
      BatchSize: 4,
      FilterCriteria: { Filters: [{ Pattern: JSON.stringify({ body: { kind: ['wanted'] } }) }] },
    }),
  );
  const mapping = { EventSourceMappingUUID: UUID };
  await until(
    () => total('DeletedEventCount', mapping),
    (count) => count === 4,
  );
  await until(
    () => total('NumberOfMessagesDeleted', { QueueName: 'work' }, 'Sum', 'AWS/SQS'),
    (n) => n === 6,
  );
  assert.deepEqual(
    await Promise.all([
      total('PolledEventCount', mapping),
      total('FilteredOutEventCount', mapping),
      total('InvokedEventCount', mapping),
      total('FailedInvokeEventCount', mapping),
      total('NumberOfMessagesSent', { QueueName: 'work' }, 'Sum', 'AWS/SQS'),
      total('NumberOfMessagesReceived', { QueueName: 'work' }, 'Sum', 'AWS/SQS'),
    ]),
    [6, 2, 4, undefined, 6, 6],
  );
  sqs.destroy();
});

test('/metrics says the same to who has the token, and nothing to others', async () => {
  const url = `${service.endpoint}/metrics`;
  const file = join(service.dataDirectory, 'metrics-token');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const headers = { authorization: `Bearer ${readFileSync(file, 'utf8')}` };
  assert.equal((await fetch(url)).status, 401);
  const response = await fetch(url, { headers });
  assert.equal(response.status, 200);
  const text = await response.text();
  for (const line of [
    'lambkin_invocations_total{function_name="counted"} 12',
    'lambkin_errors_total{function_name="counted"} 4',
    'lambkin_throttles_total{function_name="counted"} 5',
    'lambkin_duration_seconds_count{function_name="counted"} 12',
    'lambkin_async_events_received_total{function_name="eventual"} 3',
    'lambkin_async_events_dropped_total{function_name="eventual"} 1',
    'lambkin_url_requests_total{function_name="site"} 4',
    'lambkin_provisioned_spillover_invocations_total{function_name="ready"} 2',
    'lambkin_concurrent_executions{function_name="counted"} 0',
    'lambkin_sqs_messages_sent_total{queue_name="work"} 6',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), line);
  }
  assert.match(text, /^lambkin_event_queue_depth\{shard="[^"]+"\} \d+$/m);
  assert.match(text, /^lambkin_environments\{status="idle"\} [1-9]/m);
});

test(
  'promtool finds nothing wrong with it',
  { skip: hasPromtool() ? false : 'promtool is not installed (Debian: prometheus)' },
  async () => {
    const headers = {
      authorization: `Bearer ${readFileSync(join(service.dataDirectory, 'metrics-token'), 'utf8')}`,
    };
    const input = await (await fetch(`${service.endpoint}/metrics`, { headers })).text();
    const checked = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
    assert.deepEqual([checked.status, checked.stderr], [0, '']);
  },
);

function hasPromtool(): boolean {
  return spawnSync('promtool', ['--version']).status === 0;
}

test('after a restart everything is there, and counting goes on', async () => {
  const dimensions = { FunctionName: 'eventual' };
  assert.equal(await total('Invocations', dimensions), 3);
  const { dataDirectory } = service;
  await service.stop();
  service = await startService({ dataDirectory });
  assert.equal(await total('Invocations', dimensions), 3);
  assert.equal(await total('Duration', { FunctionName: 'counted' }, 'SampleCount'), 12);
  await invokeFunction(service, 'eventual');
  assert.equal(await total('Invocations', dimensions), 4);
});
