/** Functions whose code lies in S3: in a small server of ours, and in moto's where that is installed. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import {
  CreateFunctionCommand,
  type FunctionCode,
  InvokeCommand,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { archiveBytesMax } from '#code';
import { openS3Server } from '../../src/code/fixtures/s3-server.ts';
import { archive } from '../archive.ts';
import { failsAs } from '../fails-as.ts';
import { credentials, region, role, type Service, startService } from '../service.ts';

const withCredentials = {
  AWS_ACCESS_KEY_ID: 'AKIAFROMENVIRONMENT1',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_EC2_METADATA_DISABLED: 'true',
};
const codeThatAnswers = (answer: number): Promise<Buffer> =>
  archive({ 'index.mjs': `export const handler = async () => ${answer};` });
const waiting = { maxWaitTime: 60, minDelay: 1, maxDelay: 1 };

async function start(
  t: TestContext,
  environment: Readonly<Record<string, string>>,
  args: string[] = [],
): Promise<Service> {
  const service = await startService({ environment, args });
  t.after(() => service.stop());
  return service;
}

async function create({ client }: Service, FunctionName: string, Code: FunctionCode): Promise<void> {
  await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Code,
      Role: role,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
    }),
  );
  await waitUntilFunctionActiveV2({ ...waiting, client }, { FunctionName });
}

async function answerOf({ client }: Service, FunctionName: string): Promise<string> {
  return Buffer.from((await client.send(new InvokeCommand({ FunctionName }))).Payload ?? []).toString();
}

test('code comes from the S3 that --endpoint names, signed with the credentials of the environment', async (t) => {
  const s3 = await openS3Server();
  t.after(() => s3.close());
  const service = await start(t, withCredentials, ['--endpoint', `s3=${s3.endpoint}`]);
  s3.objects.set('code/hello.zip', { kind: 'object', body: await codeThatAnswers(1) });
  s3.objects.set('code/hello.zip?versionId=two', { kind: 'object', body: await codeThatAnswers(2) });
  const Code = { S3Bucket: 'code', S3Key: 'hello.zip' };
  await create(service, 'hello', Code);
  assert.equal(await answerOf(service, 'hello'), '1');
  assert.deepEqual(new Set(s3.signers), new Set([withCredentials.AWS_ACCESS_KEY_ID]));
  const { client } = service;
  const FunctionName = 'hello';
  await client.send(new UpdateFunctionCodeCommand({ FunctionName, ...Code, S3ObjectVersion: 'two' }));
  await waitUntilFunctionUpdatedV2({ ...waiting, client }, { FunctionName });
  assert.equal(await answerOf(service, 'hello'), '2');
  await failsAs(
    create(service, 'other', { ...Code, S3Key: 'missing' }),
    'InvalidParameterValueException',
    /^Error occurred while GetObject\. S3 Error Code: NoSuchKey\. S3 Error Message: The specified key does not exist\.$/,
  );
});

test('an archive from S3 may be larger than one in a request', async (t) => {
  const s3 = await openS3Server();
  t.after(() => s3.close());
  const service = await start(t, withCredentials, ['--endpoint', `s3=${s3.endpoint}`]);
  const source = `import { statSync } from 'node:fs';
    export const handler = async () => statSync(new URL('model', import.meta.url)).size;`;
  const model = randomBytes(archiveBytesMax + 1);
  const body = await archive({ 'index.mjs': source, model });
  assert.ok(body.byteLength > archiveBytesMax);
  s3.objects.set('code/large.zip', { kind: 'object', body });
  await create(service, 'large', { S3Bucket: 'code', S3Key: 'large.zip' });
  assert.equal(await answerOf(service, 'large'), String(model.byteLength));
});

test('an S3 that is not there, and none at all, are told as what they are', async (t) => {
  const s3 = await openS3Server();
  await s3.close();
  const Code = { S3Bucket: 'code', S3Key: 'hello.zip' };
  const service = await start(t, { ...withCredentials, AWS_ENDPOINT_URL_S3: s3.endpoint });
  await failsAs(
    create(service, 'hello', Code),
    'ServiceException',
    /^S3 cannot be read now\. .*ECONNREFUSED/,
  );
  const { AWS_EC2_METADATA_DISABLED } = withCredentials;
  const none = await start(t, { AWS_EC2_METADATA_DISABLED, AWS_ENDPOINT_URL_S3: '' });
  await failsAs(create(none, 'hello', Code), 'InvalidParameterValueException', /--endpoint s3=/);
});

const python = 'python3';
const hasMoto = spawnSync(python, ['-c', 'import moto.server']).status === 0;

test("code comes from moto's S3", { skip: hasMoto ? false : 'moto is not installed here' }, async (t) => {
  const port = await freePort();
  const moto = spawn(python, ['-m', 'moto.server', '-p', String(port)], { stdio: 'ignore' });
  t.after(async () => {
    moto.kill('SIGKILL');
    if (moto.exitCode === null && moto.signalCode === null) await once(moto, 'exit');
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 10 });
  await client.send(new CreateBucketCommand({ Bucket: 'code' }));
  await client.send(
    new PutBucketVersioningCommand({ Bucket: 'code', VersioningConfiguration: { Status: 'Enabled' } }),
  );
  const put = async (answer: number): Promise<string> => {
    const Body = await codeThatAnswers(answer);
    return (await client.send(new PutObjectCommand({ Bucket: 'code', Key: 'a.zip', Body }))).VersionId ?? '';
  };
  const first = await put(1);
  await put(2);
  client.destroy();
  const service = await start(t, withCredentials, ['--endpoint', `s3=${endpoint}`]);
  await create(service, 'newest', { S3Bucket: 'code', S3Key: 'a.zip' });
  await create(service, 'oldest', { S3Bucket: 'code', S3Key: 'a.zip', S3ObjectVersion: first });
  assert.deepEqual([await answerOf(service, 'newest'), await answerOf(service, 'oldest')], ['2', '1']);
  await failsAs(
    create(service, 'none', { S3Bucket: 'elsewhere', S3Key: 'a.zip' }),
    'InvalidParameterValueException',
    /S3 Error Code: NoSuchBucket/,
  );
});

async function freePort(): Promise<number> {
  const server = await openS3Server();
  const { port } = new URL(server.endpoint);
  await server.close();
  return Number(port);
}
