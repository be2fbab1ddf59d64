/**
 * The table of ECR: its API, and the distribution API, whose requests ask for what ECR asks for at the same place. Everything but logging in and
 * listing is asked on the repository.
 */
import type { Place } from '#metadata';
import type { Input } from '#wire';
import type { AccessRow, AccessRows } from './access.ts';
import { type KeySource, requestTags, untaggedKeys } from './request-keys.ts';
import { arnOf, everything, type Resource } from './resources.ts';

const repository = (input: Input, place: Place): Resource =>
  repositoryOf(place, text(input, 'repositoryName'));
const byArn = (input: Input): Resource => arnOf(text(input, 'resourceArn'));
/** Of several the first one is asked about here, the others by `also`. */
const described = (input: Input, place: Place): Resource => repositoryOf(place, namesIn(input)[0] ?? '*');

/** ECR's tags are a list of keys and values. */
const tagsInList: KeySource = (input, scene) => {
  const tags = Array.isArray(input['tags']) ? (input['tags'] as readonly Record<string, unknown>[]) : [];
  const byKey = Object.fromEntries(tags.map(({ Key, Value }) => [String(Key), String(Value)]));
  return requestTags({ tags: byKey }, scene);
};

const onRepository = { resource: repository };

const rows: Readonly<Record<string, Omit<AccessRow, 'action'>>> = {
  GetAuthorizationToken: { resource: everything },
  CreateRepository: { ...onRepository, keys: [tagsInList] },
  DescribeRepositories: {
    resource: described,
    also: (input, place) =>
      namesIn(input)
        .slice(1)
        .map((name) => ({
          action: 'ecr:DescribeRepositories',
          resource: repositoryOf(place, name),
          keys: [],
          rootAlways: false,
        })),
  },
  DeleteRepository: onRepository,
  PutImageTagMutability: onRepository,
  PutImageScanningConfiguration: onRepository,
  ListTagsForResource: { resource: byArn },
  TagResource: { resource: byArn, keys: [tagsInList] },
  UntagResource: { resource: byArn, keys: [untaggedKeys] },
  DescribeImages: onRepository,
  ListImages: onRepository,
  BatchGetImage: onRepository,
  BatchDeleteImage: onRepository,
  BatchCheckLayerAvailability: onRepository,
  GetDownloadUrlForLayer: onRepository,
  InitiateLayerUpload: onRepository,
  UploadLayerPart: onRepository,
  CompleteLayerUpload: onRepository,
  PutImage: onRepository,
};

export const ecrAccess: AccessRows = new Map(
  Object.entries(rows).map(([operation, row]) => [operation, { action: `ecr:${operation}`, ...row }]),
);

function repositoryOf({ region, accountId }: Place, name: string): Resource {
  return { arn: `arn:aws:ecr:${region}:${accountId}:repository/${name}`, accountId };
}

function namesIn(input: Input): readonly string[] {
  const names = input['repositoryNames'];
  return Array.isArray(names) ? names.map(String) : [];
}

function text(input: Input, member: string): string {
  const value = input[member];
  return typeof value === 'string' ? value : '';
}
