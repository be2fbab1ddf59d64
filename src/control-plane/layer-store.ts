/** Reads and changes the records of layers, and knows how much their archives take. */
import type { Documents, Json, Write } from '#platform';
import type { LayerName, LayerVersionName } from './layer-arn.ts';
import {
  everyLayerVersionPrefix,
  layerKey,
  type LayerRecord,
  layerVersionKey,
  type LayerVersionRecord,
  layerVersionsPrefix,
} from './layer-records.ts';
import { layerCommitAttemptsMax } from './limits.ts';
import { layerTooContended } from './layer-answers.ts';

/** A record as it was read, or that there was none; `keep` and `replace` expect exactly that. */
interface Read<Value> {
  readonly key: string;
  readonly value: Value | undefined;
  readonly expected: 'absent' | number;
}

/** A change, decided after reading. `version` undefined: it is deleted. */
export interface LayerDecision<Result> {
  readonly layer?: LayerRecord;
  readonly version?: { readonly name: LayerVersionName; readonly to: LayerVersionRecord | undefined };
  readonly result: Result;
}

export interface LayerRecords {
  readonly layer: LayerRecord | undefined;
  readonly version: (number: number) => Promise<LayerVersionRecord | undefined>;
}

export class LayerStore {
  readonly #documents: Documents;
  /** Bytes of the archives of an account's layer versions. */
  readonly #bytes = new Map<string, number>();

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  async findVersion(name: LayerVersionName): Promise<LayerVersionRecord | undefined> {
    return (await this.#read<LayerVersionRecord>(layerVersionKey(name))).value;
  }

  /** The newest version that `accept` takes. */
  async newest(
    name: LayerName,
    accept: (version: LayerVersionRecord) => boolean,
  ): Promise<LayerVersionRecord | undefined> {
    for await (const version of this.#versions(layerVersionsPrefix(name), newestPageItems)) {
      if (accept(version)) return version;
    }
    return undefined;
  }

  /** Reads, decides and writes, anew whenever somebody else was faster. Too often: ResourceConflictException. */
  async change<Result>(
    name: LayerName,
    decide: (records: LayerRecords) => Promise<LayerDecision<Result>>,
  ): Promise<Result> {
    for (let attempt = 1; attempt <= layerCommitAttemptsMax; attempt += 1) {
      const layer = await this.#read<LayerRecord>(layerKey(name));
      const read = new Map<number, Read<LayerVersionRecord>>();
      const version = async (number: number): Promise<LayerVersionRecord | undefined> => {
        const found = await this.#read<LayerVersionRecord>(layerVersionKey({ ...name, version: number }));
        read.set(number, found);
        return found.value;
      };
      const decision = await decide({ layer: layer.value, version });
      const writes: Write[] = [];
      if (decision.layer) writes.push(put(layer, decision.layer));
      let bytes = 0;
      if (decision.version) {
        const { name: versionName, to } = decision.version;
        const before = read.get(versionName.version) ?? absent(layerVersionKey(versionName));
        bytes = (to?.code.sizeBytes ?? 0) - (before.value?.code.sizeBytes ?? 0);
        if (to) writes.push(put(before, to));
        else writes.push({ kind: 'delete', key: before.key, expected: before.expected });
      }
      if (writes.length === 0) return decision.result;
      const outcome = await this.#documents.commit(writes);
      if (outcome.kind === 'committed') {
        this.#count(name.accountId, bytes);
        return decision.result;
      }
    }
    throw layerTooContended(name);
  }

  /** As far as this control plane has made or (in `everyBlobKey`) read them. */
  bytes(accountId: string): number {
    return this.#bytes.get(accountId) ?? 0;
  }

  /** Where the archives of all versions stand; counts their bytes on the way. To be called before anything changes. */
  async everyBlobKey(): Promise<ReadonlySet<string>> {
    const keys = new Set<string>();
    this.#bytes.clear();
    for await (const version of this.#versions(everyLayerVersionPrefix, undefined)) {
      keys.add(version.code.blobKey);
      this.#count(version.accountId, version.code.sizeBytes);
    }
    return keys;
  }

  #count(accountId: string, bytes: number): void {
    this.#bytes.set(accountId, this.bytes(accountId) + bytes);
  }

  async #read<Value>(key: string): Promise<Read<Value>> {
    const document = await this.#documents.get(key);
    if (!document) return absent(key);
    return { key, value: document.value as unknown as Value, expected: document.revision };
  }

  async *#versions(prefix: string, limit: number | undefined): AsyncGenerator<LayerVersionRecord> {
    for (let after: string | undefined; ;) {
      const page = await this.#documents.list(prefix, {
        ...(after === undefined ? {} : { after }),
        ...(limit === undefined ? {} : { limit }),
      });
      for (const document of page.documents) yield document.value as unknown as LayerVersionRecord;
      after = page.next;
      if (after === undefined) return;
    }
  }
}

/** Most filters take one of the first few. */
const newestPageItems = 8;

function absent<Value>(key: string): Read<Value> {
  return { key, value: undefined, expected: 'absent' };
}

function put<Value>(before: Read<Value>, value: Value): Write {
  return { kind: 'put', key: before.key, value: value as unknown as Json, expected: before.expected };
}
