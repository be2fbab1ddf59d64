/**
 * The control plane put together: handlers by operation, and the work of a start (what a crash left unsettled is taken up,
 * archives that nothing refers to are deleted).
 */
import type { OpenCodeStore, S3Archives, SigningKeys } from '#code';
import type { EventSources } from '#event-sources';
import type { RoleState } from '#identity';
import {
  layersOf,
  metadataPrefix,
  type PackageType,
  type VariableSeal,
  type VersionRecord,
  type WatchedMetadata,
} from '#metadata';
import type { Clock, Documents, Entropy } from '#platform';
import type { Runtimes } from '#runtimes';
import type { Handlers } from '#wire';
import { accountHandlers } from './account.ts';
import { aliasHandlers } from './aliases.ts';
import { codeSigningHandlers } from './code-signing.ts';
import type { Context } from './context.ts';
import { deletionHandlers } from './deletion.ts';
import { eventInvokeHandlers } from './event-invoke.ts';
import { eventSourceHandlers } from './event-sources/handlers.ts';
import { Mappings } from './event-sources/mappings.ts';
import type { RoleMay } from './event-sources/role-permissions.ts';
import { FunctionStore } from './function-store.ts';
import { functionHandlers } from './functions.ts';
import { layerPolicyHandlers } from './layer-policies.ts';
import { type ImageKeeper, imagesOf } from './image-keeper.ts';
import { ImageReleases } from './image-releases.ts';
import { ImageSettling } from './image-settling.ts';
import { LayerStore } from './layer-store.ts';
import { layerHandlers } from './layers.ts';
import { type Limits, limitsDefault } from './limits.ts';
import { sealVersions } from './sealing.ts';
import { permissionHandlers } from './permissions.ts';
import { type ProvisionedCapacity, provisionedCapacity, provisionedHandlers } from './provisioned.ts';
import { moveFormerRecords } from './provisioned-record.ts';
import { recursionHandlers } from './recursion.ts';
import { reservationHandlers } from './reservations.ts';
import { resourcePolicyHandlers } from './resource-policies.ts';
import { runtimeManagementHandlers } from './runtime-management.ts';
import { isUnsettled, Settling } from './settling.ts';
import { tagHandlers } from './tags.ts';
import { updateHandlers } from './updates.ts';
import { urlHandlers } from './urls.ts';
import { versionHandlers } from './versions.ts';
import type { Architecture } from './host-traits.ts';

