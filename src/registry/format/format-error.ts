/** What is wrong with a manifest, config or name that somebody else made. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}
