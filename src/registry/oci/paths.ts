/**
 * What a path of the distribution API names. A repository's name may hold any words, also `blobs` and `manifests`: what follows it is told from
 * the end.
 */
import { isDigest } from '../format/digest.ts';
import { isRepositoryName, isTag } from '../format/names.ts';
import { OciError } from './oci-error.ts';

export type OciTarget =
  | { readonly kind: 'version' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly upload: string }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: string }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: string };

export const apiPrefix = '/v2/';

const paths =
  /^(.+)\/(?:(blobs\/uploads)\/?|blobs\/uploads\/([^/]+)|blobs\/([^/]+)|manifests\/([^/]+)|(tags\/list)|referrers\/([^/]+))$/;

/** Throws an OciError. */
export function targetOf(rawPath: string): OciTarget {
  const path = decoded(rawPath.slice(apiPrefix.length));
  if (path === '') return { kind: 'version' };
  if (path === '_catalog') return { kind: 'catalog' };
  const match = paths.exec(path);
  if (match === null) throw new OciError('UNSUPPORTED', 'The distribution API has no such path.');
  const [, repository = '', uploads, upload, blob, reference, tags, subject] = match;
  if (!isRepositoryName(repository)) {
    throw new OciError('NAME_INVALID', 'This is no name of a repository.');
  }
  if (uploads !== undefined) return { kind: 'uploads', repository };
  if (upload !== undefined) return { kind: 'upload', repository, upload };
  if (blob !== undefined) return { kind: 'blob', repository, digest: checkedDigest(blob) };
  if (tags !== undefined) return { kind: 'tags', repository };
  if (subject !== undefined) return { kind: 'referrers', repository, digest: checkedDigest(subject) };
  if (reference === undefined || !(isTag(reference) || isDigest(reference))) {
    if (reference?.includes(':'))
      return { kind: 'manifest', repository, reference: checkedDigest(reference) };
    throw new OciError('TAG_INVALID', 'A manifest is named by a tag or a digest.');
  }
  return { kind: 'manifest', repository, reference };
}

export function checkedDigest(text: string): string {
  if (isDigest(text)) return text;
  throw new OciError('DIGEST_INVALID', 'A digest has the form sha256:<64 hex digits>.');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new OciError('NAME_INVALID', 'The path is not percent-encoded UTF-8.');
  }
}
