/** What every capability of the control plane works with. */
import type { OpenCodeStore, S3Archives, SigningKeys } from '#code';
import type { EventSources } from '#event-sources';
import type { RoleState } from '#identity';
import type { VariableSeal, VersionRecord } from '#metadata';
import type { Clock, Entropy } from '#platform';
import type { HostTraits } from './host-traits.ts';
import type { ImageKeeper } from './image-keeper.ts';
import type { ImageReleases } from './image-releases.ts';
import type { Mappings } from './event-sources/mappings.ts';
import type { RoleMay } from './event-sources/role-permissions.ts';
import type { FunctionStore } from './function-store.ts';
import type { LayerStore } from './layer-store.ts';
import type { Limits } from './limits.ts';
import type { Settling } from './settling.ts';

/** What is kept ready of a version, as whoever keeps it says. */
export type ProvisionedState = {
  readonly available: number;
  /** Environments that have an invoke. */
  readonly busy: number;
} & ({ readonly kind: 'in-progress' | 'ready' } | { readonly kind: 'failed'; readonly reason: string });

export interface Context {
  readonly store: FunctionStore;
  readonly layers: LayerStore;
  readonly code: Pick<OpenCodeStore, 'store' | 'check'>;
  /** Code and layers that requests name in S3. */
  readonly archives: Pick<S3Archives, 'fetch'>;
  /** Where images are from, and who keeps them. Absent: nobody. */
  readonly images?: ImageKeeper;
  /** Why functions of PackageType Image cannot run here; undefined: they can. */
  readonly imagesProblem: () => Promise<string | undefined>;
  readonly releases: ImageReleases;
  readonly variables: VariableSeal;
  readonly roleState: (roleArn: string) => RoleState;
  /** Undefined: nothing of the version is kept ready. */
  readonly provisioned: (version: VersionRecord) => Promise<ProvisionedState | undefined>;
  readonly host: HostTraits;
  readonly region: string;
  /** What the host names of function URLs end with. */
  readonly urlDomain: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly limits: Limits;
  readonly mappings: Mappings;
  /** Whether a role may do something. Absent: mappings are taken whatever their function's role may. */
  readonly roleMay?: RoleMay;
  /** Absent: nothing polls, and queues are not looked at. */
  readonly eventSources?: Pick<EventSources, 'problemOf' | 'describeQueue'>;
  /** Public keys of the signing profiles that the operator knows; with none, no archive counts as signed. */
  readonly signingKeys: SigningKeys;
  /** Told of what an operator should know and no client is told. */
  readonly warn: (message: string) => void;
  readonly settling: Settling;
  /** Bytes of all archives of an account's versions, and how many functions it has, as far as is known here. */
  readonly usage: (accountId: string) => { readonly functionCount: number; readonly codeSizeBytes: number };
  /** A path with a signature that lets it be fetched for so long. */
  readonly makeLink: (path: string, expiresInSeconds: number) => string;
}
