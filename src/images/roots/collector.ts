/**
 * Collects garbage: opens a new root when the epoch ends, carries what is referred to over from retired ones, and deletes what nobody reads any more. Every
 * step is one that state.ts found due; a collector may die at any place, and any number of them may run at once.
 */
import type { Blobs, Document } from '#platform';
import type { SealedFor } from '../chunks/sealed-text.ts';
import { decodeManifest } from '../chunks/manifest.ts';
import { deletionsMax } from '../limits.ts';
import { carryChunks } from './carry.ts';
import { openNextRoot, type Opening } from './opening.ts';
import {
  commitUnderRoots,
  imageRecord,
  imagesPrefix,
  manifestBlob,
  rootBlobs,
  rootsBlobs,
  rootsKey,
  rootTable,
  traceBlob,
  type RootTable,
} from './records.ts';
import { activeRoot, applyStep, forget, nextStep, type CollectionOptions, type Step } from './state.ts';

export interface CollectorOptions extends Opening {
  readonly blobs: Blobs;
  readonly collection: CollectionOptions;
}

export interface Collected {
  readonly steps: number;
  readonly carried: number;
  readonly deletedBlobs: number;
  /** Images that could not be carried, with the reason; their root stays. */
  readonly failed: readonly { readonly key: string; readonly reason: string }[];
}

interface Referring {
  readonly key: string;
  readonly document: Document;
  readonly root: number;
}

export class Collector {
  readonly #options: CollectorOptions;
  #carried = 0;
  #deletedBlobs = 0;
  #failed: { key: string; reason: string }[] = [];
  /** Retired roots that not all images could be carried from; they are left alone until the next time. */
  readonly #stuck = new Set<number>();

  constructor(options: CollectorOptions) {
    this.#options = options;
  }

