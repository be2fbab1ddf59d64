/**
 * What the cache knows, as a synchronous structure: records by account and function, and for each function the answers
 * that invokes asked for before. An answer is made once and stays until something of its function changes, so the warm
 * path is three lookups and makes no object.
 *
 *   account ─▶ function ─▶ record, policies, versions, aliases, answers (qualifier ─▶ Answer)
 *   id of a URL ─▶ its record
 */
import type { Document, Random, Revision } from '#platform';
import { functionArn } from './arn.ts';
import type { Resolution } from './cache.ts';
import { latestVersion, parseKey } from './keys.ts';
import type {
  AliasRecord,
  EventInvokeRecord,
  FunctionPolicyRecord,
  FunctionRecord,
  FunctionUrlRecord,
  ProvisionedRecord,
  VersionRecord,
} from './records.ts';
import { type ProvisionedChange, provisionedVersions, qualifierOf } from './provisioned.ts';

/** What an account has stored, counted as documents come and go. */
export interface Usage {
  readonly functionCount: number;
  /** Sum of the archives' sizes over all versions, in bytes. */
  readonly codeSizeBytes: number;
}

export interface VersionChange {
  readonly key: string;
  readonly version: VersionRecord | undefined;
  readonly previous: VersionRecord | undefined;
}

/** One fixed answer, or a choice by weight: the first share whose bound exceeds the random number, else `primary`. */
interface Answer {
  readonly primary: Resolution;
  readonly shares: readonly { readonly bound: number; readonly resolution: Resolution }[];
}

interface Entry {
  record: FunctionRecord | undefined;
  policies: FunctionPolicyRecord | undefined;
  readonly versions: Map<string, VersionRecord>;
  readonly aliases: Map<string, AliasRecord>;
  readonly provisioned: Map<string, ProvisionedRecord>;
  /** By qualifier. */
  readonly eventInvokes: Map<string, EventInvokeRecord>;
  readonly answers: Map<string | undefined, Answer>;
}

interface Account {
  readonly functions: Map<string, Entry>;
  functionCount: number;
  codeSizeBytes: number;
}

const noUsage: Usage = { functionCount: 0, codeSizeBytes: 0 };

export class MetadataView {
  readonly #region: string;
  readonly #accounts = new Map<string, Account>();
  /** The revision at which each key was last seen: what is older than that is no news. */
  readonly #revisions = new Map<string, Revision>();
  readonly #urls = new Map<string, FunctionUrlRecord>();
  /** The ids of the URLs, by their keys. */
  readonly #urlIds = new Map<string, string>();
  /** Functions of which what is provisioned may have changed since `takeProvisionedChanges`, by account and name. */
  readonly #provisionedTouched = new Map<
    string,
    { readonly accountId: string; readonly functionName: string }
  >();

  constructor(region: string) {
    this.#region = region;
  }

