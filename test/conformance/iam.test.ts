/**
 * IAM and STS as their clients meet them, on the one endpoint: the SDKs, the AWS CLI, boto3 and Terraform; and what a role means to the
 * function that has it.
 */
import * as iam from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import * as sts from '@aws-sdk/client-sts';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { archive } from '../archive.ts';
import { credentials, region, startService, type Service } from '../service.ts';
import { openTerraform, terraformSkip } from '../terraform.ts';

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

let service: Service;
let directory: string;
let root: iam.IAMClient;

before(async () => {
  service = await startService();
  directory = mkdtempSync(join(tmpdir(), 'lambkin-iam-'));
  root = iamClient();
});
after(async () => {
  await service.stop();
  rmSync(directory, { recursive: true, force: true });
});

const configured = (keys: Keys = credentials) => ({
  endpoint: service.endpoint,
  region,
  credentials: keys,
  maxAttempts: 1,
});
const iamClient = (keys?: Keys) => new iam.IAMClient(configured(keys));
const stsClient = (keys?: Keys) => new sts.STSClient(configured(keys));
const lambdaClient = (keys?: Keys) => new LambdaClient(configured(keys));

const policy = (statement: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
const trusting = (principal: object) => policy({ Principal: principal, Action: 'sts:AssumeRole' });
const lambdaTrust = trusting({ Service: 'lambda.amazonaws.com' });
const account = '000000000000';

async function createFunction(FunctionName: string, Role: string): Promise<void> {
  const client = lambdaClient();
  const ZipFile = await archive({
    'index.mjs': 'export const handler = async () => ({ ...process.env });',
  });
  const Handler = 'index.handler';
  await client.send(
    new CreateFunctionCommand({ FunctionName, Role, Runtime: 'nodejs24.x', Handler, Code: { ZipFile } }),
  );
  await waitUntilFunctionActiveV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName });
}

/** The credentials that a function finds in its environment. */
async function credentialsOf(FunctionName: string): Promise<Keys> {
  const { Payload, FunctionError } = await lambdaClient().send(new InvokeCommand({ FunctionName }));
  assert.equal(FunctionError, undefined);
  const env = JSON.parse(Buffer.from(Payload ?? []).toString()) as Record<string, string>;
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN = '' } = env;
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    sessionToken: AWS_SESSION_TOKEN,
  };
}

suite("a function's role", () => {
  test('its credentials may what the role may, as of now, and nothing else', async () => {
    const RoleName = 'working';
    const { Role } = await root.send(
      new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: lambdaTrust, Path: '/service-role/' }),
    );
    await createFunction('worker', Role?.Arn ?? '');
    const keys = await credentialsOf('worker');
    const identity = await stsClient(keys).send(new sts.GetCallerIdentityCommand({}));
    assert.equal(identity.Arn, `arn:aws:sts::${account}:assumed-role/working/worker`);
    assert.equal(identity.UserId, `${Role?.RoleId ?? ''}:worker`);
    const list = () => lambdaClient(keys).send(new ListFunctionsCommand({}));
    await assert.rejects(list(), {
      name: 'AccessDeniedException',
      message: `User: ${identity.Arn} is not authorized to perform: lambda:ListFunctions on resource: * because no identity-based policy allows the lambda:ListFunctions action`,
    });
    const PolicyDocument = policy({ Action: 'lambda:List*', Resource: '*' });
    await root.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
    assert.ok((await list()).Functions?.length);
    const get = new GetFunctionConfigurationCommand({ FunctionName: 'worker' });
    await assert.rejects(lambdaClient(keys).send(get), { name: 'AccessDeniedException' });
    const PolicyArn = `arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess`;
    await root.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }));
    assert.ok(await lambdaClient(keys).send(get));
    await root.send(new iam.DetachRolePolicyCommand({ RoleName, PolicyArn }));
    await root.send(new iam.DeleteRolePolicyCommand({ RoleName, PolicyName: 'p' }));
    await assert.rejects(list(), { name: 'AccessDeniedException' });
    await root.send(new iam.DeleteRoleCommand({ RoleName }));
    await root.send(
      new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: lambdaTrust, Path: '/service-role/' }),
    );
    await root.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
    await assert.rejects(list(), { name: 'AccessDeniedException' });
  });

  test('a role that does not trust Lambda is refused; one that is not there works, and grants nothing', async () => {
    const AssumeRolePolicyDocument = trusting({ Service: 'ec2.amazonaws.com' });
    const { Role } = await root.send(
      new iam.CreateRoleCommand({ RoleName: 'other-service', AssumeRolePolicyDocument }),
    );
    await assert.rejects(createFunction('refused', Role?.Arn ?? ''), {
      name: 'InvalidParameterValueException',
      message: 'The role defined for the function cannot be assumed by Lambda.',
    });
    await createFunction('roleless', `arn:aws:iam::${account}:role/nobody-made-it`);
    const keys = await credentialsOf('roleless');
    const { Arn } = await stsClient(keys).send(new sts.GetCallerIdentityCommand({}));
    assert.equal(Arn, `arn:aws:sts::${account}:assumed-role/nobody-made-it/roleless`);
    await assert.rejects(lambdaClient(keys).send(new ListFunctionsCommand({})), {
      name: 'AccessDeniedException',
    });
  });
});

