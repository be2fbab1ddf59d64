/** What is told of an image that cannot be had, in AWS's words where they are known. */
import { ImageProblem } from '../image-source.ts';

export function imageMissing(imageUri: string): ImageProblem {
  return new ImageProblem(
    'ImageDeleted',
    `Source image ${imageUri} does not exist. Provide a valid source image.`,
  );
}

export function imageDenied(imageUri: string, why: string): ImageProblem {
  return new ImageProblem(
    'ImageAccessDenied',
    `Lambda does not have permission to access the source image ${imageUri}: ${why}`,
  );
}

export function imageInvalid(imageUri: string, why: string, cause?: unknown): ImageProblem {
  return new ImageProblem('InvalidImage', `Source image ${imageUri} is not valid: ${why}`, { cause });
}

/** A form of images that is known, but cannot be run. */
export function imageUnsupported(imageUri: string): ImageProblem {
  return new ImageProblem(
    'InvalidImage',
    `The image manifest, config or layer media type for the source image ${imageUri} is not supported.`,
  );
}

/** The other side, the network or the store failed: the same may work later. */
export function imageUnreachable(imageUri: string, why: string, cause?: unknown): ImageProblem {
  return new ImageProblem('InternalError', `The source image ${imageUri} could not be read: ${why}`, {
    cause,
  });
}
