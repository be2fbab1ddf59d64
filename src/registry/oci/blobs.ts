/** Blobs on the wire: looked for, read whole or in part, and taken away. */
import type { HostAnswer } from '#wire';
import { OciError } from './oci-error.ts';
import { readRange } from './ranges.ts';
import { answer, type OciRequest } from './request.ts';

export async function workOnBlob(
  request: OciRequest,
  repository: string,
  digest: string,
): Promise<HostAnswer> {
  const { contents, deletions } = request.floor;
  switch (request.method) {
    case 'HEAD':
    case 'GET': {
      const isRead = request.method === 'GET';
      request.authorize(isRead ? 'GetDownloadUrlForLayer' : 'BatchCheckLayerAvailability', repository);
      const content = await contents.use(repository, digest);
      if (content === undefined) throw blobUnknown(digest);
      const headers = {
        'content-type': 'application/octet-stream',
        'docker-content-digest': digest,
        'accept-ranges': 'bytes',
        etag: `"${digest}"`,
      };
      const { sizeBytes } = content;
      if (!isRead) return answer(200, { ...headers, 'content-length': String(sizeBytes) });
      const range = readRange(request.header('range'), sizeBytes);
      const { start, end } = range ?? { start: 0, end: sizeBytes };
      const body = contents.stream(content, { start, end });
      const length = { 'content-length': String(end - start) };
      if (range === undefined) return answer(200, { ...headers, ...length }, body);
      const part = { 'content-range': `bytes ${start}-${end - 1}/${sizeBytes}` };
      return answer(206, { ...headers, ...length, ...part }, body);
    }
    case 'DELETE':
      request.authorize('BatchDeleteImage', repository);
      switch (await deletions.deleteBlob(repository, digest)) {
        case 'deleted':
          return answer(202, { 'content-length': '0' });
        case 'absent':
          throw blobUnknown(digest);
        case 'named':
          throw new OciError('UNSUPPORTED', 'A manifest of the repository needs this blob.');
      }
    // falls through: all outcomes are above
    default:
      throw new OciError('UNSUPPORTED', 'Blobs are served by GET, HEAD and DELETE.');
  }
}

function blobUnknown(digest: string): OciError {
  return new OciError('BLOB_UNKNOWN', 'The repository does not have this blob.', { detail: { digest } });
}