  /** Does what is due now. Rejects with a StoreUnavailableError; what was done by then stays done. */
  async collect(): Promise<Collected> {
    this.#carried = 0;
    this.#deletedBlobs = 0;
    this.#failed = [];
    this.#stuck.clear();
    let steps = 0;
    for (; ; steps += 1) {
      const step = await this.#nextStep();
      if (step.kind === 'wait') break;
      await this.#take(step);
    }
    await this.#sweepForgotten();
    return { steps, carried: this.#carried, deletedBlobs: this.#deletedBlobs, failed: this.#failed };
  }

  async #nextStep(): Promise<Step> {
    const { documents, clock, collection } = this.#options;
    // The table first: what refers to a root that is retired in it cannot grow afterwards.
    const { roots } = rootTable(await documents.get(rootsKey));
    const references = new Map<number, number>();
    for (const { root } of await this.#referring()) references.set(root, (references.get(root) ?? 0) + 1);
    return nextStep(roots, (root) => references.get(root) ?? 0, clock.wallMs(), collection, this.#stuck);
  }

  async #take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'open':
        await openNextRoot(this.#options, step.retire);
        return;
      case 'carry':
        await this.#carryAll(step.from, step.to);
        return;
      case 'expire':
      case 'delete':
        await this.#changeRoots(({ roots, salts }) => ({
          roots: this.#stillDue(step, roots) ? applyStep(roots, step, this.#options.clock.wallMs()) : roots,
          salts,
        }));
        return;
      case 'empty':
        await this.#deleteBlobs(rootBlobs(step.id));
        await this.#changeRoots(({ roots, salts }) => ({
          roots: forget(roots, step.id),
          salts: Object.fromEntries(Object.entries(salts).filter(([id]) => Number(id) !== step.id)),
        }));
        return;
      case 'wait':
        return;
      default:
        step satisfies never;
    }
  }

  /** An alarm may have come since, or another collector. */
  #stillDue(step: Step & { readonly id: number }, roots: RootTable['roots']): boolean {
    const { clock, collection } = this.#options;
    const root = roots.find(({ id }) => id === step.id);
    if (root === undefined) return false;
    if (step.kind === 'expire') return root.state === 'retired';
    return root.state === 'expired' && clock.wallMs() - root.sinceMs >= collection.expiredMs;
  }

  async #carryAll(from: number, to: number): Promise<void> {
    const failedBefore = this.#failed.length;
    let left = 0;
    for (const referring of await this.#referring()) {
      if (referring.root !== from) continue;
      try {
        if (await this.#carry(referring, to)) this.#carried += 1;
        else left += 1;
      } catch (error) {
        this.#failed.push({
          key: referring.key,
          reason: error instanceof Error ? error.message : String(error),
        });
      }
    }
    // Also what was changed meanwhile: the next time is soon enough.
    if (left > 0 || this.#failed.length > failedBefore) this.#stuck.add(from);
  }

  /** false: the record was changed or released meanwhile, which is looked at again. */
  async #carry({ key, document, root: from }: Referring, to: number): Promise<boolean> {
    const { blobs, documents, keyring } = this.#options;
    const [account = '', image = ''] = key.slice(imagesPrefix.length).split('/');
    const sealed = await blobs.get(manifestBlob(from, image));
    if (sealed === undefined) throw new Error(`the manifest of image ${image} is missing under root ${from}`);
    const forManifest = { owner: account, purpose: `manifest ${image}` };
    const plain = await keyring.open(sealed, forManifest);
    await carryChunks(blobs, decodeManifest(plain).chunks, from, to);
    // As the keyring seals now: a key that no longer does is needed no more once all roots of its time are gone.
    const renewed = keyring.isCurrent(sealed) ? sealed : await keyring.seal(plain, forManifest);
    await blobs.putIfAbsent(manifestBlob(to, image), renewed);
    const trace = await blobs.get(traceBlob(from, image));
    if (trace !== undefined) {
      const forTrace = { owner: account, purpose: `trace ${image}` };
      await blobs.putIfAbsent(traceBlob(to, image), await this.#renewed(trace, forTrace));
    }
    // With the record as it was read: a release or another carrier in between makes this one void.
    const record = { ...imageRecord(document), root: to };
    for (;;) {
      const guard = await documents.get(rootsKey);
      const table = rootTable(guard);
      if (activeRoot(table.roots)?.id !== to) return false;
      const outcome = await documents.commit([
        { kind: 'put', key: rootsKey, value: guard?.value ?? null, expected: guard?.revision ?? 'absent' },
        { kind: 'put', key, value: { ...record }, expected: document.revision },
      ]);
      if (outcome.kind === 'committed') return true;
      if (outcome.key === key) return false;
    }
  }

  /** Of a hint: one that cannot be sealed anew is carried as it is. */
  async #renewed(sealed: Uint8Array, to: SealedFor): Promise<Uint8Array> {
    const { keyring } = this.#options;
    if (keyring.isCurrent(sealed)) return sealed;
    try {
      return await keyring.seal(await keyring.open(sealed, to), to);
    } catch {
      return sealed;
    }
  }

  async #referring(): Promise<readonly Referring[]> {
    const found: Referring[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.#options.documents.list(imagesPrefix, after === undefined ? {} : { after });
      for (const document of page.documents) {
        found.push({ key: document.key, document, root: imageRecord(document).root });
      }
      if (page.next === undefined) return found;
      after = page.next;
    }
  }

  async #changeRoots(change: (table: RootTable) => RootTable): Promise<void> {
    await commitUnderRoots(this.#options.documents, () => [], change);
  }

  /** What was put under a root after it had gone, by somebody who stood still for long. */
  async #sweepForgotten(): Promise<void> {
    const { blobs, documents } = this.#options;
    for (let after = ''; ;) {
      const [next] = await blobs.list(rootsBlobs, { after, limit: 1 });
      if (next === undefined) return;
      const id = next.key.slice(rootsBlobs.length).split('/')[0] ?? '';
      // After its blob was seen: a root is in the table before anything is put under it.
      const { roots } = rootTable(await documents.get(rootsKey));
      if (roots.length > 0 && !roots.some((root) => String(root.id) === id)) {
        await this.#deleteBlobs(`${rootsBlobs}${id}/`);
      }
      // Past all keys of that root: `0` follows `/`.
      after = `${rootsBlobs}${id}0`;
    }
  }

  async #deleteBlobs(prefix: string): Promise<void> {
    const { blobs } = this.#options;
    for (;;) {
      const page = await blobs.list(prefix);
      if (page.length === 0) return;
      const keys = page.map(({ key }) => key).values();
      const deleteAll = async (): Promise<void> => {
        for (const key of keys) await blobs.delete(key);
      };
      await Promise.all(Array.from({ length: deletionsMax }, deleteAll));
      this.#deletedBlobs += page.length;
    }
  }
}