suite('users', () => {
  test('a key works until it is made inactive, everywhere at once', async () => {
    const UserName = 'ann';
    await root.send(new iam.CreateUserCommand({ UserName }));
    const PolicyArn = 'arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess';
    await root.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
    const { AccessKey } = await root.send(new iam.CreateAccessKeyCommand({ UserName }));
    const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
    const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
    const client = lambdaClient(keys);
    assert.ok(await client.send(new ListFunctionsCommand({})));
    await assert.rejects(iamClient(keys).send(new iam.CreateUserCommand({ UserName: 'x' })), {
      name: 'AccessDenied',
    });
    await root.send(new iam.UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' }));
    await assert.rejects(client.send(new ListFunctionsCommand({})), { name: 'UnrecognizedClientException' });
    await assert.rejects(stsClient(keys).send(new sts.GetCallerIdentityCommand({})), {
      name: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid.',
    });
    const wrong = stsClient({ ...credentials, secretAccessKey: 'not-the-secret-at-all' });
    await assert.rejects(wrong.send(new sts.GetCallerIdentityCommand({})), { name: 'SignatureDoesNotMatch' });
  });

  test('a role that is assumed narrows what its user may', async () => {
    const UserName = 'bea';
    await root.send(new iam.CreateUserCommand({ UserName }));
    const { AccessKey } = await root.send(new iam.CreateAccessKeyCommand({ UserName }));
    const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
    const keys = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
    const RoleName = 'operators';
    const AssumeRolePolicyDocument = trusting({ AWS: `arn:aws:iam::${account}:user/bea` });
    const { Role } = await root.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyDocument = policy({ Action: 'lambda:*', Resource: '*' });
    await root.send(new iam.PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
    const assume = async (Policy?: string): Promise<Keys> => {
      const { Credentials } = await stsClient(keys).send(
        new sts.AssumeRoleCommand({
          RoleArn: Role?.Arn ?? '',
          RoleSessionName: 'shift',
          ...(Policy === undefined ? {} : { Policy }),
        }),
      );
      return {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      };
    };
    assert.ok(await lambdaClient(await assume()).send(new ListFunctionsCommand({})));
    const narrowed = await assume(policy({ Action: 'lambda:GetFunction', Resource: '*' }));
    await assert.rejects(lambdaClient(narrowed).send(new ListFunctionsCommand({})), {
      name: 'AccessDeniedException',
      message: /no session policy allows/,
    });
  });
});

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const ran = spawnSync(command, args, {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, ...service.clientEnvironment, AWS_PAGER: '', ...env },
  });
  assert.equal(ran.status, 0, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

const cli = ['/usr/bin/aws', 'aws'].find((command) => spawnSync(command, ['--version']).status === 0);
const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import boto3']).status === 0,
);

function aws(...args: readonly string[]): Record<string, unknown> {
  const out = run(cli ?? 'aws', ['--endpoint-url', service.endpoint, '--output', 'json', ...args]);
  return out.trim() === '' ? {} : (JSON.parse(out) as Record<string, unknown>);
}

suite('clients of the shell', () => {
  test(
    'the AWS CLI makes a role with policies, and takes it apart again',
    { skip: cli === undefined ? 'no AWS CLI on this host: run scripts/setup' : false },
    () => {
      const role = ['--role-name', 'from-cli'];
      const arn = ['--policy-arn', 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'];
      aws(
        'iam',
        'create-role',
        ...role,
        '--assume-role-policy-document',
        lambdaTrust,
        '--tags',
        'Key=a,Value=b',
      );
      const document = policy({ Action: 'sqs:*', Resource: '*' });
      aws('iam', 'put-role-policy', ...role, '--policy-name', 'inline', '--policy-document', document);
      aws('iam', 'attach-role-policy', ...role, ...arn);
      const got = aws('iam', 'get-role', ...role)['Role'] as Record<string, unknown>;
      assert.deepEqual(got['AssumeRolePolicyDocument'], JSON.parse(lambdaTrust));
      assert.deepEqual(got['Tags'], [{ Key: 'a', Value: 'b' }]);
      const inline = aws('iam', 'get-role-policy', ...role, '--policy-name', 'inline');
      assert.deepEqual(inline['PolicyDocument'], JSON.parse(document));
      assert.deepEqual(aws('iam', 'list-attached-role-policies', ...role)['AttachedPolicies'], [
        { PolicyName: 'AWSLambdaBasicExecutionRole', PolicyArn: arn[1] },
      ]);
      assert.deepEqual(aws('iam', 'list-instance-profiles-for-role', ...role)['InstanceProfiles'], []);
      assert.equal(aws('sts', 'get-caller-identity')['Account'], account);
      aws('iam', 'detach-role-policy', ...role, ...arn);
      aws('iam', 'delete-role-policy', ...role, '--policy-name', 'inline');
      aws('iam', 'delete-role', ...role);
    },
  );

  test(
    'boto3 pages, waits, and knows the errors by their names',
    { skip: python === undefined ? 'no boto3 on this host: run scripts/setup' : false },
    () => {
      const program = `
import boto3, json
iam = boto3.client('iam', endpoint_url='${service.endpoint}', region_name='us-east-1')
trust = json.dumps({'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'Service': 'lambda.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]})
for i in range(3):
    iam.create_role(RoleName='boto-%d' % i, Path='/boto/', AssumeRolePolicyDocument=trust)
iam.get_waiter('role_exists').wait(RoleName='boto-0')
pages = iam.get_paginator('list_roles').paginate(PathPrefix='/boto/', PaginationConfig={'PageSize': 2})
names = [role['RoleName'] for page in pages for role in page['Roles']]
assert names == ['boto-0', 'boto-1', 'boto-2'], names
assert iam.get_role(RoleName='boto-0')['Role']['AssumeRolePolicyDocument']['Statement'][0]['Effect'] == 'Allow'
try:
    iam.get_role(RoleName='nobody')
    raise AssertionError('found')
except iam.exceptions.NoSuchEntityException as e:
    assert str(e).endswith('The role with name nobody cannot be found.'), str(e)
try:
    iam.create_role(RoleName='boto-0', AssumeRolePolicyDocument=trust)
    raise AssertionError('made')
except iam.exceptions.EntityAlreadyExistsException:
    pass
resource = boto3.resource('iam', endpoint_url='${service.endpoint}', region_name='us-east-1')
for name in names:
    resource.Role(name).delete()
`;
      run(python ?? 'python3', ['-c', program]);
    },
  );
});

test(
  'Terraform applies roles, policies and users, plans no difference, and destroys them',
  { skip: terraformSkip },
  () => {
    const terraform = openTerraform(service);
    try {
      terraform.write(terraformModule);
      terraform.run('init');
      terraform.run('apply', '-auto-approve');
      terraform.run('plan', '-detailed-exitcode'); // 2, and so a failure, where there is a difference
      assert.match(terraform.run('destroy', '-auto-approve'), /7 destroyed/);
    } finally {
      terraform.remove();
    }
  },
);

const terraformModule = `
resource "aws_iam_role" "r" {
  name                 = "tf-role"
  path                 = "/team/"
  description          = "made by Terraform"
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.p.arn
  tags                 = { team = "blue" }
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }] })
}
resource "aws_iam_role_policy" "inline" {
  name   = "inline"
  role   = aws_iam_role.r.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["logs:*"], Resource = "*" }] })
}
resource "aws_iam_policy" "p" {
  name        = "tf-policy"
  description = "d"
  policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["sqs:*", "s3:GetObject"], Resource = "*" }] })
  tags        = { a = "b" }
}
resource "aws_iam_role_policy_attachment" "basic" {
  role       = aws_iam_role.r.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}
resource "aws_iam_role_policy_attachment" "own" {
  role       = aws_iam_role.r.name
  policy_arn = aws_iam_policy.p.arn
}
resource "aws_iam_user" "u" {
  name          = "tf-user"
  force_destroy = true
}
resource "aws_iam_access_key" "k" {
  user = aws_iam_user.u.name
}
`;
