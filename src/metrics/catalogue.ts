/** The sources that there is data of: all of them in memory, each a document in the store. */
import type { Document, Json } from '#platform';
import { Block } from './block.ts';
import { blockMinutes } from './limits.ts';
import { type Dimension, type Source, sourceId, sourceOf } from './source.ts';

/** A source, and what is in memory of it. */
export interface Entry {
  readonly source: Source;
  readonly id: string;
  /** Name keys of its metrics. */
  readonly names: Set<string>;
  /** The newest block that was ever begun. */
  lastBlock: number;
  /** There is none before it; undefined: nobody has looked since the start. */
  oldestBlock: number | undefined;
  /** The newest minute with data; of what an earlier process recorded, the end of its newest block. */
  lastMinute: number;
  /** Blocks that are being added to. */
  readonly blocks: Map<number, Block>;
  /** The document does not say all of this. */
  isChanged: boolean;
}

export class Catalogue {
  readonly #entries = new Map<string, Entry>();
  readonly #sourcesMax: number;
  readonly #ownSourcesMax: number;
  #own = 0;

  constructor(sourcesMax: number, ownSourcesMax: number) {
    this.#sourcesMax = sourcesMax;
    this.#ownSourcesMax = ownSourcesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(source: Source): Entry | undefined {
    return this.#entries.get(source.key);
  }

  /** Undefined: there are as many as may be. */
  enter(source: Source): Entry | undefined {
    const known = this.#entries.get(source.key);
    if (known !== undefined) return known;
    const isOwn = source.metric !== undefined;
    if (isOwn ? this.#own >= this.#ownSourcesMax : this.#entries.size >= this.#sourcesMax) return undefined;
    const entry: Entry = {
      source,
      id: sourceId(source),
      names: new Set(),
      lastBlock: -1,
      oldestBlock: Infinity,
      lastMinute: -1,
      blocks: new Map(),
      isChanged: true,
    };
    this.#entries.set(source.key, entry);
    if (isOwn) this.#own += 1;
    return entry;
  }

  delete({ source }: Entry): void {
    if (this.#entries.delete(source.key) && source.metric !== undefined) this.#own -= 1;
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  /** From the store. What is not as it was written is left out. */
  load({ value }: Document): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    const { namespace, dimensions, metric, names, lastBlock } = value as Readonly<Record<string, Json>>;
    if (typeof namespace !== 'string' || !Array.isArray(dimensions) || !Array.isArray(names)) return;
    const source = sourceOf(
      namespace,
      dimensions.filter(isDimension),
      typeof metric === 'string' ? metric : undefined,
    );
    const entry = this.enter(source);
    if (entry === undefined) return;
    for (const name of names) if (typeof name === 'string') entry.names.add(name);
    entry.lastBlock = typeof lastBlock === 'number' ? lastBlock : -1;
    entry.lastMinute = (entry.lastBlock + 1) * blockMinutes - 1;
    entry.oldestBlock = undefined;
    entry.isChanged = false;
  }
}

const isDimension = (json: Json): json is Json & Dimension =>
  typeof json === 'object' && json !== null && 'name' in json && 'value' in json;

export function encodeEntry({ source, names, lastBlock }: Entry): Json {
  const { namespace, dimensions, metric } = source;
  return {
    namespace,
    dimensions: dimensions.map(({ name, value }) => ({ name, value })),
    ...(metric !== undefined && { metric }),
    names: [...names],
    lastBlock,
  };
}

/** The block of an entry that has this number, to be added to. */
export function openBlock(entry: Entry, number: number): Block {
  let block = entry.blocks.get(number);
  if (block === undefined) {
    // What is newer than anything that was ever written needs no look at the store.
    block = new Block(number, number > entry.lastBlock);
    entry.blocks.set(number, block);
  }
  if (entry.oldestBlock !== undefined) entry.oldestBlock = Math.min(entry.oldestBlock, number);
  if (number > entry.lastBlock) {
    entry.lastBlock = number;
    entry.isChanged = true;
  }
  return block;
}
