/**
 * Fetches archives from S3, or from what speaks like it. The client is loaded at the first fetch: most Lambkins never need it.
 * An answer is counted while it is read, and whoever asks gets one of the outcomes below, never an exception of the client.
 */
import type * as Sdk from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import { Turns } from '#lib/turns';
import type { Clock } from '#platform';
import {
  fetchConnectMsMax,
  fetchedArchiveBytesMax,
  fetchesMax,
  fetchesQueuedMax,
  fetchIdleMsMax,
  fetchMsMax,
} from '../limits.ts';

export interface S3Location {
  readonly bucket: string;
  readonly key: string;
  readonly version: string | undefined;
}

export type FetchOutcome =
  | { readonly kind: 'fetched'; readonly archive: Uint8Array }
  /** No endpoint was configured. */
  | { readonly kind: 'no-endpoint' }
  /** Neither the environment nor a profile has credentials for S3. */
  | { readonly kind: 'no-credentials' }
  /** S3's own refusal, by its code (`NoSuchKey`) and message. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'too-large'; readonly bytesMax: number }
  /** Too many fetches wait already. */
  | { readonly kind: 'busy' }
  /** S3 could not be reached, was too slow, or has trouble of its own. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface S3ArchivesOptions {
  /** `http://127.0.0.1:9010`; undefined: none is configured. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly clock: Clock;
  /** Absent: those of Lambkin's own environment or profile. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

interface Opened {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
}

export class S3Archives {
  readonly #options: S3ArchivesOptions;
  #opened: Promise<Opened> | undefined;
  readonly #fetches = new Turns(fetchesMax, fetchesQueuedMax);

  constructor(options: S3ArchivesOptions) {
    this.#options = options;
  }

  async fetch(location: S3Location): Promise<FetchOutcome> {
    const { endpoint } = this.#options;
    if (endpoint === undefined) return { kind: 'no-endpoint' };
    if (this.#fetches.isFull) return { kind: 'busy' };
    return this.#fetches.run(() => this.#fetch(location, endpoint));
  }

  async close(): Promise<void> {
    (await this.#opened?.catch(() => undefined))?.client.destroy();
  }

  async #fetch({ bucket, key, version }: S3Location, endpoint: string): Promise<FetchOutcome> {
    const ending = new AbortController();
    const cancel = this.#options.clock.after(fetchMsMax, () => ending.abort());
    try {
      this.#opened ??= open(this.#options, endpoint);
      const { sdk, client } = await this.#opened;
      const { Body, ContentLength } = await client.send(
        new sdk.GetObjectCommand({ Bucket: bucket, Key: key, VersionId: version }),
        { abortSignal: ending.signal },
      );
      if ((ContentLength ?? 0) > fetchedArchiveBytesMax) {
        ending.abort();
        return { kind: 'too-large', bytesMax: fetchedArchiveBytesMax };
      }
      const archive = await read(Body as Readable, ending.signal);
      if (archive === undefined) ending.abort();
      return archive === undefined
        ? { kind: 'too-large', bytesMax: fetchedArchiveBytesMax }
        : { kind: 'fetched', archive };
    } catch (error) {
      return trouble(error, endpoint, ending.signal.aborted);
    } finally {
      cancel();
    }
  }
}

async function open({ region, credentials }: S3ArchivesOptions, endpoint: string): Promise<Opened> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client({
    endpoint,
    region,
    ...(credentials === undefined ? {} : { credentials }),
    // Servers on a host of one's own seldom have a name for each bucket, and not all know the newer checksums.
    forcePathStyle: true,
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: fetchConnectMsMax,
      requestTimeout: fetchIdleMsMax,
      throwOnRequestTimeout: true,
      socketTimeout: fetchIdleMsMax,
    },
  });
  return { sdk, client };
}

/** undefined: more than an archive may have. */
async function read(body: Readable, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  signal.addEventListener('abort', () => body.destroy(), { once: true });
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    if (bytes > fetchedArchiveBytesMax) return undefined;
    pieces.push(piece);
  }
  signal.throwIfAborted();
  return Buffer.concat(pieces);
}

function trouble(error: unknown, endpoint: string, timedOut: boolean): FetchOutcome {
  if (timedOut) {
    return {
      kind: 'unavailable',
      reason: `${endpoint} did not send the object within ${fetchMsMax / 1000} s`,
    };
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === 'CredentialsProviderError') return { kind: 'no-credentials' };
  if (statusOf(error) < 500) return { kind: 'refused', code: name, message };
  return { kind: 'unavailable', reason: `${endpoint}: ${message === '' ? name : message}` };
}

/** Of an answer that S3 gave as an error; Infinity for errors that are none of S3's. */
function statusOf(error: unknown): number {
  if (!(error instanceof Error) || !('$metadata' in error) || !('$fault' in error)) return Infinity;
  const { httpStatusCode } = error.$metadata as { readonly httpStatusCode?: number };
  return httpStatusCode ?? Infinity;
}
