/**
 * One Terraform module with all that hangs on a function: apply, a plan without a difference, an update, destroy. What stands then is
 * looked at from outside, through the SDK.
 */
import {
  GetAliasCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionEventInvokeConfigCommand,
  GetFunctionUrlConfigCommand,
  GetPolicyCommand,
  InvokeCommand,
  ListEventSourceMappingsCommand,
  ListFunctionsCommand,
  ListLayersCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { archive } from '../archive.ts';
import { startService, type Service } from '../service.ts';
import { openTerraform, terraformSkip, type TerraformWorkspace } from '../terraform.ts';

/** Answers every invoke with what it says and its variable GREETING. */
const bootstrap = (says: string): string => `#!/bin/sh
while :; do
  headers="$TMPDIR/headers"
  curl -sS -D "$headers" -o /dev/null "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next"
  id=$(tr -d '\\r' < "$headers" | sed -n 's/^lambda-runtime-aws-request-id: *//Ip')
  curl -sS -o /dev/null -d "\\"${says} $GREETING\\"" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response"
done
`;

let service: Service;
let terraform: TerraformWorkspace;

before(async () => {
  service = await startService();
  terraform = openTerraform(service);
});
after(async () => {
  terraform.remove();
  await service.stop();
});

test(
  'a module with all that hangs on a function: apply, plan without a difference, update, destroy',
  { skip: terraformSkip },
  async () => {
    const layer = await archive({ 'share/word.txt': 'layer' });
    terraform.write(module('one'), {
      'function.zip': await archive({ bootstrap: bootstrap('first') }),
      'layer.zip': layer,
    });
    terraform.run('init');
    terraform.run('apply', '-auto-approve');
    terraform.run('plan', '-detailed-exitcode'); // 2, and so a failure, where there is a difference
    await assertStands('1', 'first one');

    terraform.write(module('two'), { 'function.zip': await archive({ bootstrap: bootstrap('second') }) });
    terraform.run('apply', '-auto-approve');
    terraform.run('plan', '-detailed-exitcode');
    await assertStands('2', 'second two');

    const destroyed = terraform.run('destroy', '-auto-approve');
    assert.match(destroyed, /Destroy complete! Resources: 11 destroyed/);
    const { client } = service;
    assert.deepEqual((await client.send(new ListFunctionsCommand({}))).Functions, []);
    assert.deepEqual((await client.send(new ListLayersCommand({}))).Layers, []);
    assert.deepEqual((await client.send(new ListEventSourceMappingsCommand({}))).EventSourceMappings, []);
  },
);

async function assertStands(version: string, answer: string): Promise<void> {
  const { client } = service;
  const on = { FunctionName: 'tf-function', Qualifier: 'live' };
  const { Configuration, Tags, Concurrency } = await client.send(new GetFunctionCommand(on));
  assert.equal(Configuration?.Version, version);
  assert.equal(Configuration?.State, 'Active');
  assert.equal(Configuration?.Layers?.length, 1);
  assert.equal(Configuration?.EphemeralStorage?.Size, 1024);
  assert.equal(Configuration?.LoggingConfig?.LogGroup, '/tf/function');
  assert.equal(Tags?.['team'], 'blue');
  assert.equal(Concurrency?.ReservedConcurrentExecutions, 7);
  const alias = await client.send(new GetAliasCommand({ FunctionName: 'tf-function', Name: 'live' }));
  assert.equal(alias.FunctionVersion, version);
  const concurrency = await client.send(new GetFunctionConcurrencyCommand({ FunctionName: 'tf-function' }));
  assert.equal(concurrency.ReservedConcurrentExecutions, 7);
  const events = await client.send(new GetFunctionEventInvokeConfigCommand(on));
  assert.equal(events.MaximumRetryAttempts, 1);
  const url = await client.send(new GetFunctionUrlConfigCommand(on));
  assert.match(url.FunctionUrl ?? '', /^https?:\/\/[a-z0-9]{32}\.lambda-url\.us-east-1\./);
  const statements = (
    JSON.parse((await client.send(new GetPolicyCommand(on))).Policy ?? '') as { Statement: object[] }
  ).Statement;
  assert.equal(statements.length, 1);
  const mappings = await client.send(
    new ListEventSourceMappingsCommand({ EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:orders' }),
  );
  assert.equal(mappings.EventSourceMappings?.[0]?.BatchSize, 5);
  const { Payload } = await client.send(new InvokeCommand(on));
  assert.equal(JSON.parse(Buffer.from(Payload ?? []).toString()), answer);
}

const module = (greeting: string): string => `
resource "aws_iam_role" "r" {
  name               = "tf-lambda"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_iam_role_policy_attachment" "basic" {
  role       = aws_iam_role.r.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}
resource "aws_iam_role_policy" "sqs" {
  name   = "sqs"
  role   = aws_iam_role.r.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sqs:*"], Resource = "*" }] })
}
resource "aws_cloudwatch_log_group" "g" {
  name              = "/tf/function"
  retention_in_days = 7
}
resource "aws_lambda_layer_version" "l" {
  layer_name          = "tf-layer"
  filename            = "layer.zip"
  source_code_hash    = filebase64sha256("layer.zip")
  compatible_runtimes = ["provided.al2023"]
}
resource "aws_lambda_function" "f" {
  function_name                  = "tf-function"
  description                    = "made by Terraform"
  role                           = aws_iam_role.r.arn
  runtime                        = "provided.al2023"
  handler                        = "any"
  filename                       = "function.zip"
  source_code_hash               = filebase64sha256("function.zip")
  publish                        = true
  memory_size                    = 256
  timeout                        = 20
  architectures                  = [${JSON.stringify(process.arch === 'arm64' ? 'arm64' : 'x86_64')}]
  reserved_concurrent_executions = 7
  layers                         = [aws_lambda_layer_version.l.arn]
  environment {
    variables = { GREETING = "${greeting}" }
  }
  ephemeral_storage {
    size = 1024
  }
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.g.name
  }
  dead_letter_config {
    target_arn = "arn:aws:sqs:us-east-1:000000000000:dead"
  }
  tracing_config {
    mode = "PassThrough"
  }
  tags = { team = "blue" }
  depends_on = [aws_iam_role_policy.sqs, aws_iam_role_policy_attachment.basic]
}
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.f.function_name
  function_version = aws_lambda_function.f.version
}
resource "aws_lambda_permission" "p" {
  statement_id  = "bucket"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.f.function_name
  qualifier     = aws_lambda_alias.live.name
  principal     = "s3.amazonaws.com"
  source_arn    = "arn:aws:s3:::some-bucket"
}
resource "aws_lambda_function_url" "u" {
  function_name      = aws_lambda_function.f.function_name
  qualifier          = aws_lambda_alias.live.name
  authorization_type = "AWS_IAM"
  cors {
    allow_origins = ["https://example.com"]
    allow_methods = ["GET", "POST"]
    max_age       = 60
  }
}
resource "aws_lambda_function_event_invoke_config" "e" {
  function_name                = aws_lambda_function.f.function_name
  qualifier                    = aws_lambda_alias.live.name
  maximum_retry_attempts       = 1
  maximum_event_age_in_seconds = 120
}
resource "aws_lambda_event_source_mapping" "m" {
  event_source_arn = "arn:aws:sqs:us-east-1:000000000000:orders"
  function_name    = aws_lambda_alias.live.arn
  batch_size       = 5
  filter_criteria {
    filter {
      pattern = jsonencode({ body = { kind = ["order"] } })
    }
  }
}
`;
