/** Metrics through every client: users' own, refusals and permissions with the SDK; boto3 and both command lines. */
import {
  DescribeAlarmsCommand,
  GetMetricDataCommand,
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
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { credentials, region, startService, type Service } from '../service.ts';
import {
  cloudWatch,
  createFunction,
  invokeFunction,
  throttle,
  total as totalOf,
  window,
} from './metrics-world.ts';

const run = promisify(execFile);

let service: Service;
let directory: string;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lambkin-metrics-clients-'));
  service = await startService({ dataDirectory: join(directory, 'data') });
  await createFunction(service, 'counted');
  for (let each = 0; each < 12; each += 1) await invokeFunction(service, 'counted', { fail: each < 4 });
  await throttle(service, 'counted', 5);
});
after(async () => {
  await service.stop();
  rmSync(directory, { recursive: true, force: true });
});
const total = (...asked: Parameters<typeof totalOf> extends [unknown, ...infer Rest] ? Rest : never) =>
  totalOf(service, ...asked);

test('users publish metrics of their own, also many at once, and compressed', async () => {
  const client = cloudWatch(service);
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
  const client = cloudWatch(service);
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
  const reader = cloudWatch(service, {
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

const hasBoto = (command: string): boolean => spawnSync(command, ['-c', 'import boto3']).status === 0;
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
  test(`boto3 of ${command}`, { skip: hasBoto(command) ? false : `${command} has no boto3` }, async () => {
    const file = join(directory, 'client.py');
    writeFileSync(file, script);
    await run(command, [file], { env: { ...process.env, ...service.clientEnvironment } });
  });
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
