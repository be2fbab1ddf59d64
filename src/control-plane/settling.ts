/**
 * Settling: in the background of CreateFunction and the updates, a version's runtime is installed if need be and its code
 * unpacked; then the version becomes Active (or its update Successful), or Failed with the reason.
 *
 *   Pending ──▶ Active          InProgress ──▶ Successful
 *      └──────▶ Failed               └───────▶ Failed
 *
 * A version that changes or goes away meanwhile is left to whoever changed it. What a crash interrupts is taken up by
 * `settle` again at the next start, from the state in the store alone.
 */
import type { CodeStore } from '#code';
import { type Fallback, layersOf, type VersionRecord } from '#metadata';
import type { Cancel, Clock, Document, Documents, Entropy, Json } from '#platform';
import type { Runtimes } from '#runtimes';
import { resettleDelayMsMax, resettleDelayMsMin, settlingMax } from './limits.ts';

export interface SettlingOptions {
  readonly documents: Documents;
  readonly code: Pick<CodeStore, 'unpack' | 'unpackLayers'>;
  readonly runtimes: Runtimes;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Told of what went wrong and will be tried again. */
  readonly onTrouble: (message: string, error: unknown) => void;
}

type Readiness =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly reason: string; readonly reasonCode: string };

export const isUnsettled = (version: VersionRecord): boolean =>
  version.state === 'Pending' || version.lastUpdateStatus === 'InProgress';

export class Settling {
  readonly #options: SettlingOptions;
  /** Keys of versions that wait for their turn; bounded by the unsettled versions in the store. */
  readonly #waiting = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  /** Keys whose version changed while it was being settled. */
  readonly #again = new Set<string>();
  readonly #retries = new Set<Cancel>();
  /** Ends the wait for installations and unpacking when everything stops: they may take long. */
  readonly #stops = new Set<() => void>();
  #closed = false;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  /** Has the version under `key` settled in the background. */
  settle(key: string): void {
    if (this.#closed) return;
    if (this.#running.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
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
    await this.idle();
  }

  #start(): void {
    for (const key of this.#waiting) {
      if (this.#running.size >= settlingMax || this.#closed) return;
      this.#waiting.delete(key);
      this.#run(key, resettleDelayMsMin);
    }
  }

  #run(key: string, retryDelayMs: number): void {
    const run = this.#attempt(key, retryDelayMs).finally(() => {
      this.#running.delete(key);
      if (this.#again.delete(key) && !this.#closed) this.#waiting.add(key);
      this.#start();
    });
    this.#running.set(key, run);
  }

  async #attempt(key: string, retryDelayMs: number): Promise<void> {
    try {
      while (!(await this.#settleOnce(key)));
    } catch (error) {
      if (this.#closed) return;
      this.#options.onTrouble(`cannot settle ${key} now`, error);
      const cancel = this.#options.clock.after(retryDelayMs, () => {
        this.#retries.delete(cancel);
        if (this.#closed || this.#running.has(key) || this.#waiting.has(key)) return;
        this.#run(key, Math.min(retryDelayMs * 2, resettleDelayMsMax));
      });
      this.#retries.add(cancel);
    }
  }

  /** Returns whether the version is settled, or gone. */
  async #settleOnce(key: string): Promise<boolean> {
    const { documents, entropy } = this.#options;
    const document = await documents.get(key);
    const version = document && versionOf(document);
    if (!document || !version || !isUnsettled(version)) return true;
    const readiness = await this.#unlessStopped(this.#makeReady(version));
    if (readiness === 'stopped') return true;
    const settled = withReadiness(version, readiness, entropy.uuid(), entropy.uuid());
    const outcome = await documents.commit([
      { kind: 'put', key, value: settled as unknown as Json, expected: document.revision },
    ]);
    if (readiness.kind === 'failed') {
      this.#options.onTrouble(`${key} failed: ${readiness.reason}`, undefined);
    }
    // After a lost race the version is looked at afresh: at most once per change that somebody made to it.
    return outcome.kind === 'committed';
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
    const { runtimes, code } = this.#options;
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

const notReady = (reasonCode: string, reason: string): Readiness => ({ kind: 'failed', reason, reasonCode });

function versionOf(document: Document): VersionRecord {
  return document.value as unknown as VersionRecord;
}

/** The version once settled. Reasons of before go; a new revision id says that clients see a change. */
function withReadiness(
  version: VersionRecord,
  readiness: Readiness,
  revisionId: string,
  generation: string,
): VersionRecord {
  const {
    stateReason: _stateReason,
    stateReasonCode: _stateReasonCode,
    lastUpdateStatusReason: _lastUpdateStatusReason,
    lastUpdateStatusReasonCode: _lastUpdateStatusReasonCode,
    fallback,
    ...rest
  } = version;
  const base = { ...rest, revisionId };
  if (readiness.kind === 'ready') return { ...base, state: 'Active', lastUpdateStatus: 'Successful' };
  const { reason, reasonCode } = readiness;
  if (version.state === 'Pending') {
    return {
      ...base,
      state: 'Failed',
      stateReason: reason,
      stateReasonCode: reasonCode,
      lastUpdateStatus: 'Failed',
      lastUpdateStatusReason: reason,
      lastUpdateStatusReasonCode: reasonCode,
    };
  }
  return {
    ...base,
    lastUpdateStatus: 'Failed',
    lastUpdateStatusReason: reason,
    lastUpdateStatusReasonCode: reasonCode,
    ...(fallback === undefined ? {} : { fallback: takenUp(fallback, generation) }),
  };
}

/** Environments of a generation that the update has ended do not come back: what serves again does so as a new one. */
function takenUp(fallback: Fallback, generation: string): Fallback {
  return fallback.serves === 'from-failure' ? { ...fallback, generation } : fallback;
}
