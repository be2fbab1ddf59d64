/**
 * The control plane put together: handlers by operation, and the work of a start (what a crash left unsettled is taken up,
 * archives that nothing refers to are deleted).
 */
import type { OpenCodeStore } from '#code';
import { metadataPrefix, type VersionRecord, type WatchedMetadata } from '#metadata';
import type { Clock, Documents, Entropy } from '#platform';
import type { Runtimes } from '#runtimes';
import type { Handlers } from '#wire';
import { accountHandlers } from './account.ts';
import { aliasHandlers } from './aliases.ts';
import { codeSigningHandlers } from './code-signing.ts';
import type { Architecture } from './configuration.ts';
import type { Context } from './context.ts';
import { deletionHandlers } from './deletion.ts';
import { FunctionStore } from './function-store.ts';
import { functionHandlers } from './functions.ts';
import { type Limits, limitsDefault } from './limits.ts';
import { reservationHandlers } from './reservations.ts';
import { isUnsettled, Settling } from './settling.ts';
import { tagHandlers } from './tags.ts';
import { versionHandlers } from './versions.ts';

export interface ControlPlaneOptions {
  readonly documents: Documents;
  readonly code: Pick<OpenCodeStore, 'store' | 'check' | 'unpack' | 'sweep'>;
  /** What invokes see of the metadata: a change is answered once it shows there. */
  readonly metadata: Pick<WatchedMetadata, 'reached' | 'usage'>;
  readonly runtimes: Runtimes;
  readonly region: string;
  /** This host's. */
  readonly architecture: Architecture;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Makes links that open without a signature: the path (or URL) with what it takes to open it. */
  readonly links: { make(path: string, expiresInSeconds: number): string };
  readonly limits?: Partial<Limits>;
  /** Told of what went wrong in the background. */
  readonly onTrouble?: (message: string, error: unknown) => void;
}

export interface ControlPlane {
  readonly handlers: Handlers;
  /**
   * Takes up what an earlier run left, and deletes archives that no version refers to. To be awaited before `handlers`
   * are served, and only while no other control plane runs: an archive that is being stored looks unused.
   */
  resume(): Promise<void>;
  /** Resolves when nothing is being settled. */
  settled(): Promise<void>;
  /** Ends the work in the background; what is not done is resumed at the next start. */
  close(): Promise<void>;
}

export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { documents, code, metadata, runtimes, clock, entropy, links } = options;
  const onTrouble = options.onTrouble ?? (() => {});
  const settling = new Settling({ documents, code, runtimes, clock, entropy, onTrouble });
  const context: Context = {
    store: new FunctionStore(documents, (revision) => metadata.reached(revision)),
    code,
    host: { runtimes, architecture: options.architecture },
    region: options.region,
    clock,
    entropy,
    limits: { ...limitsDefault, ...options.limits },
    settling,
    usage: (accountId) => metadata.usage(accountId),
    makeLink: (path, expiresInSeconds) => links.make(path, expiresInSeconds),
  };
  return {
    handlers: {
      ...functionHandlers(context),
      ...deletionHandlers(context),
      ...versionHandlers(context),
      ...aliasHandlers(context),
      ...reservationHandlers(context),
      ...codeSigningHandlers(context),
      ...tagHandlers(context),
      ...accountHandlers(context),
    },
    resume: () => resume(documents, code, settling),
    settled: () => settling.idle(),
    close: () => settling.close(),
  };
}

async function resume(
  documents: Documents,
  code: Pick<OpenCodeStore, 'sweep'>,
  settling: Settling,
): Promise<void> {
  const referenced = new Set<string>();
  const unsettled: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await documents.list(`${metadataPrefix}versions/`, after === undefined ? {} : { after });
    for (const { key, value } of page.documents) {
      const version = value as unknown as VersionRecord;
      referenced.add(version.configuration.code.blobKey);
      if (isUnsettled(version)) unsettled.push(key);
    }
    after = page.next;
    if (after === undefined) break;
  }
  await code.sweep(referenced);
  for (const key of unsettled) settling.settle(key);
}
