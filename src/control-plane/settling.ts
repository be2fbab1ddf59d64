/**
 * Settling: in the background of CreateFunction and the updates, a version's runtime is installed if need be and its code
 * unpacked, or its image is pulled and stored; then the version becomes Active (or its update Successful), or Failed with the reason.
 *
 *   Pending ──▶ Active          InProgress ──▶ Successful
 *      └──────▶ Failed               └───────▶ Failed
 *
 * A version that changes or goes away meanwhile is left to whoever changed it. What a crash interrupts is taken up by
 * `settle` again at the next start, from the state in the store alone.
 */
import type { CodeStore } from '#code';
import { layersOf, type PackageType, type VersionRecord } from '#metadata';
import type { Cancel, Clock, Document, Documents, Entropy, Json } from '#platform';
import type { Runtimes } from '#runtimes';
import { imagesOf } from './image-keeper.ts';
import type { ImageReleases } from './image-releases.ts';
import type { ImageSettling } from './image-settling.ts';
import { imageSettlingMax, resettleDelayMsMax, resettleDelayMsMin, settlingMax } from './limits.ts';
import { notReady, type Readiness, withReadiness } from './readiness.ts';
import { settingsWithoutEffect } from './without-effect.ts';

export interface SettlingOptions {
  readonly documents: Documents;
  readonly code: Pick<CodeStore, 'unpack' | 'unpackLayers'>;
  readonly runtimes: Runtimes;
  readonly images: ImageSettling;
  readonly releases: ImageReleases;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Told of what went wrong and will be tried again, and of settings that have no effect. */
  readonly onTrouble: (message: string, error: unknown) => void;
}

export const isUnsettled = (version: VersionRecord): boolean =>
  version.state === 'Pending' || version.lastUpdateStatus === 'InProgress';

/** Images take their time: versions with archives do not wait behind them. */
const settlingsMax: Readonly<Record<PackageType, number>> = { Zip: settlingMax, Image: imageSettlingMax };

export class Settling {
  readonly #options: SettlingOptions;
  /** Keys of versions that wait for their turn; bounded by the unsettled versions in the store. */
  readonly #waiting = new Map<string, PackageType>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #runningOf = { Zip: 0, Image: 0 };
  /** Keys whose version changed while it was being settled. */
  readonly #again = new Map<string, PackageType>();
  readonly #retries = new Set<Cancel>();
  /** Ends the wait for installations and unpacking when everything stops: they may take long. */
  readonly #stops = new Set<() => void>();
  #closed = false;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /** Has the version under `key` settled in the background. */
  settle(key: string, packageType: PackageType): void {
    if (this.#closed) return;
    if (this.#running.has(key)) this.#again.set(key, packageType);
    else this.#waiting.set(key, packageType);
    this.#start();
  }

  /** Resolves when nothing waits or runs; retries that wait for their time are not waited for. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values());
  }

  /** Starts nothing any more; what is being written is waited for, what is being made ready is left. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const stop of this.#stops) stop();
    this.#waiting.clear();
    for (const cancel of this.#retries) cancel();
    await this.#options.images.close();
    await this.idle();
  }

  #start(): void {
    for (const [key, packageType] of this.#waiting) {
      if (this.#closed) return;
      if (this.#runningOf[packageType] >= settlingsMax[packageType]) continue;
      this.#waiting.delete(key);
      this.#run(key, packageType, resettleDelayMsMin);
    }
  }

  #run(key: string, packageType: PackageType, retryDelayMs: number): void {
    this.#runningOf[packageType] += 1;
    const run = this.#attempt(key, packageType, retryDelayMs).finally(() => {
      this.#runningOf[packageType] -= 1;
      this.#running.delete(key);
      const again = this.#again.get(key);
      this.#again.delete(key);
      if (again !== undefined && !this.#closed) this.#waiting.set(key, again);
      this.#start();
    });
    this.#running.set(key, run);
  }

  async #attempt(key: string, packageType: PackageType, retryDelayMs: number): Promise<void> {
    try {
      while (!(await this.#settleOnce(key)));
    } catch (error) {
      if (this.#closed) return;
      this.#options.onTrouble(`cannot settle ${key} now`, error);
      const cancel = this.#options.clock.after(retryDelayMs, () => {
        this.#retries.delete(cancel);
        if (this.#closed || this.#running.has(key) || this.#waiting.has(key)) return;
        this.#run(key, packageType, Math.min(retryDelayMs * 2, resettleDelayMsMax));
      });
      this.#retries.add(cancel);
    }
  }

  /** Returns whether the version is settled, or gone. */
  async #settleOnce(key: string): Promise<boolean> {
    const { documents, entropy, releases } = this.#options;
    const document = await documents.get(key);
    const version = document && versionOf(document);
    if (!document || !version || !isUnsettled(version)) return true;
    const readiness = await this.#unlessStopped(this.#makeReady(version));
    if (readiness === 'stopped') return true;
    const made = readiness.kind === 'ready' ? readiness.imageId : undefined;
    const settled = withReadiness(version, readiness, entropy.uuid(), entropy.uuid());
    const outcome = await documents.commit([
      { kind: 'put', key, value: settled as unknown as Json, expected: document.revision },
    ]);
    if (readiness.kind === 'failed') {
      this.#options.onTrouble(`${key} failed: ${readiness.reason}`, undefined);
    }
    if (outcome.kind === 'committed') {
      const idle = settingsWithoutEffect(settled.configuration);
      if (idle.length > 0) {
        this.#options.onTrouble(
          `${version.functionName}: kept and shown, without effect: ${idle.join(', ')}`,
          undefined,
        );
      }
      releases.changed([version], [settled]);
      return true;
    }
    // After a lost race the version is looked at afresh: at most once per change that somebody made to it.
    if (made !== undefined) await this.#giveUp(key, version, made);
    return false;
  }

