/**
 * Images of another registry. Requests are made again after failures that may pass; a layer goes on where it broke off. What a registry answers is
 * believed only as far as digests and sizes bear it out.
 */
import { pause, type Clock, type Random } from '#platform';
import { parseChallenge } from '../format/challenge.ts';
import { digestOf, isDigest } from '../format/digest.ts';
import { FormatError } from '../format/format-error.ts';
import type { Descriptor } from '../format/manifest.ts';
import { accepted } from '../format/media-types.ts';
import type { ImageReference } from '../format/reference.ts';
import { ImageProblem } from '../image-source.ts';
import type { FetchedManifest, Origin } from '../import/origin.ts';
import { imageDenied, imageInvalid, imageMissing, imageUnreachable } from '../import/problems.ts';
import { pullLimits, registryLimits } from '../limits.ts';
import { ForbiddenAddressError, isLocalName } from './addresses.ts';
import type { FindCredentials, RegistryCredentials } from './credentials-file.ts';
import { type HttpAnswer, type HttpClient, HttpProtocolError, smallBody } from './http-client.ts';
import { basic, TokenRefusedError, type Tokens } from './tokens.ts';

export interface RemoteParts {
  readonly http: HttpClient;
  readonly tokens: Tokens;
  readonly credentials: FindCredentials;
  readonly clock: Clock;
  readonly random: Random;
}

/** An answer that may be another one the next time. */
class PassingError extends Error {}

export class RemoteOrigin implements Origin {
  readonly #parts: RemoteParts;
  readonly #reference: ImageReference;
  readonly #imageUri: string;
  readonly #base: URL;

  constructor(parts: RemoteParts, reference: ImageReference, imageUri: string) {
    this.#parts = parts;
    this.#reference = reference;
    this.#imageUri = imageUri;
    const { registry, repository } = reference;
    const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
    const name = URL.parse(`https://${host}`)?.hostname ?? '';
    const base = URL.parse(`${isLocalName(name) ? 'http' : 'https'}://${host}/v2/${repository}/`);
    if (base === null) throw imageInvalid(imageUri, 'its registry is no host.');
    this.#base = base;
  }

