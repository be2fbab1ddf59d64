/** Metrics as their users read them: what functions did is what the SDK, boto3, the command lines and Prometheus are told, exactly, also after a restart. */
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  paginateGetMetricData,
  paginateListMetrics,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  InvokeCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  PutProvisionedConcurrencyConfigCommand,
  GetProvisionedConcurrencyConfigCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { archive } from '../archive.ts';
import { credentials, region, role, startService, type Service } from '../service.ts';

const run = promisify(execFile);
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

const source = `
  export const handler = async (event) => {
    if (event.fail) throw new Error('as asked');
    if (event.sleepMs) await new Promise((resolve) => setTimeout(resolve, event.sleepMs));
    if (event.rawPath === '/broken') throw new Error('broken');
    if (event.rawPath === '/missing') return { statusCode: 404 };
    return 'done';
  };`;

const create = async (FunctionName: string, Role = role): Promise<void> => {
  const ZipFile = await archive({ 'index.mjs': source });
  await service.client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role,
      Code: { ZipFile },
    }),
  );
};
const invoke = (FunctionName: string, event: object = {}, Qualifier?: string) =>
  service.client.send(
    new InvokeCommand({
      FunctionName,
      Payload: Buffer.from(JSON.stringify(event)),
      ...(Qualifier && { Qualifier }),
    }),
  );
const cloudWatch = (keys = credentials): CloudWatchClient =>
  new CloudWatchClient({ endpoint: service.endpoint, region, credentials: keys, maxAttempts: 1 });

const window = (): { StartTime: Date; EndTime: Date } => ({
  StartTime: new Date(Date.now() - 30 * 60_000),
  EndTime: new Date(Date.now() + 60_000),
});

/** All of the last half hour, in one number. */
async function total(
  MetricName: string,
  dimensions: Record<string, string>,
  Stat = 'Sum',
  Namespace = 'AWS/Lambda',
): Promise<number | undefined> {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
  const { MetricDataResults } = await cloudWatch().send(
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

async function until<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const seen = await look();
    if (holds(seen)) return seen;
    await sleep(50);
  }
  return look();
}

