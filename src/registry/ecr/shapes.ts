/** The inputs of ECR 2015-09-21, with the constraints of AWS's model. Operations that are not served are here by name alone, to be refused by it. */
import { listOf, type StructureShape, structureOf } from '#wire';

const anyText = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const registryId = { type: 'string', pattern: '[0-9]{12}' } as const;
const name = {
  type: 'string',
  min: 2,
  max: 256,
  pattern: '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*',
} as const;
const mutability = {
  type: 'string',
  enum: ['MUTABLE', 'IMMUTABLE', 'IMMUTABLE_WITH_EXCLUSION', 'MUTABLE_WITH_EXCLUSION'],
} as const;
const page = { nextToken: anyText, maxResults: { type: 'integer', min: 1, max: 1000 } } as const;

const tags = listOf(structureOf({ Key: anyText, Value: anyText }), { min: 0, max: 200 });
const scanning = structureOf({}, { scanOnPush: flag });
const imageIds = listOf(
  structureOf({}, { imageDigest: anyText, imageTag: { type: 'string', min: 1, max: 300 } }),
  { min: 1, max: 100 },
);
const filter = structureOf(
  {},
  {
    tagStatus: { type: 'string', enum: ['TAGGED', 'UNTAGGED', 'ANY'] },
    imageStatus: { type: 'string', enum: ['ACTIVE', 'ARCHIVED', 'ACTIVATING', 'ANY'] },
  },
);
const ofRepository = { repositoryName: name };

const served: Readonly<Record<string, StructureShape>> = {
  GetAuthorizationToken: structureOf({}, { registryIds: listOf(registryId, { min: 1, max: 10 }) }),
  CreateRepository: structureOf(ofRepository, {
    registryId,
    tags,
    imageTagMutability: mutability,
    imageTagMutabilityExclusionFilters: listOf(structureOf({}), { min: 1, max: 5 }),
    imageScanningConfiguration: scanning,
    encryptionConfiguration: structureOf(
      { encryptionType: { type: 'string', enum: ['AES256', 'KMS', 'KMS_DSSE'] } },
      { kmsKey: { type: 'string', min: 1, max: 2048 } },
    ),
  }),
  DescribeRepositories: structureOf(
    {},
    { registryId, repositoryNames: listOf(name, { min: 1, max: 100 }), ...page },
  ),
  DeleteRepository: structureOf(ofRepository, { registryId, force: flag }),
  PutImageTagMutability: structureOf(
    { ...ofRepository, imageTagMutability: mutability },
    { registryId, imageTagMutabilityExclusionFilters: listOf(structureOf({}), { min: 1, max: 5 }) },
  ),
  PutImageScanningConfiguration: structureOf(
    { ...ofRepository, imageScanningConfiguration: scanning },
    { registryId },
  ),
  ListTagsForResource: structureOf({ resourceArn: anyText }),
  TagResource: structureOf({ resourceArn: anyText, tags }),
  UntagResource: structureOf({ resourceArn: anyText, tagKeys: listOf(anyText, { min: 0, max: 200 }) }),
  DescribeImages: structureOf(ofRepository, { registryId, imageIds, filter, ...page }),
  ListImages: structureOf(ofRepository, { registryId, filter, ...page }),
  BatchGetImage: structureOf(
    { ...ofRepository, imageIds },
    { registryId, acceptedMediaTypes: listOf(anyText, { min: 1, max: 100 }) },
  ),
  BatchDeleteImage: structureOf({ ...ofRepository, imageIds }, { registryId }),
};

const notServed =
  'BatchCheckLayerAvailability BatchGetRepositoryScanningConfiguration CompleteLayerUpload CreatePullThroughCacheRule CreateRepositoryCreationTemplate DeleteLifecyclePolicy DeletePullThroughCacheRule DeleteRegistryPolicy DeleteRepositoryCreationTemplate DeleteRepositoryPolicy DescribeImageReplicationStatus DescribeImageScanFindings DescribePullThroughCacheRules DescribeRegistry DescribeRepositoryCreationTemplates GetAccountSetting GetDownloadUrlForLayer GetLifecyclePolicy GetLifecyclePolicyPreview GetRegistryPolicy GetRegistryScanningConfiguration GetRepositoryPolicy InitiateLayerUpload PutAccountSetting PutImage PutLifecyclePolicy PutRegistryPolicy PutRegistryScanningConfiguration PutReplicationConfiguration SetRepositoryPolicy StartImageScan StartLifecyclePolicyPreview UpdatePullThroughCacheRule UpdateRepositoryCreationTemplate UploadLayerPart ValidatePullThroughCacheRule';

export const ecrOperations: Readonly<Record<string, StructureShape>> = {
  ...Object.fromEntries(notServed.split(' ').map((operation) => [operation, structureOf({})])),
  ...served,
};
