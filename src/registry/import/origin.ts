/** Where images come from: another registry over the network, or the own one, straight from its store. */
import type { Descriptor } from '../format/manifest.ts';

export interface FetchedManifest {
  readonly bytes: Buffer;
  /** What the sender calls it. */
  readonly contentType: string | undefined;
  /** Of the bytes, checked. */
  readonly digest: string;
}

export interface Origin {
  /** By tag or digest. Rejects with an ImageProblem. */
  manifest(reference: string, signal: AbortSignal): Promise<FetchedManifest>;
  /** A small blob as a whole, its digest checked. Rejects with an ImageProblem. */
  small(blob: Descriptor, signal: AbortSignal): Promise<Buffer>;
  /** A layer as it travels; whoever reads it checks its digest. Throws ImageProblems. */
  layer(blob: Descriptor, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
