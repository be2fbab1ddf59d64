/** What is written down of a manifest that is put, and how one is refused. */
import { FormatError } from '../format/format-error.ts';
import { type Manifest, parseManifest } from '../format/manifest.ts';
import { isForeignLayer } from '../format/media-types.ts';
import { OciError } from '../oci/oci-error.ts';
import type { ManifestRecord, ReferrerRecord } from './records.ts';

/** Throws an OciError. */
export function parsed(bytes: Uint8Array, contentType: string | undefined): Manifest {
  try {
    return parseManifest(bytes, contentType);
  } catch (error) {
    if (error instanceof FormatError) throw new OciError('MANIFEST_INVALID', error.message);
    throw error;
  }
}

export function recordOf(
  manifest: Manifest,
  digest: string,
  sizeBytes: number,
  pushedAtMs: number,
): ManifestRecord {
  const { mediaType, artifactType, subject } = manifest;
  const common = { digest, mediaType, artifactType, sizeBytes, pushedAtMs, subject };
  if (manifest.kind === 'index') {
    const manifests = [...new Set(manifest.manifests.map((entry) => entry.digest))];
    return { ...common, contents: [], manifests, layersBytes: 0 };
  }
  const kept = [manifest.config, ...manifest.layers].filter(({ mediaType }) => !isForeignLayer(mediaType));
  return {
    ...common,
    artifactType: artifactType ?? manifest.config.mediaType,
    contents: [...new Set(kept.map((blob) => blob.digest))],
    manifests: [],
    layersBytes: manifest.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
  };
}

export function referrerOf({ annotations }: Manifest, record: ManifestRecord): ReferrerRecord {
  const { digest, mediaType, sizeBytes, artifactType } = record;
  return { digest, mediaType, sizeBytes, artifactType, annotations };
}

export function blobUnknown(digest: string, what: 'blob' | 'manifest'): OciError {
  return new OciError(
    'MANIFEST_BLOB_UNKNOWN',
    `The manifest names a ${what} that the repository does not have.`,
    {
      detail: { digest },
    },
  );
}

export function sizeInvalid(digest: string): OciError {
  return new OciError('MANIFEST_INVALID', 'The manifest gives a size that is not that of the content.', {
    detail: { digest },
  });
}

export function nameUnknown(repository: string): OciError {
  return new OciError('NAME_UNKNOWN', `The repository with name '${repository}' does not exist.`, {
    detail: { name: repository },
  });
}

export function immutable(repository: string, tag: string): OciError {
  return new OciError(
    'TAG_INVALID',
    `The image tag '${tag}' already exists in the '${repository}' repository and cannot be overwritten because the tag is immutable.`,
  );
}
