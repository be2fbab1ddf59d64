/**
 * Who may do what, through the public API alone: users with policies of their own, policies of functions, versions and aliases, conditions, and
 * the role that is passed. Against AWS, LAMBKIN_TEST_IAM_ENDPOINT names IAM's endpoint.
 */
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  DetachUserPolicyCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  PublishVersionCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../../archive.ts';
import { openTarget, type Target } from '../../target.ts';

/** IAM tells everybody in its own time; here at once. */
const tries = 60;
const betweenTriesMs = 500;

let target: Target;
let iam: IAMClient;
/** Of a user that has no permissions but those that a test gives it. */
let client: LambdaClient;
let logs: CloudWatchLogsClient;
let user: { readonly name: string; readonly arn: string; readonly accessKeyId: string };
let functionName: string;
let functionArn: string;

before(async () => {
  target = await openTarget();
  const { region, credentials } = target;
  const endpoint = process.env['LAMBKIN_TEST_IAM_ENDPOINT'] ?? target.endpoint;
  iam = new IAMClient({ endpoint, region, credentials });
  const name = target.name();
  const { User } = await iam.send(new CreateUserCommand({ UserName: name }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  assert.ok(User?.Arn !== undefined && AccessKey !== undefined);
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey;
  user = { name, arn: User.Arn, accessKeyId };
  const own = {
    endpoint: target.endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  };
  client = new LambdaClient(own);
  logs = new CloudWatchLogsClient({
    ...own,
    endpoint: process.env['LAMBKIN_TEST_LOGS_ENDPOINT'] ?? target.endpoint,
  });
  functionName = await target.createFunction();
  functionArn = `arn:aws:lambda:${region}:${target.accountId}:function:${functionName}`;
  await target.client.send(new PublishVersionCommand({ FunctionName: functionName }));
  await target.client.send(
    new CreateAliasCommand({ FunctionName: functionName, Name: 'live', FunctionVersion: '1' }),
  );
});
after(async () => {
  await iam.send(new DeleteAccessKeyCommand({ UserName: user.name, AccessKeyId: user.accessKeyId }));
  await iam.send(new DeleteUserCommand({ UserName: user.name }));
  for (const each of [iam, client, logs]) each.destroy();
  await target.close();
});

type Statement = Readonly<Record<string, unknown>>;

async function withPolicy(statements: readonly Statement[], work: () => Promise<void>): Promise<void> {
  const named = { UserName: user.name, PolicyName: 'test' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await iam.send(new PutUserPolicyCommand({ ...named, PolicyDocument }));
  try {
    await work();
  } finally {
    await iam.send(new DeleteUserPolicyCommand(named));
  }
}

const allow = (Action: string, Resource: string, more: Statement = {}): Statement => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});

const invoke = (Qualifier?: string) =>
  client.send(new InvokeCommand({ FunctionName: functionName, Payload: '{"x":1}', Qualifier }));

const denied = (
  action: string,
  resource: string,
  because = `because no identity-based policy allows the ${action} action`,
) => ({
  name: 'AccessDeniedException',
  message: `User: ${user.arn} is not authorized to perform: ${action} on resource: ${resource} ${because}`,
});

/** Until it is known everywhere what was granted, or taken away. */
async function eventually(work: () => Promise<unknown>): Promise<void> {
  for (let round = 1; ; round += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (round >= tries || process.env['LAMBKIN_TEST_ENDPOINT'] === undefined) throw error;
      await sleep(betweenTriesMs);
    }
  }
}

test('a user without permissions is refused, and told what is missing', async () => {
  await eventually(() => assert.rejects(invoke(), denied('lambda:InvokeFunction', functionArn)));
  await assert.rejects(invoke('live'), denied('lambda:InvokeFunction', `${functionArn}:live`));
  await assert.rejects(client.send(new ListFunctionsCommand({})), denied('lambda:ListFunctions', '*'));
  await assert.rejects(
    client.send(new GetFunctionCommand({ FunctionName: functionName, Qualifier: 'live' })),
    { name: 'AccessDeniedException' },
  );
  const groups = `arn:aws:logs:${target.region}:${target.accountId}:log-group::log-stream:`;
  await assert.rejects(logs.send(new DescribeLogGroupsCommand({})), denied('logs:DescribeLogGroups', groups));
});

