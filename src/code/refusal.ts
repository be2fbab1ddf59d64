/** Why an archive is not taken. Thrown while it is read, and turned into an outcome at the face of the component. */
import { unpackedBytesLimit } from './limits.ts';

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: 'invalid' | 'too-large';
  /** What exactly was wrong, for logs and tests; `message` is what the client is told. */
  readonly detail: string;

  constructor(reason: 'invalid' | 'too-large', message: string, detail: string) {
    super(message);
    this.reason = reason;
    this.detail = detail;
  }
}

/** AWS's answer to everything that is not a sound archive. */
export const invalidMessage =
  'Could not unzip uploaded file. Please check your file, then try to upload again.';
export const emptyMessage = 'Uploaded file must be a non-empty zip';
export const unpackedTooLargeMessage = `Unzipped size must be smaller than ${unpackedBytesLimit} bytes`;

/** Makes the refusal of an archive that is broken or hostile. */
export const invalid = (detail: string): Refusal => new Refusal('invalid', invalidMessage, detail);

export const tooLarge = (detail: string): Refusal =>
  new Refusal('too-large', unpackedTooLargeMessage, detail);