test('invokes, errors, throttles and durations are counted exactly, for function, alias and version', async () => {
  await create('counted');
  const { Version = '' } = await service.client.send(new PublishVersionCommand({ FunctionName: 'counted' }));
  await service.client.send(
    new CreateAliasCommand({ FunctionName: 'counted', Name: 'live', FunctionVersion: Version }),
  );
  for (let each = 0; each < 7; each += 1) await invoke('counted', { fail: each < 3 });
  for (let each = 0; each < 4; each += 1) await invoke('counted', { fail: each < 1 }, 'live');
  const slow = await invoke('counted', { sleepMs: 100 }, Version);
  assert.equal(slow.FunctionError, undefined);
  await service.client.send(
    new PutFunctionConcurrencyCommand({ FunctionName: 'counted', ReservedConcurrentExecutions: 0 }),
  );
  for (let each = 0; each < 5; each += 1) {
    await assert.rejects(invoke('counted'), { name: 'TooManyRequestsException' });
  }
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
  const { Datapoints = [] } = await cloudWatch().send(
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
  await create('eventual');
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
  await create('site');
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
  await create('ready');
  const { Version = '' } = await service.client.send(new PublishVersionCommand({ FunctionName: 'ready' }));
  const config = { FunctionName: 'ready', Qualifier: Version };
  await service.client.send(
    new PutProvisionedConcurrencyConfigCommand({ ...config, ProvisionedConcurrentExecutions: 1 }),
  );
  await until(
    () => service.client.send(new GetProvisionedConcurrencyConfigCommand(config)),
    ({ Status }) => Status === 'READY',
  );
  await invoke('ready', {}, Version);
  await Promise.all([1, 2, 3].map(() => invoke('ready', { sleepMs: 300 }, Version)));
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

test('what a queue and its event source mapping did is counted', async () => {
  const sqs = new SQSClient({ endpoint: service.endpoint, region, credentials, maxAttempts: 1 });
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'work' }));
  await create('worker');
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

test('users publish metrics of their own, also many at once, and compressed', async () => {
  const client = cloudWatch();
  const MetricData = Array.from({ length: 400 }, (_, index) => ({
    MetricName: 'latency',
    Dimensions: [{ Name: 'page', Value: `page-${index}` }],
    Values: [1.5, 2.5],
    Counts: [3, 1],
    Unit: 'Seconds' as const,
  }));
  await client.send(new PutMetricDataCommand({ Namespace: 'Shop', MetricData }));
  assert.equal(await total('latency', { page: 'page-7' }, 'Sum', 'Shop'), 7);
  assert.equal(await total('latency', { page: 'page-7' }, 'Minimum', 'Shop'), 1.5);
  let listed = 0;
  for await (const { Metrics = [] } of paginateListMetrics({ client }, { Namespace: 'Shop' }))
    listed += Metrics.length;
  assert.equal(listed, 400);
  const queries = MetricData.slice(0, 5).map(({ Dimensions }, index) => ({
    Id: `q${index}`,
    MetricStat: { Metric: { Namespace: 'Shop', MetricName: 'latency', Dimensions }, Period: 60, Stat: 'Sum' },
  }));
  let points = 0;
  let pages = 0;
  for await (const { MetricDataResults = [] } of paginateGetMetricData(
    { client },
    { ...window(), MetricDataQueries: queries, MaxDatapoints: 2 },
  )) {
    pages += 1;
    for (const { Values = [] } of MetricDataResults) points += Values.length;
  }
  assert.deepEqual([points, pages >= 3], [5, true]);
});

test('what is not served, wrong, or not allowed is refused as AWS does', async () => {
  const client = cloudWatch();
  await assert.rejects(client.send(new DescribeAlarmsCommand({})), { name: 'NotImplementedException' });
  await assert.rejects(client.send(new PutMetricDataCommand({ Namespace: 'AWS/Lambda', MetricData: [] })), {
    name: 'InvalidParameterValueException',
  });
  const metric = { Namespace: 'AWS/Lambda', MetricName: 'Errors' };
  const query = (Stat: string): GetMetricDataCommand =>
    new GetMetricDataCommand({
      ...window(),
      MetricDataQueries: [{ Id: 'a', MetricStat: { Metric: metric, Period: 60, Stat } }],
    });
  await assert.rejects(client.send(query('tm50')), /not supported/);
  await assert.rejects(client.send(new ListMetricsCommand({ NextToken: 'nonsense' })), {
    name: 'InvalidParameterValueException',
  });
  const iam = new IAMClient({ endpoint: service.endpoint, region, credentials, maxAttempts: 1 });
  await iam.send(new CreateUserCommand({ UserName: 'reader' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'reader' }));
  const reader = cloudWatch({
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  });
  await assert.rejects(
    reader.send(query('Sum')),
    /User: arn:aws:iam::000000000000:user\/reader is not authorized to perform: cloudwatch:GetMetricData/,
  );
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'cloudwatch:Get*', Resource: '*' },
      {
        Effect: 'Allow',
        Action: 'cloudwatch:PutMetricData',
        Resource: '*',
        Condition: { StringEquals: { 'cloudwatch:namespace': 'Own' } },
      },
    ],
  });
  await iam.send(new PutUserPolicyCommand({ UserName: 'reader', PolicyName: 'p', PolicyDocument }));
  assert.equal((await reader.send(query('Sum'))).MetricDataResults?.length, 1);
  const MetricData = [{ MetricName: 'm', Value: 1 }];
  await reader.send(new PutMetricDataCommand({ Namespace: 'Own', MetricData }));
  await assert.rejects(
    reader.send(new PutMetricDataCommand({ Namespace: 'Other', MetricData })),
    /not authorized/,
  );
  await assert.rejects(reader.send(new ListMetricsCommand({})), /not authorized/);
  iam.destroy();
});

