/** Opens the sandboxes of a worker: of the kind that it is told, or the strongest that this host really can. */
import type { Clock, Entropy } from '#platform';
import { RuntimeApi } from '../runtime-api/server.ts';
import { findContainerHost, type ContainerOptions } from './container/container-host.ts';
import type { ContainerSandboxes } from './container/container-sandboxes.ts';
import { sweepContainers } from './container/sweep.ts';
import type { Mounting } from './process/mounting.ts';
import { ProcessSandboxes, sweepProcesses } from './process/process-sandboxes.ts';
import type { Sandboxes } from './sandbox.ts';

/** `auto`: a container where that works, else a process. */
export type IsolationWanted = 'auto' | 'container' | 'process';

export interface OpeningOptions {
  readonly isolation: IsolationWanted;
  readonly containers: ContainerOptions;
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

export interface Opened {
  readonly sandboxes: Sandboxes;
  /** Why it is not the strongest that Lambkin has; undefined where it is, or where nobody wanted that. */
  readonly weakerBecause?: string;
}

/** The operator wanted containers, and they do not work here. */
export class ContainersMissingError extends Error {
  override readonly name = 'ContainersMissingError';
}

/** Sweeps what an earlier run left behind, of either kind, before it resolves. */
export async function openSandboxes(options: OpeningOptions): Promise<Opened> {
  const { isolation } = options;
  if (isolation !== 'process') {
    const opened = await openContainers(options);
    if (!('why' in opened)) {
      await sweepProcesses(options);
      return { sandboxes: opened };
    }
    if (isolation === 'container') throw new ContainersMissingError(opened.why);
    return { sandboxes: await openProcesses(), weakerBecause: opened.why };
  }
  return { sandboxes: await openProcesses() };

  async function openProcesses(): Promise<ProcessSandboxes> {
    await sweepContainers(options);
    return ProcessSandboxes.open(options);
  }
}

/** Why containers do not work here; undefined: they do, one was started. `directory` is for that alone. */
export async function probeContainers(
  options: Pick<OpeningOptions, 'containers' | 'directory' | 'clock' | 'entropy'>,
): Promise<string | undefined> {
  const api = new RuntimeApi(options.entropy);
  const opened = await openContainers({ ...options, api, warn: () => {}, reached: [] });
  if ('why' in opened) return opened.why;
  await opened.close();
  return undefined;
}

async function openContainers(
  options: Omit<OpeningOptions, 'isolation' | 'runAs' | 'mounting'>,
): Promise<ContainerSandboxes | { readonly why: string }> {
  const finding = findContainerHost(options.containers);
  if (finding.kind === 'missing') return finding;
  // Loaded where the host has what they need.
  const [{ ContainerSandboxes }, { firstContainer }] = await Promise.all([
    import('./container/container-sandboxes.ts'),
    import('./container/first-container.ts'),
  ]);
  const sandboxes = await ContainerSandboxes.open({ ...options, ...finding.host });
  const why = await firstContainer(sandboxes);
  if (why === undefined) return sandboxes;
  await sandboxes.close();
  return { why };
}
