/**
 * Provisioned concurrency as its users meet it: environments that are there before the first invoke, spill-over, failures, moves and restarts;
 * with the SDK and with Terraform.
 */
import {
  DeleteProvisionedConcurrencyConfigCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../archive.ts';
import { credentials, region, role, startService, type Service } from '../service.ts';
import { provisionedCalls, source } from './provisioned-calls.ts';

let service: Service;
let directory: string;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lambkin-provisioned-'));
  service = await startService({ dataDirectory: join(directory, 'data') });
});
after(async () => {
  await service.stop();
  rmSync(directory, { recursive: true, force: true });
});

const { get, invoke, publish, put, settled } = provisionedCalls(() => service);

test('environments are there before the first invoke; what is more than they can take runs on demand', async () => {
  await publish('ready');
  assert.equal((await put('ready', 'live', 2)).Status, 'IN_PROGRESS');
  const ready = await settled('ready', 'live');
  assert.equal(ready.Status, 'READY');
  assert.equal(ready.AvailableProvisionedConcurrentExecutions, 2);
  assert.equal(ready.AllocatedProvisionedConcurrentExecutions, 2);
  const beforeMs = Date.now();
  const seen = await Promise.all([1, 2, 3].map(() => invoke('ready', 'live', { sleepMs: 1_000 })));
  const provisioned = seen.filter(({ type }) => type === 'provisioned-concurrency');
  assert.equal(provisioned.length, 2);
  assert.ok(provisioned.every(({ initialised }) => initialised <= beforeMs));
  assert.equal(seen.filter(({ type }) => type === 'on-demand').length, 1);
  // The version itself has the same environments; $LATEST has not.
  assert.equal((await invoke('ready', '1')).type, 'provisioned-concurrency');
  assert.equal((await invoke('ready', '$LATEST')).type, 'on-demand');
});

test('the log reports the init, and no invoke is billed for it', async () => {
  const logs = new CloudWatchLogsClient({ endpoint: service.endpoint, region, credentials });
  let text = '';
  for (let attempt = 0; attempt < 200 && text.split('\nREPORT RequestId').length <= 5; attempt++) {
    const { events } = await logs.send(
      new FilterLogEventsCommand({ logGroupName: '/aws/lambda/ready', logStreamNamePrefix: '2' }),
    );
    text = (events ?? []).map(({ message }) => message).join('');
    await sleep(20);
  }
  assert.equal([...text.matchAll(/^INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init/gm)].length, 2, text);
  const onDemand = [...text.matchAll(/^REPORT .*Init Duration/gm)].length;
  assert.ok(onDemand >= 1 && onDemand <= 2, 'only of what ran on demand');
});

test('one that dies is replaced, and the status stays', async () => {
  const { pid } = await invoke('ready', 'live');
  process.kill(pid, 'SIGKILL');
  for (;;) {
    const { AvailableProvisionedConcurrentExecutions: available, Status } = await get('ready', 'live');
    assert.equal(Status, 'READY');
    const pids = await Promise.all([1, 2].map(() => invoke('ready', 'live', { sleepMs: 50 })));
    const types = pids.map(({ type }) => type);
    if (available === 2 && types.every((type) => type === 'provisioned-concurrency')) {
      assert.ok(pids.every((each) => each.pid !== pid));
      return;
    }
    await sleep(20);
  }
});

test('an init that fails fails the configuration; one that is mended is ready again', async () => {
  await publish('broken', 'throw new Error("no");');
  await put('broken', 'live', 1);
  const failed = await settled('broken', 'live');
  assert.equal(failed.Status, 'FAILED');
  assert.equal(failed.StatusReason, 'FUNCTION_ERROR_INIT_FAILURE');
  assert.equal(failed.AvailableProvisionedConcurrentExecutions, 0);
  const { client } = service;
  const FunctionName = 'broken';
  const ZipFile = await archive({ 'index.mjs': source.replace('marker: 1', 'marker: 2') });
  await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile }));
  await waitUntilFunctionUpdatedV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName });
  const { Version } = await client.send(new PublishVersionCommand({ FunctionName }));
  await client.send(new UpdateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: Version }));
  for (;;) {
    const now = await settled('broken', 'live');
    if (now.Status === 'READY') break;
    await sleep(20);
  }
  const seen = await invoke('broken', 'live');
  assert.deepEqual([seen.type, seen.marker], ['provisioned-concurrency', 2]);
});