  /** What was stored for a version that has gone meanwhile, or has another image, is needed by nobody. */
  async #giveUp(key: string, { configuration }: VersionRecord, imageId: string): Promise<void> {
    const { documents, releases } = this.#options;
    const reference = configuration.image?.reference;
    const now = await documents.get(key);
    const needed = now === undefined ? [] : imagesOf(versionOf(now)).map((image) => image.reference);
    if (reference !== undefined && !needed.includes(reference)) releases.drop({ imageId, reference });
  }

  async #unlessStopped<Result>(work: Promise<Result>): Promise<Result | 'stopped'> {
    const { promise, resolve } = Promise.withResolvers<'stopped'>();
    const stop = (): void => resolve('stopped');
    this.#stops.add(stop);
    if (this.#closed) stop();
    try {
      return await Promise.race([work, promise]);
    } finally {
      this.#stops.delete(stop);
    }
  }

  async #makeReady({ configuration }: VersionRecord): Promise<Readiness> {
    const { runtimes, code, images } = this.#options;
    if (configuration.image !== undefined) return images.makeReady(configuration.image);
    const { runtime } = configuration;
    const availability = await runtimes.availability(runtime);
    switch (availability.kind) {
      case 'ready':
        break;
      case 'installable': {
        const installed = await runtimes.install(runtime);
        if (installed.kind === 'installed') break;
        return notReady('InvalidRuntime', `Runtime ${runtime} could not be installed: ${installed.reason}`);
      }
      case 'missing':
      case 'retired':
        return notReady(
          'InvalidRuntime',
          `Runtime ${runtime} is not available on this host. ${availability.howToGet}`,
        );
      case 'unknown':
        return notReady('InvalidRuntime', `Runtime ${runtime} is not supported by Lambkin.`);
    }
    const unpacked = await code.unpack(configuration.code);
    if (unpacked.kind === 'broken') return notReady('InternalError', unpacked.message);
    unpacked.release();
    const layers = layersOf(configuration);
    if (layers.length === 0) return { kind: 'ready' };
    const merged = await code.unpackLayers(layers.map((layer) => layer.code));
    if (merged.kind === 'broken') return notReady('InternalError', merged.message);
    merged.release();
    return { kind: 'ready' };
  }
}

function versionOf(document: Document): VersionRecord {
  return document.value as unknown as VersionRecord;
}
