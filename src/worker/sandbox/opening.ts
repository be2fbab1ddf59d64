/** Which sandboxes a worker has, by what it was told stands around functions. */
import type { Clock, Entropy } from '#platform';
import type { RuntimeApi } from '../runtime-api/server.ts';
import type { ContainerHost } from './container/container-host.ts';
import { ContainerSandboxes } from './container/container-sandboxes.ts';
import type { Mounting } from './process/mounting.ts';
import { ProcessSandboxes } from './process/process-sandboxes.ts';
import type { Sandboxes } from './sandbox.ts';

export type Isolation =
  | { readonly kind: 'process' }
  /** As found by `probeContainers`. */
  | { readonly kind: 'container'; readonly host: ContainerHost };

export interface OpeningOptions {
  readonly isolation: Isolation;
  readonly directory: string;
  readonly api: RuntimeApi;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly warn: (message: string) => void;
  /** URLs of this host that functions reach whatever their network: Lambkin's own endpoint first. */
  readonly reached: readonly (() => string)[];
  readonly runAs: { readonly uid: number; readonly gid: number } | undefined;
  readonly mounting: Mounting | undefined;
}

/** Sweeps what an earlier run left behind, of either kind, before it resolves. */
export async function openSandboxes(options: OpeningOptions): Promise<Sandboxes> {
  const { isolation, directory, api, clock, entropy, warn, reached, runAs, mounting } = options;
  switch (isolation.kind) {
    case 'container':
      return ContainerSandboxes.open({ directory, api, clock, entropy, warn, reached, ...isolation.host });
    case 'process':
      return ProcessSandboxes.open({
        directory,
        api,
        clock,
        entropy,
        warn,
        ...(runAs === undefined ? {} : { runAs }),
        ...(mounting === undefined ? {} : { mounting }),
      });
    default:
      return isolation satisfies never;
  }
}
