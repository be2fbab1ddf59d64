/** Images of the own registry, read from its store without a request. */
import { registryLimits } from '../limits.ts';
import { ImageProblem } from '../image-source.ts';
import type { Descriptor } from '../format/manifest.ts';
import type { Contents } from '../store/contents.ts';
import type { Repositories } from '../store/repositories.ts';
import type { FetchedManifest, Origin } from './origin.ts';
import { imageMissing } from './problems.ts';

export class OwnOrigin implements Origin {
  readonly #repositories: Repositories;
  readonly #contents: Contents;
  readonly #repository: string;
  readonly #imageUri: string;

  constructor(
    store: { readonly repositories: Repositories; readonly contents: Contents },
    repository: string,
    imageUri: string,
  ) {
    this.#repositories = store.repositories;
    this.#contents = store.contents;
    this.#repository = repository;
    this.#imageUri = imageUri;
  }

  async manifest(reference: string): Promise<FetchedManifest> {
    const record = await this.#repositories.manifest(this.#repository, reference);
    const bytes = record && (await this.#repositories.manifestBytes(this.#repository, record.digest));
    if (record === undefined || bytes === undefined) throw imageMissing(this.#imageUri);
    return { bytes, contentType: record.mediaType, digest: record.digest };
  }

  async small(blob: Descriptor): Promise<Buffer> {
    const content = await this.#contents.use(this.#repository, blob.digest);
    if (content === undefined) throw imageMissing(this.#imageUri);
    if (content.sizeBytes > registryLimits.manifestBytesMax) {
      throw new ImageProblem(
        'InvalidImage',
        `The config of the source image ${this.#imageUri} is too large.`,
      );
    }
    return this.#contents.read(content);
  }

  async *layer(blob: Descriptor): AsyncGenerator<Uint8Array, void> {
    const content = await this.#contents.use(this.#repository, blob.digest);
    if (content === undefined) throw imageMissing(this.#imageUri);
    yield* this.#contents.stream(content);
  }
}
