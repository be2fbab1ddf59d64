/**
 * Where metrics are kept: the newest blocks in memory, all that is older in the store.
 *
 *     add ─▶ block in memory ──flush, once a minute──▶ metrics/<account>/blocks/<source>/<block>     read: the store's, and what is in memory
 *                                                      metrics/<account>/sources/<source>
 *
 * What was added since the last flush is lost when the process is killed. A flush that fails is made again with the next one.
 */
import { type Document, type Documents, StoreUnavailableError, type Write } from '#platform';
import { type Block, Block as StoredBlock, type MetricName, nameKey } from './block.ts';
import { BlockWriter } from './block-writer.ts';
import { Catalogue, encodeEntry, type Entry, openBlock } from './catalogue.ts';
import {
  blockMinutes,
  blocksPerPage,
  blocksSweptPerSource,
  ownSourcesMax,
  sourcesMax,
  sourcesSweptPerMinute,
  unwrittenCharactersMax,
} from './limits.ts';
import type { Source } from './source.ts';
import type { Values } from './summary.ts';

export interface StoreOptions {
  readonly accountId: string;
  readonly documents: Documents;
  readonly onTrouble: (message: string, error?: unknown) => void;
  readonly limits?: { readonly sourcesMax: number; readonly ownSourcesMax: number };
}

/** A minute of one metric. */
export interface Minute {
  readonly minute: number;
  readonly values: Values;
}

const blockDigits = 10;

/** A source's document is small. */
const sourceCharacters = 2_000;

