/** Opens the registry on the ports: the distribution API, ECR's API, and the collection of garbage. */
import type { Blobs, Cancel, Clock, Documents, Entropy } from '#platform';
import type { Authorize, ReportFault, Service, StreamRoute } from '#wire';
import { type KeyHolder, Passwords } from './ecr/passwords.ts';
import { ecrService } from './ecr/service.ts';
import { registryLimits, type RegistryLimits } from './limits.ts';
import { ociRoute } from './oci/route.ts';
import { Attempts } from './store/attempts.ts';
import { Contents } from './store/contents.ts';
import { Deletions } from './store/deletions.ts';
import { Garbage, type RegistryCollected } from './store/garbage.ts';
import { Repositories } from './store/repositories.ts';
import { Uploads } from './store/uploads.ts';

export interface RegistryOptions {
  readonly accountId: string;
  readonly region: string;
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly keys: KeyHolder;
  /** 32 secret bytes, used for nothing else. */
  readonly passwordKey: Uint8Array;
  readonly limits?: Partial<RegistryLimits>;
  /** Hears why garbage could not be collected; it is tried again. */
  readonly onTrouble: (message: string, error: unknown) => void;
}

export interface Registry {
  /** `authorize`: by the operations of ECR. */
  route(authorize: Authorize, reportFault: ReportFault): StreamRoute;
  service(authorize: Authorize, reportFault: ReportFault): Service;
  readonly repositories: Repositories;
  readonly contents: Contents;
  /** Collects garbage now and then, from now on. */
  start(): void;
  collect(): Promise<RegistryCollected>;
  close(): Promise<void>;
}

export function openRegistry(options: RegistryOptions): Registry {
  const { documents, blobs, clock, entropy, accountId, region } = options;
  const limits: RegistryLimits = { ...registryLimits, ...options.limits };
  const parts = { documents, blobs, clock, entropy, limits };
  const uploads = new Uploads(parts);
  const contents = new Contents(parts, uploads);
  const attempts = new Attempts(limits);
  const repositories = new Repositories(parts, contents, attempts);
  const deletions = new Deletions(parts, repositories, attempts);
  const garbage = new Garbage(parts, uploads, repositories);
  const passwords = new Passwords(options.passwordKey, options.keys, clock);
  const nowMs = (): number => clock.wallMs();
  const closing = new AbortController();
  let cancel: Cancel | undefined;
  let collecting: Promise<unknown> | undefined;
  const arm = (): void => {
    if (closing.signal.aborted) return;
    cancel = clock.after(limits.collectIntervalMs, () => {
      collecting = garbage
        .collect(closing.signal)
        .catch((error: unknown) => {
          if (!closing.signal.aborted)
            options.onTrouble('garbage of the registry could not be collected', error);
        })
        .finally(arm);
    });
  };
  return {
    route: (authorize, reportFault) =>
      ociRoute({
        floor: { repositories, deletions, contents, uploads, authorize, region, nowMs },
        passwords,
        reportFault,
      }),
    service: (authorize, reportFault) =>
      ecrService(
        { accountId, region, repositories, deletions, contents, passwords, nowMs },
        reportFault,
        authorize,
      ),
    repositories,
    contents,
    start: arm,
    collect: () => garbage.collect(closing.signal),
    async close() {
      closing.abort();
      cancel?.();
      await collecting;
    },
  };
}
