/**
 * Documents in memory. Live documents and tombstones stand in one map; a log of revisions in ascending order serves watches. An
 * entry of the log is out of date once its key was written again; when half of them are, the log is made anew.
 */
import { compareCodePoints } from '#lib/code-point-order';
import { engineLimits, requestLimits } from '../../limits.ts';
import type { EngineLimits } from '../../limits.ts';
import type {
  Change,
  CommitOutcome,
  Document,
  Documents,
  Json,
  Listing,
  Revision,
  Write,
} from '../../documents.ts';
import { checkLimit, checkName, checkPosition, checkPrefix, encodeWrites } from '../checks.ts';
import { Watchers } from '../document-watch.ts';
import type { ChangeCursor, ChangePage } from '../document-watch.ts';

interface Entry {
  readonly revision: Revision;
  /** JSON text, so that neither writer nor reader can change what is stored; undefined once deleted. */
  readonly text: string | undefined;
}

interface LogEntry {
  readonly revision: Revision;
  readonly key: string;
}

export class MemoryDocuments implements Documents {
  #revision: Revision = 0;
  /** Watches can resume from here on. */
  #prunedRevision: Revision = 0;
  readonly #entries = new Map<string, Entry>();
  /** Keys of tombstones, the oldest first. */
  readonly #tombstones = new Set<string>();
  #log: LogEntry[] = [];
  /** Keys of live documents in order; undefined when they must be sorted again. */
  #sorted: readonly string[] | undefined;
  readonly #watchers: Watchers;
  readonly #limits: EngineLimits;

  constructor(limits: Partial<EngineLimits> = {}) {
    this.#limits = { ...engineLimits, ...limits };
    this.#watchers = new Watchers(this.#limits.watchersMax);
  }

  async get(key: string): Promise<Document | undefined> {
    checkName(key);
    return this.#document(key);
  }

  async list(prefix: string, options: { after?: string; limit?: number } = {}): Promise<Listing> {
    const { after, limit = requestLimits.pageMax } = options;
    checkPrefix(prefix);
    checkLimit(limit);
    if (after !== undefined) checkName(after);
    const keys = this.#sortedKeys();
    // All keys above `start` that have the prefix stand together.
    const start = after !== undefined && compareCodePoints(after, prefix) >= 0 ? after : prefix;
    const documents: Document[] = [];
    for (let index = firstIndex(keys, (key) => compareCodePoints(key, start) >= 0); ; index += 1) {
      const key = keys[index];
      if (key === undefined || !key.startsWith(prefix)) break;
      if (key === after) continue;
      const last = documents.at(-1);
      if (documents.length === limit && last !== undefined) {
        return { documents, next: last.key, revision: this.#revision };
      }
      const document = this.#document(key);
      if (document !== undefined) documents.push(document);
    }
    return { documents, revision: this.#revision };
  }

  async commit(writes: readonly Write[]): Promise<CommitOutcome> {
    const encoded = encodeWrites(writes);
    for (const { key, expected } of encoded) {
      const current = this.#document(key);
      const holds =
        expected === 'any' ||
        (expected === 'absent' ? current === undefined : current?.revision === expected);
      if (!holds) return { kind: 'conflict', key, current };
    }
    this.#revision += 1;
    // Within one revision, changes are told in order of key.
    for (const write of encoded.toSorted((left, right) => compareCodePoints(left.key, right.key))) {
      const existed = this.#entries.get(write.key)?.text !== undefined;
      if (write.kind === 'put') this.#store(write.key, write.text, existed);
      else if (existed) this.#bury(write.key);
    }
    this.#prune();
    this.#compact();
    const keys = encoded.map(({ key }) => key);
    this.#watchers.committed(this.#revision, keys);
    return { kind: 'committed', revision: this.#revision };
  }

  async *watch(prefix: string, from: Revision, signal: AbortSignal): AsyncGenerator<Change, void> {
    checkPrefix(prefix);
    checkPosition(from);
    yield* this.#watchers.watch(prefix, from, signal, async (after) => this.#changes(prefix, after));
  }

  #changes(prefix: string, after: ChangeCursor): ChangePage {
    if (after.revision < this.#prunedRevision || after.revision > this.#revision) return { kind: 'reset' };
    const changes: Exclude<Change, { kind: 'caught-up' | 'reset' }>[] = [];
    for (let index = firstIndex(this.#log, (entry) => isAfter(entry, after)); ; index += 1) {
      const entry = this.#log[index];
      if (entry === undefined) return { kind: 'changes', changes, revision: this.#revision };
      const { key, revision } = entry;
      if (!key.startsWith(prefix) || this.#entries.get(key)?.revision !== revision) continue;
      const document = this.#document(key);
      changes.push(document === undefined ? { kind: 'delete', key, revision } : { kind: 'put', document });
      if (changes.length === this.#limits.watchPageMax) {
        return { kind: 'changes', changes, next: entry, revision: this.#revision };
      }
    }
  }

  #document(key: string): Document | undefined {
    const entry = this.#entries.get(key);
    if (entry?.text === undefined) return undefined;
    return { key, value: JSON.parse(entry.text) as Json, revision: entry.revision };
  }

  #store(key: string, text: string, existed: boolean): void {
    this.#entries.set(key, { revision: this.#revision, text });
    this.#tombstones.delete(key);
    this.#log.push({ revision: this.#revision, key });
    if (!existed) this.#sorted = undefined;
  }

  #bury(key: string): void {
    this.#entries.set(key, { revision: this.#revision, text: undefined });
    this.#tombstones.add(key);
    this.#log.push({ revision: this.#revision, key });
    this.#sorted = undefined;
  }

  #prune(): void {
    for (const key of this.#tombstones) {
      if (this.#tombstones.size <= this.#limits.tombstonesMax) return;
      this.#prunedRevision = this.#entries.get(key)?.revision ?? this.#prunedRevision;
      this.#entries.delete(key);
      this.#tombstones.delete(key);
    }
  }

  #compact(): void {
    const slack = 1000; // so that a small store does not compact at every commit
    if (this.#log.length <= 2 * this.#entries.size + slack) return;
    this.#log = this.#log.filter(({ key, revision }) => this.#entries.get(key)?.revision === revision);
  }

  #sortedKeys(): readonly string[] {
    this.#sorted ??= [...this.#entries.keys()]
      .filter((key) => !this.#tombstones.has(key))
      .toSorted(compareCodePoints);
    return this.#sorted;
  }
}

function isAfter(entry: LogEntry, { revision, key }: ChangeCursor): boolean {
  if (entry.revision !== revision) return entry.revision > revision;
  return key !== undefined && compareCodePoints(entry.key, key) > 0;
}

/** The index of the first item for which `holds` is true, where it is true for all that follow; else the length. */
function firstIndex<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && holds(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
