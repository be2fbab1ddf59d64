/** From a tag or digest to one image: the index's entry for the architecture, its manifest, its config. */
import { parseConfig, type ImageConfig } from '../format/config.ts';
import { FormatError } from '../format/format-error.ts';
import { type ImageManifest, type IndexManifest, parseManifest } from '../format/manifest.ts';
import { configTypes, layerTypes } from '../format/media-types.ts';
import type { ImageArchitecture } from '../image-source.ts';
import { registryLimits } from '../limits.ts';
import type { Origin } from './origin.ts';
import { imageInvalid, imageUnsupported } from './problems.ts';

export interface FoundImage {
  readonly digest: string;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  /** The layers as they travel. */
  readonly compressedBytes: number;
}

const goNames: Readonly<Record<ImageArchitecture, string>> = { x86_64: 'amd64', arm64: 'arm64' };

/** Indexes in indexes that are followed. */
const indexesMax = 2;

/** `architecture` undefined: whatever it is for, but no index. Rejects with an ImageProblem. */
export async function findImage(
  origin: Origin,
  wanted: {
    readonly imageUri: string;
    readonly reference: string;
    readonly architecture: ImageArchitecture | undefined;
  },
  signal: AbortSignal,
): Promise<FoundImage> {
  const { imageUri, architecture } = wanted;
  let { reference } = wanted;
  for (let indexes = 0; indexes <= indexesMax; indexes += 1) {
    const fetched = await origin.manifest(reference, signal);
    const manifest = understood(imageUri, () => parseManifest(fetched.bytes, fetched.contentType));
    if (manifest.kind === 'image') {
      const config = await configOf(origin, manifest, imageUri, signal);
      if (architecture !== undefined) checkPlatform(config, architecture, imageUri);
      const compressedBytes = manifest.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0);
      return { digest: fetched.digest, manifest, config, compressedBytes };
    }
    if (architecture === undefined) throw imageInvalid(imageUri, 'its digest is that of an index.');
    reference = entryFor(manifest, architecture, imageUri);
  }
  throw imageInvalid(imageUri, 'it is an index of indexes of indexes.');
}

function checkPlatform({ os, architecture }: ImageConfig, wanted: ImageArchitecture, imageUri: string): void {
  if (os === 'linux' && architecture === goNames[wanted]) return;
  throw imageInvalid(imageUri, `it is for ${os}/${architecture}, the function's architecture is ${wanted}.`);
}

function entryFor(index: IndexManifest, architecture: ImageArchitecture, imageUri: string): string {
  const entries = index.manifests.filter(({ isAttestation }) => !isAttestation);
  const fitting = entries.find(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === goNames[architecture],
  );
  // An index that says nothing of platforms and has one image means that one.
  const [only, ...others] = entries;
  const entry = fitting ?? (others.length === 0 && only?.platform === undefined ? only : undefined);
  if (entry === undefined) throw imageInvalid(imageUri, `it has no image for linux and ${architecture}.`);
  return entry.digest;
}

async function configOf(
  origin: Origin,
  manifest: ImageManifest,
  imageUri: string,
  signal: AbortSignal,
): Promise<ImageConfig> {
  const { config: blob, layers } = manifest;
  if (!configTypes.has(blob.mediaType)) throw imageUnsupported(imageUri);
  if (layers.some(({ mediaType }) => !layerTypes.has(mediaType))) throw imageUnsupported(imageUri);
  if (blob.sizeBytes > registryLimits.manifestBytesMax)
    throw imageInvalid(imageUri, 'its config is too large.');
  if (layers.some(({ sizeBytes }) => sizeBytes > registryLimits.blobBytesMax)) {
    throw imageInvalid(imageUri, 'a layer is too large.');
  }
  const bytes = await origin.small(blob, signal);
  const config = understood(imageUri, () => parseConfig(bytes));
  if (config.diffIds.length !== layers.length) {
    throw imageInvalid(imageUri, 'its config and its manifest do not have the same number of layers.');
  }
  return config;
}

function understood<Result>(imageUri: string, parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FormatError) throw imageInvalid(imageUri, `${error.message}.`, error);
    throw error;
  }
}
