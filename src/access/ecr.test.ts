/** What ECR's operations ask permission for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input } from '#wire';
import { accessOf } from './access.ts';
import { ecrAccess } from './ecr.ts';

const place = { accountId: '000000000000', region: 'us-east-1' };
const arn = (name: string): string => `arn:aws:ecr:us-east-1:000000000000:repository/${name}`;

function asked(operation: string, input: Input): readonly (readonly [string, string])[] {
  const row = ecrAccess.get(operation);
  assert.ok(row !== undefined);
  return accessOf(row, input, place).map(({ action, resource }) => [action, resource.arn]);
}

test('logging in is for everybody who may, everything else is on the repository', () => {
  assert.deepEqual(asked('GetAuthorizationToken', {}), [['ecr:GetAuthorizationToken', '*']]);
  for (const operation of ['CreateRepository', 'PutImage', 'BatchGetImage', 'InitiateLayerUpload']) {
    assert.deepEqual(asked(operation, { repositoryName: 'a/b' }), [[`ecr:${operation}`, arn('a/b')]]);
  }
  assert.deepEqual(asked('TagResource', { resourceArn: arn('a') }), [['ecr:TagResource', arn('a')]]);
});

test('who describes several repositories must be allowed to describe each', () => {
  assert.deepEqual(asked('DescribeRepositories', {}), [['ecr:DescribeRepositories', arn('*')]]);
  assert.deepEqual(asked('DescribeRepositories', { repositoryNames: ['a', 'b'] }), [
    ['ecr:DescribeRepositories', arn('a')],
    ['ecr:DescribeRepositories', arn('b')],
  ]);
});

test('tags of a new repository are condition keys', () => {
  const row = ecrAccess.get('CreateRepository');
  const [keys] = row?.keys ?? [];
  const input = { tags: [{ Key: 'Team', Value: 'blue' }] };
  assert.deepEqual(keys?.(input, { place, policy: undefined }), [
    ['aws:tagkeys', ['Team']],
    ['aws:requesttag/team', 'blue'],
  ]);
});