  resolve(
    accountId: string,
    functionName: string,
    qualifier: string | undefined,
    random: Random,
  ): Resolution {
    const entry = this.#accounts.get(accountId)?.functions.get(functionName);
    const known = entry?.answers.get(qualifier);
    if (known) {
      if (known.shares.length === 0) return known.primary;
      const chance = random.next();
      for (const share of known.shares) if (chance < share.bound) return share.resolution;
      return known.primary;
    }
    const arn = functionArn({ accountId, region: this.#region, functionName }, qualifier);
    if (!entry?.record || !entry.versions.has(latestVersion)) return { kind: 'no-function', arn };
    const answer = answerOf(entry, entry.record, qualifier, arn);
    if (!answer) return { kind: 'no-qualifier', arn };
    entry.answers.set(qualifier, answer);
    return this.resolve(accountId, functionName, qualifier, random);
  }

  policies(accountId: string, functionName: string): FunctionPolicyRecord | undefined {
    return this.#accounts.get(accountId)?.functions.get(functionName)?.policies;
  }

  url(urlId: string): FunctionUrlRecord | undefined {
    return this.#urls.get(urlId);
  }

  eventInvoke(accountId: string, functionName: string, qualifier: string): EventInvokeRecord | undefined {
    return this.#accounts.get(accountId)?.functions.get(functionName)?.eventInvokes.get(qualifier);
  }

  usage(accountId: string): Usage {
    return this.#accounts.get(accountId) ?? noUsage;
  }

  /** What is wanted of each function that has something provisioned, or had, and of which something has changed since the last call. */
  takeProvisionedChanges(): readonly ProvisionedChange[] {
    const touched = [...this.#provisionedTouched.values()];
    this.#provisionedTouched.clear();
    return touched.map(({ accountId, functionName }) => this.#provisionedOf(accountId, functionName));
  }

  /** The same of all functions that have something provisioned. */
  *allProvisioned(): Iterable<ProvisionedChange> {
    for (const [accountId, { functions }] of this.#accounts) {
      for (const [functionName, entry] of functions) {
        if (entry.provisioned.size > 0) yield this.#provisionedOf(accountId, functionName);
      }
    }
  }

  /** The alias or version whose provisioned concurrency a version is part of. */
  provisionedFor(accountId: string, functionName: string, version: string): string {
    const entry = this.#accounts.get(accountId)?.functions.get(functionName);
    return entry === undefined ? version : qualifierOf(version, entry.provisioned, entry.aliases);
  }

  #provisionedOf(accountId: string, functionName: string): ProvisionedChange {
    const entry = this.#accounts.get(accountId)?.functions.get(functionName);
    const versions = entry ? provisionedVersions(entry.provisioned, entry.aliases, entry.versions) : [];
    return { accountId, functionName, versions };
  }

  keys(): Iterable<string> {
    return this.#revisions.keys();
  }

  /** Takes in a document; returns the change of a version that this is, if it is one. */
  put(document: Document): VersionChange | undefined {
    const { key, value, revision } = document;
    if (revision <= (this.#revisions.get(key) ?? -1)) return undefined;
    return this.#replace(key, value, revision);
  }

  /** Forgets a document; returns the change of a version that this is, if it is one. */
  delete(key: string, revision: Revision): VersionChange | undefined {
    if (revision <= (this.#revisions.get(key) ?? Infinity)) return undefined;
    return this.#replace(key, undefined, revision);
  }

  #replace(key: string, value: Document['value'] | undefined, revision: Revision): VersionChange | undefined {
    const parsed = parseKey(key);
    if (!parsed || parsed.region !== this.#region) return undefined;
    if (value === undefined) this.#revisions.delete(key);
    else this.#revisions.set(key, revision);
    if (parsed.kind === 'url') {
      this.#replaceUrl(key, value as unknown as FunctionUrlRecord | undefined);
      return undefined;
    }
    const account = this.#account(parsed.accountId);
    const entry = entryOf(account, parsed.functionName);
    entry.answers.clear();
    let change: VersionChange | undefined;
    if (parsed.kind === 'provisioned' || entry.provisioned.size > 0) {
      const { accountId, functionName } = parsed;
      this.#provisionedTouched.set(`${accountId}/${functionName}`, { accountId, functionName });
    }
    switch (parsed.kind) {
      case 'function': {
        const next = value as unknown as FunctionRecord | undefined;
        account.functionCount += Number(next !== undefined) - Number(entry.record !== undefined);
        entry.record = next;
        break;
      }
      case 'version': {
        const next = value === undefined ? undefined : served(value as unknown as VersionRecord);
        const previous = entry.versions.get(parsed.version);
        account.codeSizeBytes += codeSize(next) - codeSize(previous);
        if (next) entry.versions.set(parsed.version, next);
        else entry.versions.delete(parsed.version);
        change = { key, version: next, previous };
        break;
      }
      case 'policy': {
        entry.policies = value as unknown as FunctionPolicyRecord | undefined;
        break;
      }
      case 'provisioned': {
        const next = value as unknown as ProvisionedRecord | undefined;
        if (next) entry.provisioned.set(parsed.qualifier, next);
        else entry.provisioned.delete(parsed.qualifier);
        break;
      }
      case 'alias': {
        const next = value as unknown as AliasRecord | undefined;
        if (next) entry.aliases.set(parsed.alias, next);
        else entry.aliases.delete(parsed.alias);
        break;
      }
      case 'event-invoke': {
        const next = value as unknown as EventInvokeRecord | undefined;
        if (next) entry.eventInvokes.set(parsed.qualifier, next);
        else entry.eventInvokes.delete(parsed.qualifier);
        break;
      }
    }
    const rest = entry.versions.size + entry.aliases.size + entry.provisioned.size + entry.eventInvokes.size;
    if (!entry.record && !entry.policies && rest === 0) {
      account.functions.delete(parsed.functionName);
    }
    return change;
  }

  #replaceUrl(key: string, next: FunctionUrlRecord | undefined): void {
    const idBefore = this.#urlIds.get(key);
    if (idBefore !== undefined) this.#urls.delete(idBefore);
    this.#urlIds.delete(key);
    if (next === undefined) return;
    this.#urlIds.set(key, next.urlId);
    this.#urls.set(next.urlId, next);
  }

  #account(accountId: string): Account {
    let account = this.#accounts.get(accountId);
    if (!account) {
      account = { functions: new Map(), functionCount: 0, codeSizeBytes: 0 };
      this.#accounts.set(accountId, account);
    }
    return account;
  }
}

function entryOf(account: Account, functionName: string): Entry {
  let entry = account.functions.get(functionName);
  if (!entry) {
    entry = {
      record: undefined,
      policies: undefined,
      versions: new Map(),
      aliases: new Map(),
      provisioned: new Map(),
      eventInvokes: new Map(),
      answers: new Map(),
    };
    account.functions.set(functionName, entry);
  }
  return entry;
}

/** The version as invokes run it: as it was before an update that failed, or whose runtime is still being installed. */
function served(version: VersionRecord): VersionRecord {
  const { fallback, lastUpdateStatus } = version;
  if (fallback === undefined || lastUpdateStatus === 'Successful') return version;
  if (fallback.serves === 'from-failure' && lastUpdateStatus !== 'Failed') return version;
  return { ...version, configuration: fallback.configuration, generation: fallback.generation };
}

const codeSize = (version: VersionRecord | undefined): number => version?.configuration.code.sizeBytes ?? 0;

/** Only existing qualifiers get an answer, so `answers` is bounded by a function's versions and aliases. */
function answerOf(
  entry: Entry,
  record: FunctionRecord,
  qualifier: string | undefined,
  invokedArn: string,
): Answer | undefined {
  const found = (name: string): Resolution | undefined => {
    const version = entry.versions.get(name);
    return version && { kind: 'found', function: record, version, invokedArn };
  };
  const alias = qualifier === undefined ? undefined : entry.aliases.get(qualifier);
  const primary = found(alias?.version ?? qualifier ?? latestVersion);
  if (!primary) return undefined;
  const shares: { bound: number; resolution: Resolution }[] = [];
  let bound = 0;
  for (const [name, weight] of Object.entries(alias?.additionalWeights ?? {})) {
    const resolution = found(name);
    if (!resolution || weight === 0) continue;
    bound += weight;
    shares.push({ bound, resolution });
  }
  return { primary, shares };
}