test('an alias that moves has the environments of its new version; removed, they are gone', async () => {
  const { client } = service;
  const FunctionName = 'ready';
  const before_ = await invoke('ready', 'live');
  await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: 'second' }));
  await waitUntilFunctionUpdatedV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName });
  const { Version } = await client.send(new PublishVersionCommand({ FunctionName }));
  assert.equal(Version, '2');
  await client.send(new UpdateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '2' }));
  assert.equal((await settled('ready', 'live')).Status, 'READY');
  assert.equal((await invoke('ready', 'live')).type, 'provisioned-concurrency');
  assert.equal((await invoke('ready', '1')).type, 'on-demand');
  await ends(before_.pid);
  const { pid } = await invoke('ready', 'live');
  await client.send(new DeleteProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier: 'live' }));
  await ends(pid);
  assert.equal((await invoke('ready', 'live')).type, 'on-demand');
});

async function ends(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(10);
  }
}

test('where all of a reservation is provisioned nothing else of the function runs', async () => {
  await publish('reserved');
  const FunctionName = 'reserved';
  await service.client.send(
    new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 1 }),
  );
  await put(FunctionName, '1', 1);
  assert.equal((await settled(FunctionName, '1')).Status, 'READY');
  assert.equal((await invoke(FunctionName, 'live')).type, 'provisioned-concurrency');
  await assert.rejects(invoke(FunctionName, '$LATEST'), { name: 'TooManyRequestsException' });
  const both = await Promise.allSettled([1, 2].map(() => invoke(FunctionName, '1', { sleepMs: 200 })));
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('after a kill of Lambkin everything is kept ready again', async () => {
  const { pid } = await invoke('reserved', '1');
  await service.kill();
  service = await startService({ dataDirectory: service.dataDirectory });
  assert.equal((await settled('reserved', '1')).Status, 'READY');
  const seen = await invoke('reserved', '1');
  assert.equal(seen.type, 'provisioned-concurrency');
  assert.notEqual(seen.pid, pid);
});

const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import boto3']).status === 0,
);

test(
  'boto3 scales it by schedule, within bounds, and as far as its policies let it',
  { skip: python === undefined ? 'no boto3 on this host: run scripts/setup' : false },
  () => {
    const program = `
import boto3, datetime, json, time
options = dict(endpoint_url='${service.endpoint}', region_name='us-east-1')
scaling = boto3.client('application-autoscaling', **options)
functions = boto3.client('lambda', **options)
target = dict(ServiceNamespace='lambda', ResourceId='function:broken:live', ScalableDimension='lambda:function:ProvisionedConcurrency')
scaling.register_scalable_target(MinCapacity=1, MaxCapacity=4, **target)
soon = datetime.datetime.utcnow() + datetime.timedelta(seconds=2)
scaling.put_scheduled_action(ScheduledActionName='soon', Schedule=soon.strftime('at(%Y-%m-%dT%H:%M:%S)'),
    ScalableTargetAction={'MinCapacity': 2, 'MaxCapacity': 5}, **target)
while True:
    found = functions.get_provisioned_concurrency_config(FunctionName='broken', Qualifier='live')
    if found['AllocatedProvisionedConcurrentExecutions'] == 2 and found['Status'] == 'READY':
        break
    time.sleep(0.1)
registered, = scaling.describe_scalable_targets(ServiceNamespace='lambda')['ScalableTargets']
assert (registered['MinCapacity'], registered['MaxCapacity']) == (2, 5), registered
activity, = scaling.describe_scaling_activities(ServiceNamespace='lambda')['ScalingActivities']
assert activity['StatusCode'] == 'Successful', activity
scaling.put_scaling_policy(PolicyName='use', PolicyType='TargetTrackingScaling', TargetTrackingScalingPolicyConfiguration={
    'TargetValue': 0.7, 'PredefinedMetricSpecification': {'PredefinedMetricType': 'LambdaProvisionedConcurrencyUtilization'}}, **target)
scaling.register_scalable_target(MinCapacity=3, **target)
while functions.get_provisioned_concurrency_config(FunctionName='broken', Qualifier='live')['RequestedProvisionedConcurrentExecutions'] != 3:
    time.sleep(0.1)
policy, = scaling.describe_scaling_policies(ServiceNamespace='lambda')['ScalingPolicies']
assert policy['TargetTrackingScalingPolicyConfiguration']['TargetValue'] == 0.7, policy
try:
    scaling.put_scheduled_action(ScheduledActionName='x', Schedule='never', **target)
    raise AssertionError('taken')
except scaling.exceptions.ValidationException as e:
    assert 'never' in str(e), str(e)
scaling.deregister_scalable_target(**target)
try:
    scaling.deregister_scalable_target(**target)
    raise AssertionError('there')
except scaling.exceptions.ObjectNotFoundException:
    pass
assert scaling.describe_scaling_policies(ServiceNamespace='lambda')['ScalingPolicies'] == []
`;
    const ran = spawnSync(python ?? 'python3', ['-W', 'ignore', '-c', program], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, ...service.clientEnvironment },
    });
    assert.equal(ran.status, 0, `${ran.stdout}${ran.stderr}`);
  },
);