  async manifest(reference: string, signal: AbortSignal): Promise<FetchedManifest> {
    const { manifestBytesMax } = registryLimits;
    return this.#repeated(signal, async () => {
      const answer = await this.#get(`manifests/${reference}`, { accept: accepted }, signal);
      const bytes = await smallBody(answer, manifestBytesMax);
      const digest = digestOf(bytes);
      if (isDigest(reference) && digest !== reference) {
        throw imageInvalid(this.#imageUri, 'the registry gave a manifest of another digest.');
      }
      const type = answer.headers['content-type'];
      return { bytes, contentType: typeof type === 'string' ? type : undefined, digest };
    });
  }

  async small(blob: Descriptor, signal: AbortSignal): Promise<Buffer> {
    return this.#repeated(signal, async () => {
      const answer = await this.#get(`blobs/${blob.digest}`, {}, signal);
      const bytes = await smallBody(answer, Math.min(blob.sizeBytes, registryLimits.manifestBytesMax));
      if (digestOf(bytes) !== blob.digest) {
        throw imageInvalid(this.#imageUri, 'the registry gave a config of another digest.');
      }
      return bytes;
    });
  }

  async *layer(blob: Descriptor, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const { sizeBytes } = blob;
    let offset = 0;
    for (let attempt = 1; offset < sizeBytes || attempt === 1; attempt += 1) {
      const before = offset;
      try {
        for await (const piece of this.#from(blob, offset, signal)) {
          offset += piece.length;
          if (offset > sizeBytes)
            throw imageInvalid(this.#imageUri, 'a layer is longer than its manifest says.');
          yield piece;
        }
        if (offset === sizeBytes) return;
        throw new PassingError('a layer ended early');
      } catch (error) {
        // What came on the way counts as a beginning of its own.
        if (offset > before) attempt = 1;
        await this.#afterFailure(error, attempt, signal);
      }
    }
  }

  async *#from(blob: Descriptor, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const answer = await this.#get(`blobs/${blob.digest}`, headers, signal);
    // Who does not serve ranges begins again at the start.
    let skipped = answer.statusCode === 206 ? offset : 0;
    if (answer.statusCode === 206) {
      const start = /^bytes (\d+)-/.exec(String(answer.headers['content-range']))?.[1];
      if (Number(start) !== offset) throw new HttpProtocolError('a registry answered with another range');
    }
    for await (const piece of answer.body) {
      const rest = piece.subarray(Math.min(offset - skipped, piece.length));
      skipped += piece.length - rest.length;
      if (rest.length > 0) yield rest;
    }
  }

  /** The answer, if it is a good one. */
  async #get(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const { tokens, http } = this.#parts;
    const url = new URL(path, this.#base);
    const credentials = await this.#credentials();
    const place = [this.#base.host, this.#reference.repository, credentials?.user ?? ''].join(' ');
    let token = tokens.known(place);
    let authorization = token === undefined ? undefined : `Bearer ${token}`;
    for (let challenged = 0; ; challenged += 1) {
      const answer = await http.get({
        url,
        headers: { ...headers, ...(authorization !== undefined && { authorization }) },
        signal,
      });
      if (answer.statusCode !== 401) return this.#checked(answer);
      answer.close();
      tokens.forget(place);
      const challenge = parseChallenge(answer.headers['www-authenticate']);
      // One that was kept may have ended before its time, so there is one more.
      if (challenged === 1 || challenge === undefined) throw this.#denied(401, credentials);
      if (challenge.scheme === 'basic') {
        if (credentials === undefined) throw this.#denied(401, credentials);
        authorization = basic(credentials);
        continue;
      }
      const scope = `repository:${this.#reference.repository}:pull`;
      token = await tokens.fetch(place, challenge, this.#base, scope, credentials, signal);
      authorization = `Bearer ${token}`;
    }
  }

  #checked(answer: HttpAnswer): HttpAnswer {
    const { statusCode } = answer;
    if (statusCode === 200 || statusCode === 206) return answer;
    answer.close();
    if (statusCode === 404) throw imageMissing(this.#imageUri);
    if (statusCode === 403) throw this.#denied(403, undefined);
    if (statusCode === 429 || statusCode >= 500)
      throw new PassingError(`the registry answered ${statusCode}`);
    throw new HttpProtocolError(`the registry answered ${statusCode}`);
  }

  async #credentials(): Promise<RegistryCredentials | undefined> {
    try {
      return await this.#parts.credentials(this.#reference.registry);
    } catch (error) {
      const why =
        error instanceof FormatError ? error.message : 'the file of registry credentials cannot be read';
      throw imageDenied(this.#imageUri, `${why}.`);
    }
  }

  #denied(statusCode: number, credentials: RegistryCredentials | undefined): ImageProblem {
    const how = credentials === undefined ? 'without credentials' : `as ${JSON.stringify(credentials.user)}`;
    return imageDenied(this.#imageUri, `its registry answered ${statusCode} ${how}.`);
  }

  async #repeated<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        await this.#afterFailure(error, attempt, signal);
      }
    }
  }

  /** Resolves when it is time for the next attempt; rejects where there is none. */
  async #afterFailure(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (error instanceof ImageProblem) throw error;
    if (error instanceof TokenRefusedError) throw imageDenied(this.#imageUri, `${error.message}.`);
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof HttpProtocolError) throw imageInvalid(this.#imageUri, `${why}.`, error);
    if (error instanceof ForbiddenAddressError) throw imageDenied(this.#imageUri, `${why}.`);
    if (attempt >= pullLimits.attemptsMax) throw imageUnreachable(this.#imageUri, `${why}.`, error);
    const { clock, random } = this.#parts;
    const ceilingMs = Math.min(pullLimits.backOffMs * 2 ** (attempt - 1), pullLimits.backOffMsMax);
    await pause(clock, ceilingMs * (0.5 + random.next() / 2), signal);
    signal.throwIfAborted();
  }
}