export class MetricStore {
  readonly catalogue: Catalogue;
  readonly #options: StoreOptions;
  /** Characters of what was added since everything was written. */
  #unwritten = 0;
  #flushing: Promise<void> | undefined;
  /** Said once. */
  #isFull = false;
  #sweepAt = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
    const { limits = { sourcesMax, ownSourcesMax } } = options;
    this.catalogue = new Catalogue(limits.sourcesMax, limits.ownSourcesMax);
  }

  /** Reads which sources there are. */
  async load(): Promise<void> {
    let after: string | undefined;
    do {
      const page = await this.#options.documents.list(
        this.#sourcesPrefix,
        after === undefined ? {} : { after },
      );
      for (const document of page.documents) this.catalogue.load(document);
      after = page.next;
    } while (after !== undefined);
  }

  /** False: there is no room for it. */
  add(source: Source, name: MetricName, minute: number, values: Values): boolean {
    const entry = this.#unwritten < unwrittenCharactersMax ? this.catalogue.enter(source) : undefined;
    if (entry === undefined) {
      if (!this.#isFull) this.#options.onTrouble('there are too many metrics: some are not recorded');
      this.#isFull = true;
      return false;
    }
    this.#isFull = false;
    const number = Math.floor(minute / blockMinutes);
    const key = nameKey(name);
    if (!entry.names.has(key)) {
      entry.names.add(key);
      entry.isChanged = true;
    }
    const block = openBlock(entry, number);
    this.#unwritten += block.add(key, minute, values);
    entry.lastMinute = Math.max(entry.lastMinute, minute);
    return true;
  }

  /** Data of minutes from `from` to before `to`, in pages of blocks; in ascending order of pages. */
  async *read(
    entry: Entry,
    keys: readonly string[],
    from: number,
    to: number,
  ): AsyncGenerator<readonly Minute[]> {
    const first = Math.floor(from / blockMinutes);
    const last = Math.min(Math.floor((to - 1) / blockMinutes), entry.lastBlock);
    for (let start = first; start <= last; start += blocksPerPage) {
      const end = Math.min(last, start + blocksPerPage - 1);
      const blocks = await this.#blocks(entry, start, end);
      const minutes: Minute[] = [];
      for (const block of blocks) {
        for (const key of keys) {
          for (const [minute, values] of block.minutesOf(key)) {
            if (minute >= from && minute < to) minutes.push({ minute, values });
          }
        }
      }
      yield minutes;
    }
  }

  async #blocks(entry: Entry, start: number, end: number): Promise<readonly Block[]> {
    // Taken before the store is asked: what is written and forgotten meanwhile is still in these.
    const inMemory = new Map([...entry.blocks].filter(([number]) => number >= start && number <= end));
    const isAllHere = [...inMemory.values()].filter(({ isWhole }) => isWhole).length === end - start + 1;
    if (isAllHere) return [...inMemory.values()];
    const prefix = this.#blocksPrefix(entry.id);
    const documents: Document[] = [];
    let after = start > 0 ? prefix + blockName(start - 1) : undefined;
    do {
      const limit = end - start + 1 - documents.length;
      const page = await this.#options.documents.list(prefix, {
        ...(after !== undefined && { after }),
        limit,
      });
      documents.push(...page.documents);
      after = page.next;
    } while (after !== undefined && documents.length < end - start + 1);
    const blocks: Block[] = [...inMemory.values()].filter(({ isWhole }) => isWhole);
    for (const { key, value } of documents) {
      const number = Number(key.slice(prefix.length));
      if (number > end || inMemory.get(number)?.isWhole === true) continue;
      const block = new StoredBlock(number, false);
      block.complete(value);
      blocks.push(block);
    }
    // Of what is here in part, the other part has just been read.
    for (const block of inMemory.values()) if (!block.isWhole) blocks.push(block);
    return blocks;
  }

  /** Writes what has changed, and forgets blocks before `currentMinute` that are written. Never rejects. */
  flush(currentMinute: number): Promise<void> {
    this.#flushing ??= this.#flush(Math.floor(currentMinute / blockMinutes)).finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #flush(currentBlock: number): Promise<void> {
    const { documents, onTrouble } = this.#options;
    const writer = new BlockWriter(documents);
    const before = this.#unwritten;
    try {
      for (const entry of this.catalogue.entries()) {
        // First: who starts after a crash must know that the block may be there.
        if (entry.isChanged) {
          entry.isChanged = false;
          await writer.put(this.#sourcesPrefix + entry.id, encodeEntry(entry), sourceCharacters, () => {
            entry.isChanged = true;
          });
        }
        for (const block of entry.blocks.values()) {
          if (block.isChanged) await this.#putBlock(entry, block, writer);
          else if (block.number < currentBlock) entry.blocks.delete(block.number);
        }
      }
      await writer.write();
      this.#unwritten -= before;
    } catch (error) {
      writer.abandon();
      if (!(error instanceof StoreUnavailableError)) throw error;
      onTrouble('metrics could not be written and are kept in memory', error);
    }
  }

  async #putBlock(entry: Entry, block: Block, writer: BlockWriter): Promise<void> {
    const key = this.#blocksPrefix(entry.id) + blockName(block.number);
    if (!block.isWhole) block.complete((await this.#options.documents.get(key))?.value);
    block.isChanged = false;
    await writer.put(key, block.encode(), block.characters, () => {
      block.isChanged = true;
    });
  }

  /** Deletes blocks before `oldestMinute` of the next sources in turn, and sources of which nothing is left. Never rejects. */
  async sweep(oldestMinute: number): Promise<void> {
    const oldest = Math.floor(oldestMinute / blockMinutes);
    const entries = [...this.catalogue.entries()];
    try {
      for (let count = 0; count < Math.min(entries.length, sourcesSweptPerMinute); count += 1) {
        this.#sweepAt = (this.#sweepAt + 1) % entries.length;
        const entry = entries[this.#sweepAt];
        if (entry !== undefined) await this.#sweepSource(entry, oldest);
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      this.#options.onTrouble('old metrics could not be deleted', error);
    }
  }

  async #sweepSource(entry: Entry, oldest: number): Promise<void> {
    const { oldestBlock } = entry;
    if (oldestBlock !== undefined && oldestBlock >= oldest) return;
    const { documents } = this.#options;
    const prefix = this.#blocksPrefix(entry.id);
    // Who is not known to have old ones is asked for one only: these are whole quarters of an hour.
    const limit = oldestBlock === undefined ? 1 : blocksSweptPerSource;
    const { documents: found } = await documents.list(prefix, { limit });
    const numbers = found.map(({ key }) => Number(key.slice(prefix.length)));
    const old = numbers.filter((number) => number < oldest);
    const writes: Write[] = old.map((number) => ({
      kind: 'delete',
      key: prefix + blockName(number),
      expected: 'any',
    }));
    const isLast = found.length < limit && found.length === old.length;
    if (isLast && entry.lastBlock < oldest && entry.blocks.size === 0) {
      this.catalogue.delete(entry);
      writes.push({ kind: 'delete', key: this.#sourcesPrefix + entry.id, expected: 'any' });
    }
    if (writes.length > 0) await documents.commit(writes);
    // Where all that were seen were old, there may be more.
    const kept = numbers.find((number) => number >= oldest);
    entry.oldestBlock = Math.min(kept ?? (isLast ? Infinity : (old.at(-1) ?? 0)), ...entry.blocks.keys());
  }

  get #sourcesPrefix(): string {
    return `metrics/${this.#options.accountId}/sources/`;
  }

  #blocksPrefix(id: string): string {
    return `metrics/${this.#options.accountId}/blocks/${id}/`;
  }
}

const blockName = (number: number): string => String(number).padStart(blockDigits, '0');
