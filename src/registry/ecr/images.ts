/** ECR's operations on images. */
import { type Handlers, type Input, WireError } from '#wire';
import { isDigest } from '../format/digest.ts';
import { isTag } from '../format/names.ts';
import type { ManifestRecord } from '../store/records.ts';
import { type EcrFloor, pageIn, repositoryIn, text, tokenOf } from './request.ts';

interface ImageId {
  readonly imageDigest?: string;
  readonly imageTag?: string;
}

interface Failure {
  readonly imageId: ImageId;
  readonly failureCode: string;
  readonly failureReason: string;
}

export function imageHandlers(floor: EcrFloor): Handlers {
  const { repositories, deletions, accountId } = floor;
  return {
    ListImages: async (input) => {
      const { name } = await repositoryIn(floor, input);
      const { items, tags, next } = await page(floor, name, input);
      const status = tagStatus(input);
      const imageIds = items.flatMap(({ digest }): readonly ImageId[] => {
        const named = tags.get(digest) ?? [];
        if (named.length === 0) return status === 'TAGGED' ? [] : [{ imageDigest: digest }];
        return status === 'UNTAGGED' ? [] : named.map((imageTag) => ({ imageDigest: digest, imageTag }));
      });
      return { imageIds, nextToken: next };
    },
    DescribeImages: async (input) => {
      const { name } = await repositoryIn(floor, input);
      const detail = (record: ManifestRecord, tags: ReadonlyMap<string, readonly string[]>): object => ({
        registryId: accountId,
        repositoryName: name,
        imageDigest: record.digest,
        imageTags: tags.get(record.digest),
        imageSizeInBytes: record.layersBytes,
        imagePushedAt: new Date(record.pushedAtMs),
        imageManifestMediaType: record.mediaType,
        artifactMediaType: record.artifactType,
        subjectManifestDigest: record.subject,
      });
      const wanted = input['imageIds'] as readonly ImageId[] | undefined;
      if (wanted === undefined) {
        const { items, tags, next } = await page(floor, name, input);
        const status = tagStatus(input);
        const shown = items.filter(({ digest }) =>
          status === 'ANY' ? true : tags.has(digest) === (status === 'TAGGED'),
        );
        return { imageDetails: shown.map((record) => detail(record, tags)), nextToken: next };
      }
      const tags = await repositories.tagsByDigest(name);
      const records = new Map<string, ManifestRecord>();
      for (const id of wanted) {
        const found = await look(floor, name, id);
        if ('failureCode' in found) throw imageNotFound(floor, name, id);
        records.set(found.digest, found);
      }
      return { imageDetails: [...records.values()].map((record) => detail(record, tags)) };
    },
    BatchGetImage: async (input) => {
      const { name } = await repositoryIn(floor, input);
      const images: object[] = [];
      const failures: Failure[] = [];
      for (const id of input['imageIds'] as readonly ImageId[]) {
        const found = await look(floor, name, id);
        const bytes =
          'failureCode' in found ? undefined : await repositories.manifestBytes(name, found.digest);
        if ('failureCode' in found) failures.push(found);
        else if (bytes === undefined) failures.push(notFound(id));
        else {
          images.push({
            registryId: accountId,
            repositoryName: name,
            imageId: { imageDigest: found.digest, imageTag: id.imageTag },
            imageManifest: bytes.toString('utf8'),
            imageManifestMediaType: found.mediaType,
          });
        }
      }
      return { images, failures };
    },
    BatchDeleteImage: async (input) => {
      const { name } = await repositoryIn(floor, input);
      const imageIds: ImageId[] = [];
      const failures: Failure[] = [];
      for (const id of input['imageIds'] as readonly ImageId[]) {
        const found = await look(floor, name, id);
        if ('failureCode' in found) {
          failures.push(found);
          continue;
        }
        const { digest } = found;
        const tags = (await repositories.tagsByDigest(name)).get(digest) ?? [];
        // By tag an image goes with its last one.
        const isUntagged = id.imageDigest === undefined && id.imageTag !== undefined && tags.length > 1;
        if (isUntagged) {
          await deletions.deleteTag(name, id.imageTag);
          imageIds.push({ imageDigest: digest, imageTag: id.imageTag });
          continue;
        }
        if ((await deletions.deleteManifest(name, digest)) === 'named') {
          const failureReason = 'Requested image referenced by manifest list';
          failures.push({ imageId: id, failureCode: 'ImageReferencedByManifestList', failureReason });
          continue;
        }
        if (tags.length === 0) imageIds.push({ imageDigest: digest });
        for (const imageTag of tags) imageIds.push({ imageDigest: digest, imageTag });
      }
      return { imageIds, failures };
    },
  };
}

async function page(floor: EcrFloor, name: string, input: Input) {
  const { limit, after } = pageIn(input);
  const [{ items, isCut }, tags] = await Promise.all([
    floor.repositories.manifestsPage(name, after, limit),
    floor.repositories.tagsByDigest(name),
  ]);
  return { items, tags, next: tokenOf(isCut, items.at(-1)?.digest) };
}

async function look(floor: EcrFloor, name: string, id: ImageId): Promise<ManifestRecord | Failure> {
  const { imageDigest, imageTag } = id;
  const failed = (failureCode: string, failureReason: string): Failure => ({
    imageId: id,
    failureCode,
    failureReason,
  });
  if (imageDigest !== undefined && !isDigest(imageDigest)) {
    return failed('InvalidImageDigest', 'Invalid request parameters: image digest should satisfy the regex');
  }
  if (imageTag !== undefined && !isTag(imageTag)) {
    return failed('InvalidImageTag', 'Invalid request parameters: image tag should satisfy the regex');
  }
  const reference = imageTag ?? imageDigest;
  if (reference === undefined) {
    return failed('MissingDigestAndTag', 'Invalid request parameters: both tag and digest cannot be null');
  }
  const record = await floor.repositories.manifest(name, reference);
  if (record === undefined) return notFound(id);
  if (imageDigest !== undefined && record.digest !== imageDigest) {
    return failed('ImageTagDoesNotMatchDigest', 'The image tag does not match the image digest');
  }
  return record;
}

function notFound(imageId: ImageId): Failure {
  return { imageId, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' };
}

function imageNotFound({ accountId }: EcrFloor, name: string, { imageDigest, imageTag }: ImageId): WireError {
  const id = `{imageDigest:'${imageDigest ?? 'null'}', imageTag:'${imageTag ?? 'null'}'}`;
  return new WireError(
    'ImageNotFoundException',
    `The image with imageId ${id} does not exist within the repository with name '${name}' in the registry with id '${accountId}'`,
  );
}

function tagStatus(input: Input): string {
  const filter = (input['filter'] ?? {}) as Input;
  return text(filter, 'tagStatus') || 'ANY';
}
