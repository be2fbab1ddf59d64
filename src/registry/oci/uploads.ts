/**
 * Uploads on the wire.
 *
 *     POST   /blobs/uploads/                    begin; ?digest= with the blob: all at once; ?mount=&from=: take it from another repository
 *     PATCH  /blobs/uploads/<upload>            a piece, with Content-Range or where it stands
 *     PUT    /blobs/uploads/<upload>?digest=    the rest, and the end
 *     GET    /blobs/uploads/<upload>            how far it has come
 *     DELETE /blobs/uploads/<upload>            no more
 */
import type { HostAnswer } from '#wire';
import { isDigest } from '../format/digest.ts';
import { isRepositoryName } from '../format/names.ts';
import { uploadHeaders } from '../store/uploads.ts';
import { OciError } from './oci-error.ts';
import { checkedDigest } from './paths.ts';
import { pieceStart } from './ranges.ts';
import { ensureRepository } from './repository.ts';
import { answer, type OciRequest } from './request.ts';

export async function beginUpload(request: OciRequest, repository: string): Promise<HostAnswer> {
  const { query } = request;
  const { uploads, contents } = request.floor;
  request.authorize('InitiateLayerUpload', repository);
  await ensureRepository(request, repository);
  const [mount, from, digest] = [query.get('mount'), query.get('from'), query.get('digest')];
  if (
    mount !== null &&
    from !== null &&
    isDigest(mount) &&
    isRepositoryName(from) &&
    mayRead(request, from)
  ) {
    if (await contents.mount(repository, mount, from)) return created(repository, mount);
  }
  if (digest === null) {
    const upload = await uploads.open(repository);
    return answer(202, { ...uploadHeaders(repository, upload, 0), 'content-length': '0' });
  }
  request.authorize('CompleteLayerUpload', repository);
  const wanted = checkedDigest(digest);
  const upload = await uploads.open(repository);
  try {
    await uploads.finish(repository, upload, wanted, { start: 0, body: request.body() });
  } catch (error) {
    // Nobody was told of it, so nobody can go on with it.
    await uploads.cancel(repository, upload).catch(() => {});
    throw error;
  }
  return created(repository, wanted);
}

export async function workOnUpload(
  request: OciRequest,
  repository: string,
  upload: string,
): Promise<HostAnswer> {
  const { query, stream } = request;
  const { uploads } = request.floor;
  switch (request.method) {
    case 'PATCH': {
      request.authorize('UploadLayerPart', repository);
      const start = pieceStart(request.header('content-range'), stream.contentLength);
      const sizeBytes = await uploads.append(repository, upload, start, request.body());
      return answer(202, { ...uploadHeaders(repository, upload, sizeBytes), 'content-length': '0' });
    }
    case 'PUT': {
      request.authorize('CompleteLayerUpload', repository);
      const digest = checkedDigest(query.get('digest') ?? '');
      const start = pieceStart(request.header('content-range'), stream.contentLength);
      const rest = stream.contentLength === 0 ? undefined : { start, body: request.body() };
      await uploads.finish(repository, upload, digest, rest);
      return created(repository, digest);
    }
    case 'GET':
    case 'HEAD': {
      request.authorize('UploadLayerPart', repository);
      return answer(204, uploadHeaders(repository, upload, await uploads.sizeOf(repository, upload)));
    }
    case 'DELETE':
      request.authorize('UploadLayerPart', repository);
      await uploads.cancel(repository, upload);
      return answer(204);
    default:
      throw new OciError('UNSUPPORTED', 'An upload is not worked on by this method.');
  }
}

/** Whoever may not is told nothing: the upload simply begins. */
function mayRead(request: OciRequest, repository: string): boolean {
  try {
    request.authorize('GetDownloadUrlForLayer', repository);
    return true;
  } catch {
    return false;
  }
}

function created(repository: string, digest: string): HostAnswer {
  return answer(201, {
    location: `/v2/${repository}/blobs/${digest}`,
    'docker-content-digest': digest,
    'content-length': '0',
  });
}
