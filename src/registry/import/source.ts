/** The face that the control plane knows: an ImageUri becomes a digest, and a digest a stored image. */
import { FormatError } from '../format/format-error.ts';
import { isDigest } from '../format/digest.ts';
import { ecrPlace, type ImageReference, parseReference, repositoryPart } from '../format/reference.ts';
import {
  type ImageArchitecture,
  ImageProblem,
  type ImageSource,
  type ResolvedImage,
} from '../image-source.ts';
import type { Contents } from '../store/contents.ts';
import type { Repositories } from '../store/repositories.ts';
import type { Importer } from './importer.ts';
import type { Origin } from './origin.ts';
import { OwnOrigin } from './own-origin.ts';
import { imageInvalid, imageUnreachable } from './problems.ts';
import { findImage } from './resolve.ts';

export interface ImageSourceOptions {
  readonly accountId: string;
  readonly region: string;
  readonly importer: Importer;
  readonly own: { readonly repositories: Repositories; readonly contents: Contents };
  /** Whether a registry's name (host with port, in lower case) is this service's own. */
  readonly isOwn: (registry: string) => boolean;
  /** Aborts when the service stops. */
  readonly closing: AbortSignal;
  readonly openRemote: (reference: ImageReference, imageUri: string) => Origin;
}

export function createImageSource(options: ImageSourceOptions): ImageSource {
  const { accountId, region, importer, own } = options;
  const open = (imageUri: string): { readonly reference: ImageReference; readonly origin: Origin } => {
    let reference: ImageReference;
    try {
      reference = parseReference(imageUri);
    } catch (error) {
      throw error instanceof FormatError ? imageInvalid(imageUri, `${error.message}.`) : error;
    }
    const { registry, repository } = reference;
    const place = ecrPlace(registry);
    const isEcrHere = place?.accountId === accountId && place.region === region;
    const origin =
      isEcrHere || options.isOwn(registry)
        ? new OwnOrigin(own, repository, imageUri)
        : options.openRemote(reference, imageUri);
    return { reference, origin };
  };

  return {
    async resolve(
      imageUri: string,
      architecture: ImageArchitecture,
      signal?: AbortSignal,
    ): Promise<ResolvedImage> {
      return told(imageUri, signal, options.closing, async (abort) => {
        const { reference, origin } = open(imageUri);
        const wanted = { imageUri, reference: reference.digest ?? reference.tag ?? 'latest', architecture };
        const found = await findImage(origin, wanted, abort);
        return {
          imageUri,
          resolvedImageUri: `${repositoryPart(imageUri)}@${found.digest}`,
          digest: found.digest,
          compressedBytes: found.compressedBytes,
          config: found.config.defaults,
        };
      });
    },

    async store(image, reference, signal) {
      const { imageUri, resolvedImageUri, digest } = image;
      if (!isDigest(digest)) throw imageInvalid(imageUri, 'it has no digest.');
      return importer.store(
        {
          imageUri,
          digest,
          layers: async (abort) => {
            const { origin } = open(resolvedImageUri);
            // Which architecture it is for was looked at when it was resolved.
            const pinned = { imageUri, reference: digest, architecture: undefined };
            const { manifest, config } = await findImage(origin, pinned, abort);
            return manifest.layers.map((layer, index) => ({
              digest: layer.digest,
              diffId: config.diffIds[index] ?? '',
              open: () => origin.layer(layer, abort),
            }));
          },
        },
        reference,
        signal,
      );
    },

    release: (imageId, reference) => importer.release(imageId, reference),
  };
}

async function told<Result>(
  imageUri: string,
  signal: AbortSignal | undefined,
  closing: AbortSignal,
  work: (abort: AbortSignal) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(signal === undefined ? AbortSignal.any([closing]) : AbortSignal.any([signal, closing]));
  } catch (error) {
    if (error instanceof ImageProblem) throw error;
    if (signal?.aborted === true) throw signal.reason;
    const why = closing.aborted ? 'the service is stopping.' : 'an internal error occurred.';
    throw imageUnreachable(imageUri, why, error);
  }
}