const python = ['python3', '/usr/bin/python3'].filter(
  (command) => spawnSync(command, ['-c', 'import boto3']).status === 0,
);
const script = `
import boto3, datetime, os, sys
client = boto3.client('cloudwatch', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
now = datetime.datetime.now(datetime.timezone.utc)
minutes = lambda count: datetime.timedelta(minutes=count)
metric = {'Namespace': 'AWS/Lambda', 'MetricName': 'Invocations', 'Dimensions': [{'Name': 'FunctionName', 'Value': 'counted'}]}
results = client.get_metric_data(StartTime=now - minutes(30), EndTime=now + minutes(1), MetricDataQueries=[
    {'Id': 'a', 'MetricStat': {'Metric': metric, 'Period': 3600, 'Stat': 'Sum'}}])['MetricDataResults']
assert results[0]['Values'] == [12.0], results
assert results[0]['StatusCode'] == 'Complete'
assert results[0]['Timestamps'][0].tzinfo is not None
points = client.get_metric_statistics(**metric, StartTime=now - minutes(30), EndTime=now + minutes(1), Period=3600, Statistics=['Sum'])['Datapoints']
assert points[0]['Sum'] == 12.0, points
client.put_metric_data(Namespace='Boto', MetricData=[
    {'MetricName': 'tiny', 'Value': 0.00001 * index, 'Dimensions': [{'Name': 'index', 'Value': str(index)}]} for index in range(1, 400)])
names = [each for page in client.get_paginator('list_metrics').paginate(Namespace='Boto') for each in page['Metrics']]
assert len(names) == 399, len(names)
try:
    client.put_metric_data(Namespace='Boto', MetricData=[{'MetricName': 'x'}])
    sys.exit('was taken')
except client.exceptions.MissingRequiredParameterException:
    pass
`;

for (const command of ['python3', '/usr/bin/python3']) {
  test(
    `boto3 of ${command}`,
    { skip: python.includes(command) ? false : `${command} has no boto3` },
    async () => {
      const file = join(directory, 'client.py');
      writeFileSync(file, script);
      await run(command, [file], { env: { ...process.env, ...service.clientEnvironment } });
    },
  );
}

for (const command of ['/usr/bin/aws', 'aws']) {
  const version = spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout;
  test(`the command line ${command}`, { skip: version ? false : `${command} is not there` }, async () => {
    const aws = async (...args: readonly string[]): Promise<string> => {
      const all = ['--endpoint-url', service.endpoint, '--output', 'json', 'cloudwatch', ...args];
      const { stdout } = await run(command, all, { env: { ...process.env, ...service.clientEnvironment } });
      return stdout;
    };
    const { StartTime, EndTime } = window();
    const times = ['--start-time', StartTime.toISOString(), '--end-time', EndTime.toISOString()];
    const metric = ['--namespace', 'AWS/Lambda', '--metric-name', 'Errors'];
    const dimensions = ['--dimensions', 'Name=FunctionName,Value=counted'];
    const queries = JSON.stringify([
      {
        Id: 'a',
        MetricStat: {
          Metric: {
            Namespace: 'AWS/Lambda',
            MetricName: 'Throttles',
            Dimensions: [{ Name: 'FunctionName', Value: 'counted' }],
          },
          Period: 3600,
          Stat: 'Sum',
        },
      },
    ]);
    const data = JSON.parse(await aws('get-metric-data', ...times, '--metric-data-queries', queries)) as {
      readonly MetricDataResults: readonly { readonly Values: readonly number[] }[];
    };
    assert.deepEqual(data.MetricDataResults[0]?.Values, [5]);
    const statistics = JSON.parse(
      await aws(
        'get-metric-statistics',
        ...times,
        ...metric,
        ...dimensions,
        '--period',
        '3600',
        '--statistics',
        'Sum',
      ),
    ) as { readonly Datapoints: readonly { readonly Sum: number }[] };
    assert.equal(statistics.Datapoints[0]?.Sum, 4);
    const Namespace = `Cli${command.length}`;
    await aws('put-metric-data', '--namespace', Namespace, '--metric-name', 'm', '--value', '0.00001');
    assert.match(await aws('list-metrics', '--namespace', Namespace), /"MetricName": "m"/);
    await assert.rejects(aws('describe-alarms'), /NotImplementedException/);
  });
}

test('after a restart everything is there, and counting goes on', async () => {
  const dimensions = { FunctionName: 'eventual' };
  assert.equal(await total('Invocations', dimensions), 3);
  const { dataDirectory } = service;
  await service.stop();
  service = await startService({ dataDirectory });
  assert.equal(await total('Invocations', dimensions), 3);
  assert.equal(await total('Duration', { FunctionName: 'counted' }, 'SampleCount'), 12);
  assert.equal(await total('latency', { page: 'page-7' }, 'Sum', 'Shop'), 7);
  await invoke('eventual');
  assert.equal(await total('Invocations', dimensions), 4);
});
