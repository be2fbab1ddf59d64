/** Writes many documents, some in each commit; what could not be written is told to whom it belongs. */
import type { Documents, Json, Write } from '#platform';
import { charactersPerCommit, writesPerCommit } from './limits.ts';
import { otherTurns } from './turn.ts';

export class BlockWriter {
  readonly #documents: Pick<Documents, 'commit'>;
  #writes: Write[] = [];
  #undo: (() => void)[] = [];
  #characters = 0;

  constructor(documents: Pick<Documents, 'commit'>) {
    this.#documents = documents;
  }

  /** `undo` is called when it could not be written. */
  async put(key: string, value: Json, characters: number, undo: () => void): Promise<void> {
    this.#writes.push({ kind: 'put', key, value, expected: 'any' });
    this.#undo.push(undo);
    this.#characters += characters;
    if (this.#writes.length >= writesPerCommit || this.#characters >= charactersPerCommit) await this.write();
  }

  /** Nothing more is written: what has gathered is not. */
  abandon(): void {
    for (const each of this.#undo) each();
    this.#writes = [];
    this.#undo = [];
  }

  /** What has gathered. Throws what the store throws. */
  async write(): Promise<void> {
    const [writes, undo] = [this.#writes, this.#undo];
    this.#writes = [];
    this.#undo = [];
    this.#characters = 0;
    if (writes.length === 0) return;
    try {
      await this.#documents.commit(writes);
    } catch (error) {
      for (const each of undo) each();
      throw error;
    }
    await otherTurns();
  }
}
