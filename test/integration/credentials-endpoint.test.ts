/** `--role-credentials endpoint`: the SDKs inside functions find their role's credentials where AWS_CONTAINER_CREDENTIALS_FULL_URI says. */
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, InvokeCommand, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { skipped } from '../../src/worker/sandbox/contract/rooms.ts';
import { archive } from '../archive.ts';
import { credentials, region, startService, type Service } from '../service.ts';

/** With what the SDK would do itself, for functions that do not see this project's packages. */
const plain = `exports.handler = async () => {
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = process.env;
  const answer = await fetch(uri, { headers: { Authorization: token } });
  const { AccessKeyId, Expiration } = await answer.json();
  return { status: answer.status, AccessKeyId, leftMs: Date.parse(Expiration) - Date.now(), own: process.env.AWS_ACCESS_KEY_ID ?? null };
};`;
const withSdk = `const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts');
exports.handler = async () => (await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn;`;
/** A host's boto3 may be too old for AWS_ENDPOINT_URL. */
const withBoto = `import boto3, os
def handler(event, context):
    return boto3.client('sts', endpoint_url=os.environ['AWS_ENDPOINT_URL']).get_caller_identity()['Arn']
`;

const boto = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import boto3']).status === 0,
);

const statement = (rest: object): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...rest }] });

for (const isolation of ['process', 'container'] as const) {
  const skip = await skipped(isolation);
  suite(`credentials by endpoint (${isolation})`, { skip }, () => {
    let service: Service;
    let roleArn = '';
    before(async () => {
      service = await startService({
        args: ['--role-credentials', 'endpoint'],
        environment: { LAMBKIN_ISOLATION: isolation },
      });
      const iam = new IAMClient({ endpoint: service.endpoint, region, credentials, maxAttempts: 1 });
      const AssumeRolePolicyDocument = statement({
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      });
      const { Role } = await iam.send(
        new CreateRoleCommand({ RoleName: 'worker', AssumeRolePolicyDocument }),
      );
      const PolicyDocument = statement({ Action: 'sts:GetCallerIdentity', Resource: '*' });
      await iam.send(new PutRolePolicyCommand({ RoleName: 'worker', PolicyName: 'p', PolicyDocument }));
      iam.destroy();
      roleArn = Role?.Arn ?? assert.fail();
    });
    after(() => service.stop());

    async function answerOf(
      FunctionName: string,
      Runtime: 'nodejs24.x' | 'python3.13',
      files: Record<string, string>,
      Variables = {},
    ): Promise<unknown> {
      const { client } = service;
      const code = { ZipFile: await archive(files) };
      await client.send(
        new CreateFunctionCommand({
          FunctionName,
          Runtime,
          Role: roleArn,
          Handler: 'index.handler',
          Timeout: 20,
          Environment: { Variables },
          Code: code,
        }),
      );
      await waitUntilFunctionActiveV2(
        { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
        { FunctionName },
      );
      const { Payload, FunctionError } = await client.send(new InvokeCommand({ FunctionName }));
      const text = Buffer.from(Payload ?? []).toString();
      assert.equal(FunctionError, undefined, text);
      return JSON.parse(text);
    }

    test('they are there, and nowhere else', async () => {
      const seen = (await answerOf('plain', 'nodejs24.x', { 'index.cjs': plain })) as Record<string, unknown>;
      assert.equal(seen['status'], 200);
      assert.match(String(seen['AccessKeyId']), /^ASIA/);
      assert.equal(seen['own'], null);
      assert.ok(Number(seen['leftMs']) > 5 * 3_600_000);
    });

    test(
      "AWS's SDK for JavaScript takes them",
      { skip: isolation === 'container' ? 'the function does not see this project' : false },
      async () => {
        const NODE_PATH = join(import.meta.dirname, '..', '..', 'node_modules');
        const arn = await answerOf('sdk', 'nodejs24.x', { 'index.cjs': withSdk }, { NODE_PATH });
        assert.match(String(arn), /:assumed-role\/worker\/sdk$/);
      },
    );

    test(
      'boto3 takes them',
      {
        skip:
          boto === undefined
            ? 'no boto3 on this host: run scripts/setup'
            : isolation === 'container' && boto !== '/usr/bin/python3'
              ? 'the function does not see this boto3'
              : false,
      },
      async () => {
        const { stdout } = spawnSync(
          boto ?? '',
          ['-c', 'import boto3, os; print(os.path.dirname(os.path.dirname(boto3.__file__)))'],
          { encoding: 'utf8' },
        );
        const arn = await answerOf(
          'boto',
          'python3.13',
          { 'index.py': withBoto },
          { PYTHONPATH: stdout.trim() },
        );
        assert.match(String(arn), /:assumed-role\/worker\/boto$/);
      },
    );
  });
}
