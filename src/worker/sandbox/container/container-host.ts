/** What a host must have for container sandboxes, as far as it can be seen without starting one. */
import { findHierarchy, type Hierarchy } from './cgroup.ts';
import { findProgram } from './oci-runtime.ts';

/** What an operator may decide about containers. */
export interface ContainerOptions {
  /** The OCI runtime, by name or path: `runc`, `crun`, `runsc`. */
  readonly runtime?: string;
  /** What functions reach besides Lambkin's own endpoint and the addresses that were named. Default: nothing. */
  readonly network?: Network;
  /** Absolute: a directory whose system files functions see; by default the host's own. */
  readonly baseImage?: string;
}

export type Network = 'none' | 'internet';

/** How this host runs containers. */
export interface ContainerHost {
  /** Absolute path of the OCI runtime. */
  readonly program: string;
  readonly hierarchy: Hierarchy;
  readonly network: Network;
  /** `/`: the host's own. */
  readonly baseImage: string;
}

export type ContainerFinding =
  | { readonly kind: 'found'; readonly host: ContainerHost }
  /** `why` is a part of a sentence for the operator: `runc is not installed`. */
  | { readonly kind: 'missing'; readonly why: string };

export function findContainerHost(options: ContainerOptions): ContainerFinding {
  const { runtime = 'runc', network = 'none', baseImage = '/' } = options;
  if (process.platform !== 'linux') return missing(`containers need Linux, and this is ${process.platform}`);
  if (process.getuid?.() !== 0) return missing('Lambkin does not run as root');
  const program = findProgram(runtime);
  if (program === undefined) return missing(`${runtime} is not installed`);
  const needed = [...tools, ...(network === 'internet' ? uplinkTools : [])];
  const lacking = needed.find(([name]) => findProgram(name) === undefined);
  if (lacking !== undefined) return missing(`${lacking[0]} (package ${lacking[1]}) is not installed`);
  const hierarchy = findHierarchy();
  if ('missing' in hierarchy) return missing(hierarchy.missing);
  return { kind: 'found', host: { program, hierarchy, network, baseImage } };
}

function missing(why: string): ContainerFinding {
  return { kind: 'missing', why };
}

/** Programs, and the packages that have them. */
const tools: readonly (readonly [string, string])[] = [
  ['unshare', 'util-linux'],
  ['nsenter', 'util-linux'],
  ['mount', 'mount'],
  ['ip', 'iproute2'],
  ['sh', 'dash'],
];
const uplinkTools: readonly (readonly [string, string])[] = [
  ['slirp4netns', 'slirp4netns'],
  ['nft', 'nftables'],
];
