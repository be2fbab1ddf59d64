/** Where archives are downloaded from. */
import { codeOfArchivePath } from '#code';
import type { Blobs } from '#platform';
import { linkedRoute, type Links, type OpenRoute } from '#wire';

/** GetFunction's Code.Location: the archive, for whoever holds the link. */
export function archiveRoute(links: Links, blobs: Blobs): OpenRoute {
  return linkedRoute('/code/', links, async ({ rawPath }) => {
    const code = codeOfArchivePath(rawPath);
    const info = code && (await blobs.info(code.blobKey));
    const body = info && (await blobs.stream(info.key));
    if (info === undefined || body === undefined)
      return { kind: 'answer', statusCode: 404, headers: {}, body: undefined };
    const headers = { 'content-type': 'application/zip', 'content-length': String(info.sizeBytes) };
    return { kind: 'answer', statusCode: 200, headers, body };
  });
}
