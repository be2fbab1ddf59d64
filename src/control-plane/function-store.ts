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
import {
  changeRecords,
  type Decision,
  type Documents,
  recordsBelow,
  type Revision,
  type Stored,
  storedRecord,
} from '#platform';
import { functionNotFound, tooContended } from './answers.ts';
import { commitAttemptsMax } from './limits.ts';

export class FunctionStore {
  readonly documents: Documents;
  /** Resolves when invokes see everything up to a revision. */
  readonly reached: (revision: Revision) => Promise<void>;

  constructor(documents: Documents, reached: (revision: Revision) => Promise<void>) {
    this.documents = documents;
    this.reached = reached;
  }

  async findFunction(name: FunctionName): Promise<Stored<FunctionRecord> | undefined> {
    return this.find(functionKey(name));
  }

  /** Throws ResourceNotFoundException. */
  async getFunction(name: FunctionName, qualifier?: string): Promise<Stored<FunctionRecord>> {
    const found = await this.findFunction(name);
    if (!found) throw functionNotFound(name, qualifier);
    return found;
  }

  async findVersion(name: FunctionName, version: string): Promise<Stored<VersionRecord> | undefined> {
    return this.find(versionKey(name, version));
  }

  /** Throws ResourceNotFoundException. */
  async getVersion(name: FunctionName, version: string): Promise<Stored<VersionRecord>> {
    const found = await this.findVersion(name, version);
    if (!found) throw functionNotFound(name, version === latestVersion ? undefined : version);
    return found;
  }

  async findAlias(name: FunctionName, alias: string): Promise<Stored<AliasRecord> | undefined> {
    return this.find(aliasKey(name, alias));
  }

  /** The document under a key of some other capability. */
  async find<Value>(key: string): Promise<Stored<Value> | undefined> {
    const document = await this.documents.get(key);
    return document && storedRecord<Value>(document);
  }

  /** All documents below a prefix of some other capability, which bounds them. */
  below<Value>(prefix: string): Promise<readonly Stored<Value>[]> {
    return recordsBelow(this.documents, prefix);
  }

  async publishedVersions(name: FunctionName): Promise<readonly Stored<VersionRecord>[]> {
    return recordsBelow(this.documents, publishedVersionsPrefix(name));
  }

  async aliases(name: FunctionName): Promise<readonly Stored<AliasRecord>[]> {
    return recordsBelow(this.documents, aliasesPrefix(name));
  }

  /**
   * Reads, decides and writes, anew whenever somebody else was faster, and returns once invokes see the change. After
   * `commitAttemptsMax` lost races: ResourceConflictException.
   */
  async change<Result>(name: FunctionName, decide: () => Promise<Decision<Result>>): Promise<Result> {
    const { documents, reached } = this;
    const outcome = await changeRecords({ documents, attemptsMax: commitAttemptsMax, reached }, decide);
    if (outcome.kind === 'contended') throw tooContended(name);
    return outcome.result;
  }
}
