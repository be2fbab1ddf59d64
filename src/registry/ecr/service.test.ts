/** ECR's API: repositories, images, and logging in. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Session } from '#identity';
import { basicOf, registryRig, root, user } from '../fixtures/rig.ts';
import { someImage, someIndex } from '../fixtures/some-image.ts';
import { passwordLimits } from '../limits.ts';

const tokenOf = (answer: Record<string, unknown>): string => {
  const [data] = answer['authorizationData'] as readonly { readonly authorizationToken: string }[];
  return data?.authorizationToken ?? '';
};

const sessionAt = (nowMs: number): Session => ({
  kind: 'root',
  accessKeyId: 'ASIA',
  issuedAtMs: nowMs,
  expiresAtMs: nowMs + 60_000,
});

const full = async (rig: Awaited<ReturnType<typeof registryRig>>): Promise<void> => {
  await rig.operate('CreateRepository', { repositoryName: 'full' });
  await rig.push('full', 'v1', await someImage());
};

const order = (ids: unknown): readonly string[] =>
  (ids as readonly object[]).map((id) => JSON.stringify(id)).toSorted();

suite('logging in', () => {
  test('the user AWS and the password of GetAuthorizationToken open the registry, as who asked for it', async () => {
    await using rig = await registryRig({ may: (principal) => principal.kind !== 'root' });
    const answer = await rig.operate('GetAuthorizationToken', {}, user);
    const [data] = answer['authorizationData'] as readonly Record<string, unknown>[];
    assert.equal(data?.['proxyEndpoint'], rig.url);
    assert.equal(data?.['expiresAt'], (rig.clock.wallMs() + passwordLimits.lifetimeMs) / 1000);
    const authorization = `Basic ${tokenOf(answer)}`;
    assert.equal((await rig.call('GET', '/v2/_catalog', { as: { authorization } })).status, 200);
    rig.clock.advance(passwordLimits.lifetimeMs - 1);
    assert.equal((await rig.call('GET', '/v2/', { as: { authorization } })).status, 200);
    rig.clock.advance(1);
    assert.equal((await rig.call('GET', '/v2/', { as: { authorization } })).status, 401);
  });

  test('a password that was changed, even in one letter, opens nothing', async () => {
    await using rig = await registryRig();
    const token = Buffer.from(tokenOf(await rig.operate('GetAuthorizationToken', {})), 'base64').toString();
    const password = token.slice('AWS:'.length);
    assert.equal((await rig.call('GET', '/v2/', { as: { id: 'AWS', secret: password } })).status, 200);
    const [text = '', signature = ''] = password.split('.');
    const forged = Buffer.from(JSON.stringify({ key: root.id, expires: 9e15 })).toString('base64url');
    for (const secret of [
      `${forged}.${signature}`,
      `${text}.`,
      text,
      `${text}.${signature}.x`,
      `${text}x.${signature}`,
      `x${password}`,
    ]) {
      const { status } = await rig.call('GET', '/v2/', { as: { authorization: basicOf('AWS', secret) } });
      assert.equal(status, 401, secret);
    }
  });

  test('the password of a session ends with the session', async () => {
    let nowMs = 0;
    await using rig = await registryRig({ session: () => sessionAt(nowMs) });
    nowMs = rig.clock.wallMs();
    const answer = await rig.operate('GetAuthorizationToken', {});
    const authorization = `Basic ${tokenOf(answer)}`;
    assert.equal((await rig.call('GET', '/v2/', { as: { authorization } })).status, 200);
    rig.clock.advance(60_000);
    assert.equal((await rig.call('GET', '/v2/', { as: { authorization } })).status, 401);
  });
});

suite('repositories', () => {
  test('are made, described, set, tagged and deleted', async () => {
    await using rig = await registryRig();
    const made = await rig.operate('CreateRepository', {
      repositoryName: 'team/app',
      imageTagMutability: 'IMMUTABLE',
      imageScanningConfiguration: { scanOnPush: true },
      tags: [{ Key: 'a', Value: '1' }],
    });
    const arn = 'arn:aws:ecr:us-east-1:000000000000:repository/team/app';
    assert.deepEqual(made['repository'], {
      repositoryArn: arn,
      registryId: '000000000000',
      repositoryName: 'team/app',
      repositoryUri: `127.0.0.1:${rig.port}/team/app`,
      createdAt: rig.clock.wallMs() / 1000,
      imageTagMutability: 'IMMUTABLE',
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: { encryptionType: 'AES256' },
    });
    await rig.operate('TagResource', { resourceArn: arn, tags: [{ Key: 'b', Value: '2' }] });
    await rig.operate('UntagResource', { resourceArn: arn, tagKeys: ['a'] });
    assert.deepEqual(await rig.operate('ListTagsForResource', { resourceArn: arn }), {
      tags: [{ Key: 'b', Value: '2' }],
    });
    await rig.operate('PutImageTagMutability', { repositoryName: 'team/app', imageTagMutability: 'MUTABLE' });
    await rig.operate('PutImageScanningConfiguration', {
      repositoryName: 'team/app',
      imageScanningConfiguration: {},
    });
    const described = await rig.operate('DescribeRepositories', { repositoryNames: ['team/app'] });
    const [repository] = described['repositories'] as readonly Record<string, unknown>[];
    assert.equal(repository?.['imageTagMutability'], 'MUTABLE');
    assert.deepEqual(repository?.['imageScanningConfiguration'], { scanOnPush: false });
    await rig.operate('DeleteRepository', { repositoryName: 'team/app' });
    assert.deepEqual(await rig.operate('DescribeRepositories', {}), { repositories: [] });
  });

  test('come in pages', async () => {
    await using rig = await registryRig();
    const names = Array.from({ length: 7 }, (_, index) => `r/${index}`);
    for (const repositoryName of names) await rig.operate('CreateRepository', { repositoryName });
    const found: unknown[] = [];
    for (let nextToken: unknown; ;) {
      const page = await rig.operate('DescribeRepositories', {
        maxResults: 3,
        ...(nextToken ? { nextToken } : {}),
      });
      found.push(
        ...(page['repositories'] as readonly Record<string, unknown>[]).map((r) => r['repositoryName']),
      );
      nextToken = page['nextToken'];
      if (nextToken === undefined) break;
    }
    assert.deepEqual(found, names);
  });

  const refusals: readonly (readonly [string, object, string, RegExp])[] = [
    [
      'CreateRepository',
      { repositoryName: 'full' },
      'RepositoryAlreadyExistsException',
      /^The repository with name 'full' already exists in the registry with id '000000000000'$/,
    ],
    ['CreateRepository', { repositoryName: 'UPPER' }, 'InvalidParameterException', /regular expression/],
    ['CreateRepository', {}, 'InvalidParameterException', /repositoryName/],
    [
      'CreateRepository',
      { repositoryName: 'ab', encryptionConfiguration: { encryptionType: 'KMS' } },
      'InvalidParameterException',
      /AES256/,
    ],
    [
      'CreateRepository',
      { repositoryName: 'ab', imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION' },
      'InvalidParameterException',
      /not served/,
    ],
    [
      'CreateRepository',
      { repositoryName: 'ab', registryId: '111111111111' },
      'InvalidParameterException',
      /not served here/,
    ],
    [
      'CreateRepository',
      { repositoryName: 'ab', tags: [{ Key: 'aws:x', Value: '' }] },
      'InvalidTagParameterException',
      /aws:/,
    ],
    [
      'DescribeRepositories',
      { repositoryNames: ['none'] },
      'RepositoryNotFoundException',
      /does not exist in the registry/,
    ],
    ['DeleteRepository', { repositoryName: 'none' }, 'RepositoryNotFoundException', /'none'/],
    ['DeleteRepository', { repositoryName: 'full' }, 'RepositoryNotEmptyException', /still contains images$/],
    [
      'DescribeImages',
      { repositoryName: 'full', imageIds: [{ imageTag: 'v9' }] },
      'ImageNotFoundException',
      /imageTag:'v9'/,
    ],
    ['ListImages', { repositoryName: 'none' }, 'RepositoryNotFoundException', /'none'/],
    [
      'ListTagsForResource',
      { resourceArn: 'arn:aws:ecr:us-east-1:1:repository/x' },
      'InvalidParameterException',
      /resourceArn/,
    ],
    ['PutLifecyclePolicy', { repositoryName: 'full' }, 'NotImplementedException', /PutLifecyclePolicy/],
    ['SetRepositoryPolicy', { repositoryName: 'full' }, 'NotImplementedException', /SetRepositoryPolicy/],
  ];
  test('what cannot be done is refused by name', async () => {
    await using rig = await registryRig();
    await full(rig);
    for (const [operation, input, type, message] of refusals) {
      const answer = await rig.operate(operation, input);
      assert.equal(
        answer['__type'],
        type,
        `${operation} ${JSON.stringify(input)}: ${JSON.stringify(answer)}`,
      );
      assert.match(String(answer['message']), message);
    }
    assert.deepEqual(rig.faults, []);
  });

  test('tags of an immutable repository do not move', async () => {
    await using rig = await registryRig();
    await rig.operate('CreateRepository', { repositoryName: 'app', imageTagMutability: 'IMMUTABLE' });
    const image = await someImage();
    await rig.push('app', 'v1', image);
    assert.equal((await rig.putManifest('app', 'v1', image)).status, 201, 'the same again');
    const other = await someImage({ layers: [{ other: 'x' }] });
    for (const blob of other.blobs.values()) await rig.pushBlob('app', blob);
    const refused = await rig.putManifest('app', 'v1', other);
    assert.deepEqual([refused.status, refused.code], [400, 'TAG_INVALID']);
  });

  test('one that is deleted with its images has none when it is made anew', async () => {
    await using rig = await registryRig();
    await full(rig);
    await rig.operate('DeleteRepository', { repositoryName: 'full', force: true });
    assert.equal((await rig.call('GET', '/v2/full/manifests/v1')).code, 'NAME_UNKNOWN');
    await rig.operate('CreateRepository', { repositoryName: 'full' });
    assert.equal((await rig.call('GET', '/v2/full/manifests/v1')).code, 'MANIFEST_UNKNOWN');
    assert.deepEqual(await rig.operate('ListImages', { repositoryName: 'full' }), { imageIds: [] });
  });
});

suite('images', () => {
  test('are listed, described, read and deleted', async () => {
    await using rig = await registryRig();
    const repositoryName = 'team/app';
    const image = await someImage();
    const index = someIndex([['amd64', image]]);
    await rig.push(repositoryName, image.digest, image);
    await rig.putManifest(repositoryName, 'v1', index);
    await rig.putManifest(repositoryName, 'v2', index);
    const { imageIds } = await rig.operate('ListImages', { repositoryName });
    const all = [
      { imageDigest: image.digest },
      { imageDigest: index.digest, imageTag: 'v1' },
      { imageDigest: index.digest, imageTag: 'v2' },
    ];
    assert.deepEqual(order(imageIds), order(all));
    const untagged = await rig.operate('ListImages', { repositoryName, filter: { tagStatus: 'UNTAGGED' } });
    assert.deepEqual(untagged['imageIds'], [{ imageDigest: image.digest }]);
    const described = await rig.operate('DescribeImages', { repositoryName, imageIds: [{ imageTag: 'v1' }] });
    const [detail] = described['imageDetails'] as readonly Record<string, unknown>[];
    assert.deepEqual([detail?.['imageDigest'], detail?.['imageTags']], [index.digest, ['v1', 'v2']]);
    const read = await rig.operate('BatchGetImage', {
      repositoryName,
      imageIds: [
        { imageTag: 'v1' },
        { imageTag: 'v9' },
        {},
        { imageDigest: 'x' },
        { imageTag: 'v1', imageDigest: image.digest },
      ],
    });
    const [got] = read['images'] as readonly Record<string, unknown>[];
    assert.equal(got?.['imageManifest'], index.manifest.toString());
    assert.deepEqual(
      (read['failures'] as readonly Record<string, unknown>[]).map((failure) => failure['failureCode']),
      ['ImageNotFound', 'MissingDigestAndTag', 'InvalidImageDigest', 'ImageTagDoesNotMatchDigest'],
    );
    const remove = async (...imageIds: readonly object[]) =>
      rig.operate('BatchDeleteImage', { repositoryName, imageIds });
    const named = await remove({ imageDigest: image.digest });
    assert.equal(
      (named['failures'] as readonly Record<string, unknown>[])[0]?.['failureCode'],
      'ImageReferencedByManifestList',
    );
    await remove({ imageTag: 'v1' });
    assert.equal((await rig.call('GET', `/v2/${repositoryName}/manifests/v2`)).status, 200);
    await remove({ imageTag: 'v2' });
    assert.equal((await rig.call('GET', `/v2/${repositoryName}/manifests/${index.digest}`)).status, 404);
    await remove({ imageDigest: image.digest });
    assert.deepEqual(await rig.operate('ListImages', { repositoryName }), { imageIds: [] });
  });
});
