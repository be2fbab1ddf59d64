/**
 * Watching documents, the same for every engine: the watcher pulls pages of changes from the store, and sleeps when it has seen
 * all until a commit wakes it. Nothing is buffered for it, so a slow watcher costs a slow watcher's time and no memory.
 */
import { StoreUnavailableError } from '../unavailable.ts';
import type { Change, Revision } from '../documents.ts';
import { Bell } from './bell.ts';

/** A place in the order of changes: after all of `revision`, or after `key` within it. */
export interface ChangeCursor {
  readonly revision: Revision;
  readonly key?: string;
}

export type ChangePage =
  | {
      readonly kind: 'changes';
      readonly changes: readonly Exclude<Change, { kind: 'caught-up' | 'reset' }>[];
      /** Where the next page starts; absent when these were all up to `revision`. */
      readonly next?: ChangeCursor;
      /** The store's revision when the page was read. */
      readonly revision: Revision;
    }
  | { readonly kind: 'reset' };

interface Watcher {
  readonly prefix: string;
  readonly bell: Bell;
  /** Whether a commit touched the prefix since the watcher last looked. */
  touched: boolean;
}

export class Watchers {
  #revision: Revision = 0;
  readonly #watchers = new Set<Watcher>();
  readonly #watchersMax: number;

  constructor(watchersMax: number) {
    this.#watchersMax = watchersMax;
  }

  /** Must be called for each commit, in order of revision. */
  committed(revision: Revision, keys: readonly string[]): void {
    this.#revision = revision;
    for (const watcher of this.#watchers) {
      watcher.touched ||= keys.some((key) => key.startsWith(watcher.prefix));
      watcher.bell.ring();
    }
  }

  fail(error: Error): void {
    for (const { bell } of this.#watchers) bell.fail(error);
  }

  /** `read` gives the page of changes after a cursor. */
  async *watch(
    prefix: string,
    from: Revision,
    signal: AbortSignal,
    read: (after: ChangeCursor) => Promise<ChangePage>,
  ): AsyncGenerator<Change, void> {
    if (this.#watchers.size >= this.#watchersMax) {
      throw new StoreUnavailableError('overloaded', { message: 'too many watchers' });
    }
    const watcher: Watcher = { prefix, bell: new Bell(), touched: false };
    this.#watchers.add(watcher);
    try {
      let after: ChangeCursor = { revision: from };
      while (!signal.aborted) {
        watcher.touched = false;
        const page = await read(after);
        if (page.kind === 'reset') {
          yield { kind: 'reset' };
          return;
        }
        for (const change of page.changes) {
          if (signal.aborted) return;
          yield change;
        }
        if (page.next !== undefined) {
          after = page.next;
          continue;
        }
        if (signal.aborted) return;
        yield { kind: 'caught-up', revision: page.revision };
        after = { revision: yield* this.#idle(watcher, page.revision, signal) };
      }
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  /** Waits until the prefix is touched. Commits elsewhere only move the revision on, which needs no look at the store. */
  async *#idle(watcher: Watcher, seen: Revision, signal: AbortSignal): AsyncGenerator<Change, Revision> {
    let revision = seen;
    while (!watcher.touched) {
      await watcher.bell.wait(signal);
      if (signal.aborted || watcher.touched) break;
      if (this.#revision <= revision) continue;
      revision = this.#revision;
      yield { kind: 'caught-up', revision };
    }
    return revision;
  }
}