export interface ControlPlaneOptions {
  readonly documents: Documents;
  readonly code: Pick<OpenCodeStore, 'store' | 'check' | 'unpack' | 'unpackLayers' | 'sweep'>;
  /** What invokes see of the metadata: a change is answered once it shows there. */
  readonly metadata: Pick<WatchedMetadata, 'reached' | 'usage'>;
  /** Where code is fetched from that requests name in S3. */
  readonly archives: Pick<S3Archives, 'fetch'>;
  /** Where the images of functions are from, and who keeps them. Absent: there are none. */
  readonly images?: ImageKeeper;
  /** Why functions of PackageType Image cannot run here; undefined: they can. For clients: with what to do about it. */
  readonly imagesProblem?: () => Promise<string | undefined>;
  /** Seals environment variables; whoever runs functions opens them under the same secret. */
  readonly variables: VariableSeal;
  /** What the account's IAM knows of a role. */
  readonly roleState: (roleArn: string) => RoleState;
  /** Whether a role may do something; undefined for one that is not known. Absent: event source mappings are taken without asking. */
  readonly roleMay?: RoleMay;
  /** The pollers of event source mappings. Absent: mappings are records, and nothing is asked of their queues. */
  readonly eventSources?: Pick<EventSources, 'reached' | 'problemOf' | 'describeQueue'>;
  /** What is kept ready of a version with provisioned concurrency. Absent: nobody keeps anything ready. */
  readonly provisioned?: Context['provisioned'];
  /** Public keys of signing profiles; absent: none is known. */
  readonly signingKeys?: SigningKeys;
  readonly runtimes: Runtimes;
  readonly region: string;
  /** What the host names of function URLs end with; absent: `localhost`. */
  readonly urlDomain?: string;
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
  /** What auto scaling reads and sets. */
  readonly capacity: ProvisionedCapacity;
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
  const { images } = options;
  const imagesProblem = async (): Promise<string | undefined> =>
    (await options.imagesProblem?.()) ?? (images === undefined ? 'there is no store of images.' : undefined);
  const releases = new ImageReleases({ images, onTrouble });
  const settling = new Settling({
    documents,
    code,
    runtimes,
    images: new ImageSettling(images, imagesProblem),
    releases,
    clock,
    entropy,
    onTrouble,
  });
  const layers = new LayerStore(documents);
  const { eventSources } = options;
  const mappings = new Mappings({ documents, clock, warn: onTrouble, ...(eventSources && { eventSources }) });
  const context: Context = {
    store: new FunctionStore(documents, (revision) => metadata.reached(revision)),
    layers,
    code,
    archives: options.archives,
    ...(images && { images }),
    imagesProblem,
    releases,
    variables: options.variables,
    roleState: options.roleState,
    provisioned: options.provisioned ?? (async () => undefined),
    mappings,
    ...(options.roleMay && { roleMay: options.roleMay }),
    ...(eventSources && { eventSources }),
    host: { runtimes, architecture: options.architecture },
    region: options.region,
    urlDomain: options.urlDomain ?? 'localhost',
    clock,
    entropy,
    limits: { ...limitsDefault, ...options.limits },
    signingKeys: options.signingKeys ?? new Map(),
    warn: (message) => onTrouble(message, undefined),
    settling,
    usage: (accountId) => {
      const { functionCount, codeSizeBytes } = metadata.usage(accountId);
      return { functionCount, codeSizeBytes: codeSizeBytes + layers.bytes(accountId) };
    },
    makeLink: (path, expiresInSeconds) => links.make(path, expiresInSeconds),
  };
  return {
    handlers: {
      ...functionHandlers(context),
      ...updateHandlers(context),
      ...deletionHandlers(context),
      ...versionHandlers(context),
      ...aliasHandlers(context),
      ...reservationHandlers(context),
      ...provisionedHandlers(context),
      ...permissionHandlers(context),
      ...resourcePolicyHandlers(context),
      ...urlHandlers(context),
      ...eventInvokeHandlers(context),
      ...runtimeManagementHandlers(context),
      ...recursionHandlers(context),
      ...layerHandlers(context),
      ...layerPolicyHandlers(context),
      ...codeSigningHandlers(context),
      ...eventSourceHandlers(context),
      ...tagHandlers(context),
      ...accountHandlers(context),
    },
    capacity: provisionedCapacity(context),
    resume: async () => {
      await mappings.resume();
      await moveFormerRecords(documents);
      await resume(options, layers, settling, releases);
    },
    settled: async () => {
      await settling.idle();
      await releases.idle();
    },
    close: async () => {
      await mappings.close();
      await settling.close();
      await releases.idle();
    },
  };
}

async function resume(
  { documents, code, metadata, variables }: ControlPlaneOptions,
  layers: LayerStore,
  settling: Settling,
  releases: ImageReleases,
): Promise<void> {
  const referenced = new Set(await layers.everyBlobKey());
  const references = new Set<string>();
  const unsettled: (readonly [string, PackageType])[] = [];
  for (let after: string | undefined; ;) {
    const page = await documents.list(`${metadataPrefix}versions/`, after === undefined ? {} : { after });
    for (const { key, value } of page.documents) {
      const version = value as unknown as VersionRecord;
      for (const blobKey of blobKeysOf(version)) referenced.add(blobKey);
      for (const { reference } of imagesOf(version)) references.add(reference);
      if (isUnsettled(version)) unsettled.push([key, version.configuration.packageType]);
    }
    const sealed = await sealVersions(documents, page.documents, variables);
    if (sealed !== undefined) await metadata.reached(sealed);
    after = page.next;
    if (after === undefined) break;
  }
  await code.sweep(referenced);
  await releases.sweep(references);
  for (const [key, packageType] of unsettled) settling.settle(key, packageType);
}

/** Also of layers that were deleted while a function uses them, and of what would serve again if an update fails. */
function blobKeysOf({ configuration, fallback }: VersionRecord): readonly string[] {
  const configurations = fallback ? [configuration, fallback.configuration] : [configuration];
  const codes = configurations.flatMap((each) => layersOf(each).map(({ code }) => code));
  const archives = configurations.filter(({ packageType }) => packageType !== 'Image');
  return [...archives.map(({ code }) => code), ...codes].map(({ blobKey }) => blobKey);
}
