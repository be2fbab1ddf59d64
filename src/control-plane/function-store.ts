/**
 * Reads and changes what Documents hold of functions. A function's own record is what changes of its structure meet on:
 * whatever adds or removes a version or alias writes it too, expecting the revision it has read, so that (for example) a version
 * cannot go while an alias is being pointed at it.
 */
import {
  aliasesPrefix,
  aliasKey,
  type AliasRecord,
  functionKey,
  type FunctionName,
  type FunctionRecord,
  latestVersion,
  publishedVersionsPrefix,
  versionKey,
  type VersionRecord,
} from '#metadata';
import type { Document, Documents, Json, Revision, Write } from '#platform';
import { functionNotFound, tooContended } from './answers.ts';
import { commitAttemptsMax } from './limits.ts';

/** A record with the revision that a change of it must expect. */
export interface Stored<Value> {
  readonly key: string;
  readonly value: Value;
  readonly revision: Revision;
}

/** What a change decides after reading: the writes that make it so, and its answer. No writes: nothing to change. */
export interface Decision<Result> {
  readonly writes: readonly Write[];
  readonly result: Result;
}

export class FunctionStore {
  readonly documents: Documents;
  /** Resolves when invokes see everything up to a revision. */
  readonly reached: (revision: Revision) => Promise<void>;

  constructor(documents: Documents, reached: (revision: Revision) => Promise<void>) {
    this.documents = documents;
    this.reached = reached;
  }

  async findFunction(name: FunctionName): Promise<Stored<FunctionRecord> | undefined> {
    return stored<FunctionRecord>(await this.documents.get(functionKey(name)));
  }

  /** Throws ResourceNotFoundException. */
  async getFunction(name: FunctionName, qualifier?: string): Promise<Stored<FunctionRecord>> {
    const found = await this.findFunction(name);
    if (!found) throw functionNotFound(name, qualifier);
    return found;
  }

  async findVersion(name: FunctionName, version: string): Promise<Stored<VersionRecord> | undefined> {
    return stored<VersionRecord>(await this.documents.get(versionKey(name, version)));
  }

  /** Throws ResourceNotFoundException. */
  async getVersion(name: FunctionName, version: string): Promise<Stored<VersionRecord>> {
    const found = await this.findVersion(name, version);
    if (!found) throw functionNotFound(name, version === latestVersion ? undefined : version);
    return found;
  }

  async findAlias(name: FunctionName, alias: string): Promise<Stored<AliasRecord> | undefined> {
    return stored<AliasRecord>(await this.documents.get(aliasKey(name, alias)));
  }

  /** The document under a key of some other capability. */
  async find<Value>(key: string): Promise<Stored<Value> | undefined> {
    return stored<Value>(await this.documents.get(key));
  }

  /** All documents below a prefix of some other capability, which bounds them. */
  below<Value>(prefix: string): Promise<readonly Stored<Value>[]> {
    return this.#all<Value>(prefix);
  }

  async publishedVersions(name: FunctionName): Promise<readonly Stored<VersionRecord>[]> {
    return this.#all<VersionRecord>(publishedVersionsPrefix(name));
  }

  async aliases(name: FunctionName): Promise<readonly Stored<AliasRecord>[]> {
    return this.#all<AliasRecord>(aliasesPrefix(name));
  }

  /**
   * Reads, decides and writes, anew whenever somebody else was faster, and returns once invokes see the change. After
   * `commitAttemptsMax` lost races: ResourceConflictException.
   */
  async change<Result>(name: FunctionName, decide: () => Promise<Decision<Result>>): Promise<Result> {
    for (let attempt = 1; attempt <= commitAttemptsMax; attempt += 1) {
      const { writes, result } = await decide();
      if (writes.length === 0) return result;
      const outcome = await this.documents.commit(writes);
      if (outcome.kind === 'committed') {
        await this.reached(outcome.revision);
        return result;
      }
    }
    throw tooContended(name);
  }

  async #all<Value>(prefix: string): Promise<readonly Stored<Value>[]> {
    const all: Stored<Value>[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.documents.list(prefix, after === undefined ? {} : { after });
      for (const document of page.documents) all.push(present<Value>(document));
      after = page.next;
      if (after === undefined) return all;
    }
  }
}

function stored<Value>(document: Document | undefined): Stored<Value> | undefined {
  return document && present<Value>(document);
}

export function present<Value>({ key, value, revision }: Document): Stored<Value> {
  return { key, value: value as unknown as Value, revision };
}

/** Writes a new value over exactly the one that was read. */
export function replace<Value>(before: Stored<Value>, value: Value): Write {
  return { kind: 'put', key: before.key, value: value as unknown as Json, expected: before.revision };
}

/** Writes nothing new, but only if nobody has changed the record meanwhile; whoever does the same loses. */
export function hold<Value>(before: Stored<Value>): Write {
  return replace(before, before.value);
}

/** Writes where nothing is. */
export function add(key: string, value: object): Write {
  return { kind: 'put', key, value: value as unknown as Json, expected: 'absent' };
}

/** Writes over what was read, or where nothing was found. */
export function upsert<Value extends object>(
  key: string,
  before: Stored<Value> | undefined,
  value: Value,
): Write {
  return before ? replace(before, value) : add(key, value);
}

/** Deletes exactly what was read. */
export function remove(before: Stored<unknown>): Write {
  return { kind: 'delete', key: before.key, expected: before.revision };
}
