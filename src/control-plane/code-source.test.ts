/** Code that a request names in S3: taken as if it had come with it, or refused in AWS's words. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { archiveBytesMax } from '#code';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import type { Input } from '#wire';
import { newFunction, openWorldOn, refuses, type World, zip } from './fixtures/world.ts';

const openWorld = (t: TestContext): Promise<World> =>
  openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });

const invalid = 'InvalidParameterValueException';
const Code = { S3Bucket: 'code', S3Key: 'hello.zip' };

test('a function is created and updated from S3', async (t) => {
  const world = await openWorld(t);
  const archive = await zip({ 'index.mjs': '1' });
  world.objects.set('code/hello.zip', { kind: 'fetched', archive });
  await world.create('hello', { Code: { ...Code, S3ObjectStorageMode: 'COPY' } });
  const sent = await world.create('sent', { Code: { ZipFile: archive } });
  const created = await world.call('GetFunctionConfiguration', { FunctionName: 'hello' });
  assert.deepEqual([created.CodeSha256, created.State], [sent.CodeSha256, 'Active']);
  world.objects.set('code/hello.zip', { kind: 'fetched', archive: await zip({ 'index.mjs': '2' }) });
  const updated = await world.call('UpdateFunctionCode', { FunctionName: 'hello', ...Code });
  assert.notEqual(updated.CodeSha256, created.CodeSha256);
});

test('what S3 refuses, and what is no archive, is told in the words of AWS', async (t) => {
  const world = await openWorld(t);
  const base = await newFunction('hello');
  const create = (code: Input): Promise<unknown> => world.call('CreateFunction', { ...base, Code: code });
  const refusal = (code: string, message: string): void =>
    void world.objects.set('code/hello.zip', { kind: 'refused', code, message });
  refusal('NoSuchKey', 'The specified key does not exist.');
  await refuses(
    create(Code),
    invalid,
    'Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.',
  );
  refusal('AccessDenied', 'Access Denied');
  await refuses(
    create(Code),
    'AccessDeniedException',
    'Your access has been denied by S3, please make sure your request credentials have permission to GetObject for code/hello.zip. S3 Error Code: AccessDenied. S3 Error Message: Access Denied',
  );
  world.objects.set('code/hello.zip', { kind: 'fetched', archive: Buffer.from('no zip') });
  await refuses(create(Code), invalid, /^Could not unzip uploaded file\./);
  world.objects.set('code/hello.zip', { kind: 'unavailable', reason: 'connect ECONNREFUSED' });
  await refuses(create(Code), 'ServiceException', /ECONNREFUSED/);
  world.objects.set('code/hello.zip', { kind: 'no-credentials' });
  await refuses(create(Code), invalid, /AWS_ACCESS_KEY_ID/);
  world.objects.set('code/hello.zip', { kind: 'busy' });
  await refuses(create(Code), 'TooManyRequestsException', /Rate/);
  await refuses(create({ S3Bucket: 'other', S3Key: 'x' }), invalid, /--endpoint s3=/);
});

test('a source must be one, and whole', async (t) => {
  const world = await openWorld(t);
  const base = await newFunction('hello');
  const create = (code: Input): Promise<unknown> => world.call('CreateFunction', { ...base, Code: code });
  await refuses(create({}), invalid, 'Please provide a source for function code.');
  await refuses(
    create({ ...(base.Code as Input), ...Code }),
    invalid,
    'Please do not provide other FunctionCode parameters when providing a ZipFile.',
  );
  await refuses(create({ S3Bucket: 'code' }), invalid, /both S3Bucket and S3Key/);
  await refuses(create({ S3Key: 'x' }), invalid, /both S3Bucket and S3Key/);
  await refuses(create({ ...Code, S3ObjectStorageMode: 'REFERENCE' }), invalid, /does not serve.*REFERENCE/);
  await refuses(create({ ZipFile: Buffer.alloc(archiveBytesMax + 1) }), invalid, /put a larger one into S3/);
  assert.deepEqual((await world.call('ListFunctions', {})).Functions, []);
});
