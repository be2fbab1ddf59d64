/** Manifests on the wire, with the lists of tags, repositories and referrers. */
import type { HostAnswer } from '#wire';
import { isDigest } from '../format/digest.ts';
import { ociIndex } from '../format/media-types.ts';
import { registryLimits } from '../limits.ts';
import { nameUnknown } from '../store/manifest-records.ts';
import type { ManifestRecord, ReferrerRecord } from '../store/records.ts';
import { OciError } from './oci-error.ts';
import { ensureRepository } from './repository.ts';
import { answer, json, type OciRequest } from './request.ts';

export async function workOnManifest(
  request: OciRequest,
  repository: string,
  reference: string,
): Promise<HostAnswer> {
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      request.authorize('BatchGetImage', repository);
      return readManifest(request, repository, reference);
    case 'PUT':
      request.authorize('PutImage', repository);
      return putManifest(request, repository, reference);
    case 'DELETE':
      request.authorize('BatchDeleteImage', repository);
      return deleteManifest(request, repository, reference);
    default:
      throw new OciError('UNSUPPORTED', 'Manifests are served by GET, HEAD, PUT and DELETE.');
  }
}

async function readManifest(request: OciRequest, repository: string, reference: string): Promise<HostAnswer> {
  const { repositories } = request.floor;
  const record = await repositories.manifest(repository, reference);
  if (record === undefined) throw await manifestUnknown(request, repository, reference);
  const headers = {
    'content-type': record.mediaType,
    'content-length': String(record.sizeBytes),
    'docker-content-digest': record.digest,
    etag: `"${record.digest}"`,
  };
  if (request.method === 'HEAD') return answer(200, headers);
  const bytes = await repositories.manifestBytes(repository, record.digest);
  if (bytes === undefined) throw await manifestUnknown(request, repository, reference);
  return answer(200, headers, bytes);
}

async function putManifest(request: OciRequest, repository: string, reference: string): Promise<HostAnswer> {
  const { repositories } = request.floor;
  const bytes = await wholeBody(request);
  await ensureRepository(request, repository);
  const type = request.header('content-type');
  const contentType = typeof type === 'string' ? type : undefined;
  const { digest, subject } = await repositories.putManifest({ repository, bytes, contentType, reference });
  return answer(201, {
    location: `/v2/${repository}/manifests/${digest}`,
    'docker-content-digest': digest,
    'content-length': '0',
    ...(subject !== undefined && { 'oci-subject': subject }),
  });
}

async function deleteManifest(
  request: OciRequest,
  repository: string,
  reference: string,
): Promise<HostAnswer> {
  const { deletions } = request.floor;
  const outcome = isDigest(reference)
    ? await deletions.deleteManifest(repository, reference)
    : (await deletions.deleteTag(repository, reference))
      ? 'deleted'
      : 'absent';
  if (outcome === 'absent') throw await manifestUnknown(request, repository, reference);
  if (outcome === 'named') throw new OciError('DENIED', 'An index of the repository needs this manifest.');
  return answer(202, { 'content-length': '0' });
}

async function wholeBody(request: OciRequest): Promise<Buffer> {
  const { manifestBytesMax } = registryLimits;
  const tooLarge = new OciError('SIZE_INVALID', `A manifest has at most ${manifestBytesMax} bytes.`);
  if ((request.stream.contentLength ?? 0) > manifestBytesMax) throw tooLarge;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of request.body()) {
    bytes += piece.length;
    if (bytes > manifestBytesMax) throw tooLarge;
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}

export async function listTags(request: OciRequest, repository: string): Promise<HostAnswer> {
  request.authorize('ListImages', repository);
  const { repositories } = request.floor;
  const [limit, last] = pageOf(request);
  if ((await repositories.find(repository)) === undefined) throw nameUnknown(repository);
  if (limit === 0) return json({ name: repository, tags: [] });
  const { items, isCut } = await repositories.tags(repository, last, limit);
  const tags = items.map(({ tag }) => tag);
  return json({ name: repository, tags }, linkTo(`/v2/${repository}/tags/list`, limit, isCut, tags.at(-1)));
}

export async function listRepositories(request: OciRequest): Promise<HostAnswer> {
  request.authorize('DescribeRepositories', '*');
  const [limit, last] = pageOf(request);
  if (limit === 0) return json({ repositories: [] });
  const { items, isCut } = await request.floor.repositories.page(last, limit);
  const repositories = items.map(({ name }) => name);
  return json({ repositories }, linkTo('/v2/_catalog', limit, isCut, repositories.at(-1)));
}

export async function listReferrers(
  request: OciRequest,
  repository: string,
  digest: string,
): Promise<HostAnswer> {
  request.authorize('ListImages', repository);
  const { repositories } = request.floor;
  const artifactType = request.query.get('artifactType');
  const all = await repositories.referrers(repository, digest, registryLimits.pageMax);
  const wanted = artifactType === null ? all : all.filter((record) => record.artifactType === artifactType);
  const index = { schemaVersion: 2, mediaType: ociIndex, manifests: wanted.map(referrer) };
  const filtered = artifactType === null ? {} : { 'oci-filters-applied': 'artifactType' };
  return json(index, { 'content-type': ociIndex, ...filtered });
}

function referrer({ mediaType, digest, sizeBytes, artifactType, annotations }: ReferrerRecord): object {
  return { mediaType, digest, size: sizeBytes, artifactType, annotations };
}

/** `n` and `last`. */
function pageOf({ query }: OciRequest): readonly [limit: number, last: string] {
  const n = query.get('n');
  if (n !== null && !/^\d{1,9}$/.test(n)) throw new OciError('UNSUPPORTED', 'n is no number.');
  const limit = Math.min(n === null ? registryLimits.pageMax : Number(n), registryLimits.pageMax);
  const last = query.get('last') ?? '';
  if (last.length > registryLimits.nameCharactersMax || !/^[\w./-]*$/.test(last)) {
    throw new OciError('NAME_INVALID', 'last is no name.');
  }
  return [limit, last];
}

function linkTo(
  path: string,
  limit: number,
  isCut: boolean,
  last: string | undefined,
): Record<string, string> {
  if (!isCut || last === undefined) return {};
  return { link: `<${path}?n=${limit}&last=${encodeURIComponent(last)}>; rel="next"` };
}

async function manifestUnknown(
  request: OciRequest,
  repository: string,
  reference: ManifestRecord['digest'],
): Promise<OciError> {
  if ((await request.floor.repositories.find(repository)) === undefined) return nameUnknown(repository);
  return new OciError('MANIFEST_UNKNOWN', 'The repository has no such manifest.', { detail: { reference } });
}
