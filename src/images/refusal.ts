/** Why layers are not made into an image: they are broken, hostile, too large, or use what an image cannot hold. */

export type RefusalReason =
  /** The bytes are not what they claim to be: archive, compression or digest. */
  | 'malformed'
  /** Sound, but with something that an image must not have: a device, a name that leads outside, ... */
  | 'forbidden'
  /** A bound of limits.ts is exceeded. */
  | 'too-large';

export class ImageRefusal extends Error {
  override readonly name = 'ImageRefusal';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

export const malformed = (message: string): ImageRefusal => new ImageRefusal('malformed', message);
export const forbidden = (message: string): ImageRefusal => new ImageRefusal('forbidden', message);
export const tooLarge = (message: string): ImageRefusal => new ImageRefusal('too-large', message);

/** Names in messages: escaped, so that a hostile one cannot write into logs, and short. */
export function shown(name: string): string {
  const short = name.length > 120 ? `${name.slice(0, 120)}...` : name;
  return JSON.stringify(Buffer.from(short, 'latin1').toString('utf8'));
}