const mirror = '/opt/tf-plugins';
const noTerraform = spawnSync('terraform', ['version']).error !== undefined || !existsSync(mirror);

test(
  'Terraform waits until it is ready, plans no difference, and destroys it',
  { skip: noTerraform ? 'no Terraform, or no mirror of its providers, on this host' : false },
  async () => {
    writeFileSync(
      join(directory, 'terraform.rc'),
      `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`,
    );
    writeFileSync(join(directory, 'function.zip'), await archive({ bootstrap: shellFunction }));
    writeFileSync(join(directory, 'main.tf'), terraformModule);
    const terraform = (...args: readonly string[]): string => {
      const ran = spawnSync('terraform', [...args, '-no-color'], {
        cwd: directory,
        encoding: 'utf8',
        env: {
          ...process.env,
          ...service.clientEnvironment,
          TF_CLI_CONFIG_FILE: join(directory, 'terraform.rc'),
          AWS_EC2_METADATA_DISABLED: 'true',
        },
      });
      assert.equal(ran.status, 0, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
      return ran.stdout;
    };
    terraform('init');
    terraform('apply', '-auto-approve');
    assert.equal((await get('tf', 'live')).Status, 'READY');
    assert.equal((await invoke('tf', 'live')).type, 'provisioned-concurrency');
    terraform('plan', '-detailed-exitcode'); // 2, and so a failure, where there is a difference
    assert.match(terraform('destroy', '-auto-approve'), /6 destroyed/);
  },
);

/** The provider does not know the newest runtimes. */
const shellFunction = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  head=$(mktemp)
  curl -sS -o /dev/null -D "$head" "$api/next"
  id=$(grep -i lambda-runtime-aws-request-id "$head" | tr -d '\\r' | cut -d ' ' -f 2)
  curl -sS -o /dev/null "$api/$id/response" -d "{\\"type\\":\\"$AWS_LAMBDA_INITIALIZATION_TYPE\\"}"
done
`;

const terraformModule = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region = "us-east-1"
}
resource "aws_lambda_function" "f" {
  function_name    = "tf"
  role             = "${role}"
  runtime          = "provided.al2023"
  handler          = "none"
  filename         = "function.zip"
  source_code_hash = filebase64sha256("function.zip")
  publish          = true
}
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.f.function_name
  function_version = aws_lambda_function.f.version
}
resource "aws_lambda_provisioned_concurrency_config" "p" {
  function_name                     = aws_lambda_alias.live.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = 2
}
resource "aws_appautoscaling_target" "t" {
  service_namespace  = "lambda"
  scalable_dimension = "lambda:function:ProvisionedConcurrency"
  resource_id        = "function:\${aws_lambda_alias.live.function_name}:\${aws_lambda_alias.live.name}"
  min_capacity       = 2
  max_capacity       = 6
  tags               = { team = "blue" }
  depends_on         = [aws_lambda_provisioned_concurrency_config.p]
}
resource "aws_appautoscaling_policy" "p" {
  name               = "use"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.t.service_namespace
  scalable_dimension = aws_appautoscaling_target.t.scalable_dimension
  resource_id        = aws_appautoscaling_target.t.resource_id
  target_tracking_scaling_policy_configuration {
    target_value = 0.7
    predefined_metric_specification {
      predefined_metric_type = "LambdaProvisionedConcurrencyUtilization"
    }
  }
}
resource "aws_appautoscaling_scheduled_action" "a" {
  name               = "evening"
  service_namespace  = aws_appautoscaling_target.t.service_namespace
  scalable_dimension = aws_appautoscaling_target.t.scalable_dimension
  resource_id        = aws_appautoscaling_target.t.resource_id
  schedule           = "cron(0 22 * * ? *)"
  timezone           = "Europe/Berlin"
  scalable_target_action {
    min_capacity = 1
    max_capacity = 2
  }
}
`;
