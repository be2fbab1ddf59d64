/** The inputs of ECR 2015-09-21, with the constraints of AWS's model. Operations that are not served are here by name alone, to be refused by it. */
import type { Shape, StructureShape } from '#wire';

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

const structure = (
  required: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>> = {},
): StructureShape => ({
  type: 'structure',
  members: {
    ...Object.fromEntries(
      Object.entries(required).map(([member, shape]) => [member, { shape, required: true as const }]),
    ),
    ...Object.fromEntries(Object.entries(optional).map(([member, shape]) => [member, { shape }])),
  },
});

const list = (member: Shape, min?: number, max?: number): Shape => ({
  type: 'list',
  member,
  ...(min !== undefined && { min }),
  ...(max !== undefined && { max }),
});

const tags = list(structure({ Key: anyText, Value: anyText }), 0, 200);
const scanning = structure({}, { scanOnPush: flag });
const imageIds = list(
  structure({}, { imageDigest: anyText, imageTag: { type: 'string', min: 1, max: 300 } }),
  1,
  100,
);
const filter = structure(
  {},
  {
    tagStatus: { type: 'string', enum: ['TAGGED', 'UNTAGGED', 'ANY'] },
    imageStatus: { type: 'string', enum: ['ACTIVE', 'ARCHIVED', 'ACTIVATING', 'ANY'] },
  },
);
const ofRepository = { repositoryName: name };

const served: Readonly<Record<string, StructureShape>> = {
  GetAuthorizationToken: structure({}, { registryIds: list(registryId, 1, 10) }),
  CreateRepository: structure(ofRepository, {
    registryId,
    tags,
    imageTagMutability: mutability,
    imageTagMutabilityExclusionFilters: list(structure({}), 1, 5),
    imageScanningConfiguration: scanning,
    encryptionConfiguration: structure(
      { encryptionType: { type: 'string', enum: ['AES256', 'KMS', 'KMS_DSSE'] } },
      { kmsKey: { type: 'string', min: 1, max: 2048 } },
    ),
  }),
  DescribeRepositories: structure({}, { registryId, repositoryNames: list(name, 1, 100), ...page }),
  DeleteRepository: structure(ofRepository, { registryId, force: flag }),
  PutImageTagMutability: structure(
    { ...ofRepository, imageTagMutability: mutability },
    { registryId, imageTagMutabilityExclusionFilters: list(structure({}), 1, 5) },
  ),
  PutImageScanningConfiguration: structure(
    { ...ofRepository, imageScanningConfiguration: scanning },
    { registryId },
  ),
  ListTagsForResource: structure({ resourceArn: anyText }),
  TagResource: structure({ resourceArn: anyText, tags }),
  UntagResource: structure({ resourceArn: anyText, tagKeys: list(anyText, 0, 200) }),
  DescribeImages: structure(ofRepository, { registryId, imageIds, filter, ...page }),
  ListImages: structure(ofRepository, { registryId, filter, ...page }),
  BatchGetImage: structure(
    { ...ofRepository, imageIds },
    { registryId, acceptedMediaTypes: list(anyText, 1, 100) },
  ),
  BatchDeleteImage: structure({ ...ofRepository, imageIds }, { registryId }),
};

const notServed =
  'BatchCheckLayerAvailability BatchGetRepositoryScanningConfiguration CompleteLayerUpload CreatePullThroughCacheRule CreateRepositoryCreationTemplate DeleteLifecyclePolicy DeletePullThroughCacheRule DeleteRegistryPolicy DeleteRepositoryCreationTemplate DeleteRepositoryPolicy DescribeImageReplicationStatus DescribeImageScanFindings DescribePullThroughCacheRules DescribeRegistry DescribeRepositoryCreationTemplates GetAccountSetting GetDownloadUrlForLayer GetLifecyclePolicy GetLifecyclePolicyPreview GetRegistryPolicy GetRegistryScanningConfiguration GetRepositoryPolicy InitiateLayerUpload PutAccountSetting PutImage PutLifecyclePolicy PutRegistryPolicy PutRegistryScanningConfiguration PutReplicationConfiguration SetRepositoryPolicy StartImageScan StartLifecyclePolicyPreview UpdatePullThroughCacheRule UpdateRepositoryCreationTemplate UploadLayerPart ValidatePullThroughCacheRule';

export const ecrOperations: Readonly<Record<string, StructureShape>> = {
  ...Object.fromEntries(notServed.split(' ').map((operation) => [operation, structure({})])),
  ...served,
};
