/** A watch as tests use it: step by step, or as a mirror of the store. */
import assert from 'node:assert/strict';
import { compareCodePoints } from '#lib/code-point-order';
import type { Change, Document, Documents, Revision } from '../documents.ts';

export class Watching {
  readonly #aborter = new AbortController();
  readonly #changes: AsyncIterator<Change>;

  constructor(documents: Documents, prefix: string, from: Revision) {
    this.#changes = documents.watch(prefix, from, this.#aborter.signal)[Symbol.asyncIterator]();
  }

  /** The next change, or undefined at the end. */
  async next(): Promise<Change | undefined> {
    const { done, value } = await this.#changes.next();
    return done === true ? undefined : value;
  }

  async take(count: number): Promise<readonly (Change | undefined)[]> {
    const taken: (Change | undefined)[] = [];
    while (taken.length < count) taken.push(await this.next());
    return taken;
  }

  abort(): void {
    this.#aborter.abort();
  }

  /** Aborts, and waits for the end. */
  async stop(): Promise<void> {
    this.abort();
    while ((await this.next()) !== undefined);
  }

  /** Applies changes as they come, and asserts their order. */
  mirror(): { reached: (revision: Revision) => Promise<void>; state: () => readonly Document[] } {
    const documents = new Map<string, Document>();
    let last: Revision = 0;
    const apply = (change: Change): void => {
      switch (change.kind) {
        case 'put':
          assert.ok(change.document.revision >= last, 'changes come in order of revision');
          last = change.document.revision;
          documents.set(change.document.key, change.document);
          return;
        case 'delete':
          assert.ok(change.revision >= last, 'changes come in order of revision');
          last = change.revision;
          documents.delete(change.key);
          return;
        case 'caught-up':
          assert.ok(change.revision >= last, 'caught up with all that was told');
          last = change.revision;
          return;
        case 'reset':
          assert.fail('the watch was reset');
      }
    };
    return {
      reached: async (revision) => {
        for (;;) {
          const change = await this.next();
          assert.ok(change !== undefined, 'the watch ended');
          apply(change);
          if (change.kind === 'caught-up' && change.revision >= revision) return;
        }
      },
      state: () => [...documents.values()].toSorted((left, right) => compareCodePoints(left.key, right.key)),
    };
  }
}
