/**
 * Blobs: the port for large immutable pieces (code archives, image chunks), addressed by a key that the writer chooses.
 *
 * Keys are 1..512 characters of `[a-zA-Z0-9._/-]`, without empty, `.` or `..` segments, and each segment at most 120 characters.
 */

export interface BlobInfo {
  readonly key: string;
  readonly sizeBytes: number;
}

export interface Blobs {
  /**
   * Stores the bytes under `key` unless something is there already (which is then left as it is). Resolves once durable; a reader sees
   * all of it or nothing. A stream that fails leaves nothing behind.
   */
  putIfAbsent(key: string, body: Uint8Array | AsyncIterable<Uint8Array>): Promise<'stored' | 'present'>;
  /** The bytes from `start` (inclusive) to `end` (exclusive, default the end of the blob), or undefined where there is no such blob. */
  get(
    key: string,
    range?: { readonly start: number; readonly end?: number },
  ): Promise<Uint8Array | undefined>;
  /** Like `get`, as a stream. */
  stream(
    key: string,
    range?: { readonly start: number; readonly end?: number },
  ): Promise<AsyncIterable<Uint8Array> | undefined>;
  info(key: string): Promise<BlobInfo | undefined>;
  /** Deleting what is not there is not an error. */
  delete(key: string): Promise<void>;
  /** In ascending order of key; `after` is exclusive; at most `limit` (1..1000, default 1000). */
  list(
    prefix: string,
    options?: { readonly after?: string; readonly limit?: number },
  ): Promise<readonly BlobInfo[]>;
}
