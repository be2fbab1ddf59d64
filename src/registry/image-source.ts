/** What becomes of an ImageUri: it is resolved and pinned, then the image is stored. The face that the control plane knows. */

export type ImageArchitecture = 'x86_64' | 'arm64';

/** What the image's config says about running it. */
export interface ImageDefaults {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | undefined;
}

/** What an ImageUri meant when it was resolved. */
export interface ResolvedImage {
  /** As given. */
  readonly imageUri: string;
  /** `repository@sha256:<hex>`, of the manifest that is used. */
  readonly resolvedImageUri: string;
  /** Of the manifest that is used: `sha256:<hex>`. */
  readonly digest: string;
  /** The layers as they travel, together: CodeSize. */
  readonly compressedBytes: number;
  readonly config: ImageDefaults;
}

/** What Lambda reports as StateReasonCode. */
export type ImageProblemCode = 'InvalidImage' | 'ImageAccessDenied' | 'ImageDeleted' | 'InternalError';

/** Why an image cannot be had. The message is for the function's owner, and tells nothing of our own faults. */
export class ImageProblem extends Error {
  override readonly name = 'ImageProblem';
  readonly code: ImageProblemCode;

  constructor(code: ImageProblemCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface ImageSource {
  /** Rejects with an ImageProblem, or with the signal's reason. */
  resolve(imageUri: string, architecture: ImageArchitecture, signal?: AbortSignal): Promise<ResolvedImage>;
  /**
   * Pulls, verifies, flattens and stores the image (nothing new if an equal one is there), and refers to it by `reference`. Rejects with an
   * ImageProblem, or with the signal's reason; what is left then is collected.
   */
  store(
    image: ResolvedImage,
    reference: string,
    signal?: AbortSignal,
  ): Promise<{ readonly imageId: string; readonly unpackedBytes: number }>;
  /** Gives a reference back; the image goes with its last one. */
  release(imageId: string, reference: string): Promise<void>;
}
