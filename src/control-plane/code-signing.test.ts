/** GetFunctionCodeSigningConfig, which Terraform asks after every apply. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { openWorldOn, refuses } from './fixtures/world.ts';

test('a function has no code signing configuration, and a function that does not exist has not even that', async (t) => {
  const world = await openWorldOn(t, { documents: memoryDocuments(), blobs: memoryBlobs() });
  await world.create('hello');
  const FunctionName = 'arn:aws:lambda:us-east-1:000000000000:function:hello';
  assert.deepEqual(await world.call('GetFunctionCodeSigningConfig', { FunctionName }), {});
  await refuses(
    world.call('GetFunctionCodeSigningConfig', { FunctionName: 'other' }),
    'ResourceNotFoundException',
    /Function not found: .*:other$/,
  );
});
