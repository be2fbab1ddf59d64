/**
 * Taking tags, manifests, blobs and repositories away. Nothing is deleted that a manifest of the repository names; what nobody names any more becomes
 * garbage, and is collected later.
 */
import type { Attempts } from './attempts.ts';
import {
  below,
  find,
  hold,
  linkKey,
  manifestKey,
  type ManifestRecord,
  manifestsPrefix,
  referrersPrefix,
  remove,
  type RepositoryRecord,
  tagKey,
  type TagRecord,
  tagsPrefix,
} from './records.ts';
import type { Repositories } from './repositories.ts';
import type { StoreParts } from './uploads.ts';

/** Documents that go in one commit. */
const perCommitMax = 90;

export class Deletions {
  readonly #parts: StoreParts;
  readonly #repositories: Repositories;
  readonly #attempts: Attempts;

  constructor(parts: StoreParts, repositories: Repositories, attempts: Attempts) {
    this.#parts = parts;
    this.#attempts = attempts;
    this.#repositories = repositories;
  }

  /** Takes a tag away, not its manifest. false: there is none. */
  async deleteTag(repository: string, tag: string): Promise<boolean> {
    return this.#attempts.make(repository, async () => {
      const [holder, stored] = await Promise.all([
        this.#repositories.stored(repository),
        find<TagRecord>(this.#parts.documents, tagKey(repository, tag)),
      ]);
      if (holder === undefined || stored === undefined) return { result: false };
      const { kind } = await this.#parts.documents.commit([hold(holder), remove(stored)]);
      return kind === 'committed' && { result: true };
    });
  }

  /** With its tags. `named`: an index of the repository names it, so it stays. */
  async deleteManifest(repository: string, digest: string): Promise<'deleted' | 'absent' | 'named'> {
    const { documents } = this.#parts;
    return this.#attempts.make(repository, async () => {
      const holder = await this.#repositories.stored(repository);
      const stored = await find<ManifestRecord>(documents, manifestKey(repository, digest));
      if (holder === undefined || stored === undefined) return { result: 'absent' };
      for await (const { value } of below<ManifestRecord>(documents, manifestsPrefix(repository))) {
        if (value.manifests.includes(digest)) return { result: 'named' };
      }
      const tags = (await this.#repositories.tagsByDigest(repository)).get(digest) ?? [];
      // Tags first and a few at a time: a commit is bounded, and a tag of a manifest that is gone would lead nowhere.
      const now = tags.slice(0, perCommitMax);
      const writes = [
        hold(holder),
        ...now.map((tag) => ({ kind: 'delete', key: tagKey(repository, tag), expected: 'any' }) as const),
      ];
      const isLast = now.length === tags.length;
      if (isLast) writes.push(remove(stored));
      const { subject } = stored.value;
      if (isLast && subject !== undefined) {
        writes.push({
          kind: 'delete',
          key: `${referrersPrefix(repository, subject)}${digest}`,
          expected: 'any',
        });
      }
      const { kind } = await documents.commit(writes);
      return kind === 'committed' && isLast && { result: 'deleted' };
    });
  }

  /** Lets the repository have a blob no longer. `named`: one of its manifests needs it. */
  async deleteBlob(repository: string, digest: string): Promise<'deleted' | 'absent' | 'named'> {
    const { documents } = this.#parts;
    return this.#attempts.make(repository, async () => {
      const holder = await this.#repositories.stored(repository);
      const link = await find<object>(documents, linkKey(repository, digest));
      if (holder === undefined || link === undefined) return { result: 'absent' };
      for await (const { value } of below<ManifestRecord>(documents, manifestsPrefix(repository))) {
        if (value.digest === digest || value.contents.includes(digest)) return { result: 'named' };
      }
      const { kind } = await documents.commit([hold(holder), remove(link)]);
      return kind === 'committed' && { result: 'deleted' };
    });
  }

  /** `not-empty`: it has manifests, and is not to go with them. What it had becomes garbage. */
  async delete(
    name: string,
    how: 'empty' | 'with-images',
  ): Promise<RepositoryRecord | 'absent' | 'not-empty'> {
    const { documents } = this.#parts;
    return this.#attempts.make<RepositoryRecord | 'absent' | 'not-empty'>(name, async () => {
      const holder = await this.#repositories.stored(name);
      if (holder === undefined) return { result: 'absent' };
      if (how === 'empty') {
        const { documents: some } = await documents.list(manifestsPrefix(name), { limit: 1 });
        if (some.length > 0) return { result: 'not-empty' };
      }
      for (const prefix of [tagsPrefix(name), manifestsPrefix(name), referrersPrefix(name)]) {
        for (;;) {
          const { documents: some } = await documents.list(prefix, { limit: perCommitMax });
          if (some.length === 0) break;
          await documents.commit(some.map(({ key }) => ({ kind: 'delete', key, expected: 'any' })));
        }
      }
      // Changed meanwhile: somebody has pushed, and that must go, too.
      const { kind } = await documents.commit([remove(holder)]);
      return kind === 'committed' && { result: holder.value };
    });
  }
}
