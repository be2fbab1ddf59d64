/** The mappings of a place as the store has them, kept fresh by its watch. When the store goes away, what is known goes on being polled. */
import { type Clock, DocumentFollower, type Documents, type Random, type Revision } from '#platform';
import type { MappingRecord } from './mapping.ts';

export interface MappingWatchOptions {
  readonly documents: Documents;
  /** Of the records. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
  /** What has changed since the last call, by UUID; undefined: it is there no more. Nothing is applied before this has resolved. */
  readonly onChange: (changes: ReadonlyMap<string, MappingRecord | undefined>) => Promise<void>;
  readonly onTrouble: (error: unknown) => void;
}

export class MappingWatch {
  readonly #known = new Set<string>();
  readonly #follower: DocumentFollower;

  constructor({ prefix, onChange, ...options }: MappingWatchOptions) {
    const known = this.#known;
    this.#follower = new DocumentFollower({
      ...options,
      prefix,
      name: 'the watch on event source mappings',
      keys: () => known,
      async apply(changes) {
        if (changes.length === 0) return;
        const byUuid = new Map<string, MappingRecord | undefined>();
        for (const change of changes) {
          const key = change.kind === 'put' ? change.document.key : change.key;
          if (change.kind === 'put') known.add(key);
          else known.delete(key);
          byUuid.set(
            key.slice(prefix.length),
            change.kind === 'put' ? (change.document.value as unknown as MappingRecord) : undefined,
          );
        }
        await onChange(byUuid);
      },
    });
  }

  /** Resolves once all mappings are known. Rejects when the store cannot be read now. */
  start(): Promise<void> {
    return this.#follower.start();
  }

  /** Resolves once everything up to `revision` has been applied, or this is closed. */
  reached(revision: Revision): Promise<void> {
    return this.#follower.reached(revision).catch(() => {});
  }

  close(): Promise<void> {
    return this.#follower.close();
  }
}