test('a policy on the function covers the function, one on its qualifiers covers these', async () => {
  await withPolicy([allow('lambda:InvokeFunction', functionArn)], async () => {
    await eventually(() => invoke());
    await assert.rejects(invoke('live'), denied('lambda:InvokeFunction', `${functionArn}:live`));
    await assert.rejects(invoke('$LATEST'), denied('lambda:InvokeFunction', `${functionArn}:$LATEST`));
  });
  await withPolicy([allow('lambda:Invoke*', `${functionArn}:*`)], async () => {
    await eventually(() => invoke('live'));
    await eventually(() => assert.rejects(invoke(), denied('lambda:InvokeFunction', functionArn)));
  });
});

test('an explicit deny wins', async () => {
  const statements = [
    allow('lambda:*', '*'),
    { Effect: 'Deny', Action: 'lambda:InvokeFunction', Resource: `${functionArn}*` },
  ];
  await withPolicy(statements, async () => {
    await eventually(() => client.send(new ListFunctionsCommand({})));
    await eventually(() =>
      assert.rejects(
        invoke(),
        denied('lambda:InvokeFunction', functionArn, 'with an explicit deny in an identity-based policy'),
      ),
    );
  });
});

test('a policy of an alias lets its principal invoke the alias, and nothing else', async () => {
  const permission = { FunctionName: functionName, Qualifier: 'live', StatementId: 'user' };
  const statement = { ...permission, Action: 'lambda:InvokeFunction', Principal: user.arn };
  await eventually(() => target.client.send(new AddPermissionCommand(statement)));
  await eventually(() => invoke('live'));
  await assert.rejects(invoke('1'), denied('lambda:InvokeFunction', `${functionArn}:1`));
  await assert.rejects(invoke(), denied('lambda:InvokeFunction', functionArn));
  await target.client.send(new RemovePermissionCommand(permission));
  await eventually(() => assert.rejects(invoke('live'), { name: 'AccessDeniedException' }));
});

test('a policy of the function lets its principal do what it names with the function', async () => {
  const permission = { FunctionName: functionName, StatementId: 'user' };
  const statement = { ...permission, Action: 'lambda:GetFunction', Principal: user.arn };
  await target.client.send(new AddPermissionCommand(statement));
  await eventually(() => client.send(new GetFunctionCommand({ FunctionName: functionName })));
  await assert.rejects(invoke(), denied('lambda:InvokeFunction', functionArn));
  await target.client.send(new RemovePermissionCommand(permission));
});

test('conditions look at the function’s tags', async () => {
  const tagged = { StringEquals: { 'aws:ResourceTag/Team': 'blue' } };
  await withPolicy([allow('lambda:InvokeFunction', '*', { Condition: tagged })], async () => {
    await assert.rejects(invoke(), denied('lambda:InvokeFunction', functionArn));
    await target.client.send(new TagResourceCommand({ Resource: functionArn, Tags: { Team: 'blue' } }));
    await eventually(() => invoke());
    await target.client.send(new TagResourceCommand({ Resource: functionArn, Tags: { Team: 'red' } }));
    await eventually(() => assert.rejects(invoke(), denied('lambda:InvokeFunction', functionArn)));
  });
});

test('giving a function a role needs permission to pass that role', async () => {
  const name = target.name();
  const create = async () =>
    client.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Role: target.role,
        Code: { ZipFile: await archive({ 'index.mjs': 'export const handler = () => 1;' }) },
      }),
    );
  await withPolicy([allow('lambda:*', '*')], async () => {
    await eventually(() => client.send(new ListFunctionsCommand({})));
    await assert.rejects(create(), denied('iam:PassRole', target.role));
    const change = { FunctionName: functionName, Role: target.role };
    await assert.rejects(
      client.send(new UpdateFunctionConfigurationCommand(change)),
      denied('iam:PassRole', target.role),
    );
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName: functionName, Timeout: 4 }));
  });
  const onlyToLambda = { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } };
  const passing = allow('iam:PassRole', target.role, { Condition: onlyToLambda });
  await withPolicy([allow('lambda:*', '*'), passing], async () => {
    await eventually(create);
  });
  await target.client.send(new DeleteFunctionCommand({ FunctionName: name }));
});

test('a predefined policy of AWS can be attached, and does what it says', async () => {
  const attached = {
    UserName: user.name,
    PolicyArn: 'arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess',
  };
  await iam.send(new AttachUserPolicyCommand(attached));
  await eventually(() => client.send(new ListFunctionsCommand({})));
  await assert.rejects(invoke(), denied('lambda:InvokeFunction', functionArn));
  await iam.send(new DetachUserPolicyCommand(attached));
  await eventually(() =>
    assert.rejects(client.send(new ListFunctionsCommand({})), { name: 'AccessDeniedException' }),
  );
});
