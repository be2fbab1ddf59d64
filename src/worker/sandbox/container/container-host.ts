/** What a host must have for container sandboxes, found out by really starting one. */
import type { Hierarchy } from './cgroup.ts';
import { findHierarchy } from './cgroup.ts';
import { findProgram } from './oci-runtime.ts';

/** How this host runs containers. */
export interface ContainerHost {
  /** Absolute path of the OCI runtime. */
  readonly program: string;
  readonly hierarchy: Hierarchy;
}

export type ContainerProbe =
  | { readonly kind: 'works'; readonly host: ContainerHost }
  /** `why` is a sentence's part for the operator: `runc is not installed`. */
  | { readonly kind: 'missing'; readonly why: string };

/** `runtime`: an OCI runtime by name or path. */
export async function probeContainers(runtime = 'runc'): Promise<ContainerProbe> {
  const missing = (why: string): ContainerProbe => ({ kind: 'missing', why });
  if (process.platform !== 'linux') return missing(`containers need Linux, and this is ${process.platform}`);
  if (process.getuid?.() !== 0) return missing('Lambkin does not run as root');
  const program = findProgram(runtime);
  if (program === undefined) return missing(`${runtime} is not installed`);
  const tools = ['unshare', 'nsenter', 'mount', 'ip', 'sh'].filter((name) => findProgram(name) === undefined);
  if (tools.length > 0) return missing(`${tools.join(', ')} of util-linux or iproute2 is not installed`);
  const hierarchy = findHierarchy();
  if ('missing' in hierarchy) return missing(hierarchy.missing);
  return { kind: 'works', host: { program, hierarchy } };
}
