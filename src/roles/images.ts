/**
 * The images of functions in this process: the store with its keys and its collection of garbage, and their mounts for the worker.
 */
import { join } from 'node:path';
import type { ImageKeeper } from '#control-plane';
import { Collector, type CollectionOptions, ImageStore, readSecretFile, type ZoneCache } from '#images';
import { OperatorError } from '#lib/operator-error';
import {
  systemClock as clock,
  systemEntropy as entropy,
  type Blobs,
  type Cancel,
  type Documents,
} from '#platform';
import type { Account } from '#identity';
import type { Log, ReportFault } from '#wire';
import type { Isolation } from '#worker';
import type { Closing } from './closing.ts';
import { imageDeviceProgram, imageDeviceSettings } from './image-devices.ts';
import { openImageKeys } from './image-keys.ts';
import { MountPlace } from './image-mounts.ts';
import { reasonOf } from './log.ts';
import type { ImageOptions, LambkinOptions } from './options.ts';
import { openOwnImageSource, openOwnRegistry, registryRoutes, type RegistryRoutes } from './registry.ts';

const hourMs = 3_600_000;
const mebibyte = 2 ** 20;
/** How often it is looked whether garbage is to be collected. */
const collectIntervalMs = 10 * 60_000;

export const imageDefaults = {
  cacheBytes: 8_192 * mebibyte,
  memoryBytes: 256 * mebibyte,
  epochMs: 7 * 24 * hourMs,
  retiredMs: 24 * hourMs,
  expiredMs: 7 * 24 * hourMs,
} as const;

export interface ImageParts {
  readonly options: Pick<
    LambkinOptions,
    | 'dataDirectory'
    | 'endpoints'
    | 'host'
    | 'images'
    | 'isolation'
    | 'port'
    | 'region'
    | 'registryCredentials'
  >;
  readonly account: Account;
  readonly documents: Documents;
  readonly blobs: Blobs;
  /** This service's own; empty until it listens. */
  readonly endpoint: () => string;
  readonly log: Log;
  readonly closing: Closing;
  readonly trouble: (message: string, error?: unknown) => void;
}

export interface OpenImages {
  /** What of them stands behind the listener. */
  routes(authorizeBy: Parameters<typeof registryRoutes>[1], reportFault: ReportFault): RegistryRoutes;
  /** For the worker. Absent: images are not mounted here. */
  readonly mounts?: MountPlace;
  /** For the control plane. */
  readonly keeper: ImageKeeper;
  /** Why functions of images cannot run on a worker like this; undefined: they can. */
  problem(isolation: Isolation): string | undefined;
}

export async function openImages(parts: ImageParts): Promise<OpenImages> {
  const { options, account, documents, blobs, closing, trouble } = parts;
  const { dataDirectory, isolation, region } = options;
  const { accountId } = account;
  const chosen = options.images ?? {};
  const keyring = await openImageKeys(parts);
  const store = new ImageStore({
    documents,
    blobs,
    keyring,
    clock,
    entropy,
    onAlarm: (root) => trouble(`images were read from root ${root} of the store, which nothing should need`),
  });
  const collector = new Collector({
    documents,
    blobs,
    keyring,
    clock,
    entropy,
    collection: collectionOf(chosen),
  });
  closing.add(collectNowAndThen(collector, trouble));
  const opened =
    isolation === 'process'
      ? { why: 'Lambkin was started with --isolation process, and images need containers' }
      : await MountPlace.open({
          store,
          account: accountId,
          directory: join(dataDirectory, 'mounts'),
          device: {
            path: imageDeviceProgram,
            settings: imageDeviceSettings(join(dataDirectory, 'blobs')),
          },
          cache: {
            directory: join(dataDirectory, 'image-cache'),
            bytesMax: chosen.cacheBytes ?? imageDefaults.cacheBytes,
          },
          ...(await zoneOf(chosen)),
          memoryBytesMax: chosen.memoryBytes ?? imageDefaults.memoryBytes,
          clock,
          warn: (message) => trouble(message),
        });
  const mounts = opened instanceof MountPlace ? opened : undefined;
  if (mounts !== undefined) closing.add(() => mounts.close());
  const registry = await openOwnRegistry({ ...parts, region });
  const source = await openOwnImageSource({
    ...parts,
    // What an earlier run was storing is taken up before this one listens.
    endpoint: () => parts.endpoint() || endpointOf(options),
    region,
    registry,
    images: store,
  });
  return {
    routes: (authorizeBy, reportFault) => registryRoutes(registry, authorizeBy, reportFault),
    ...(mounts && { mounts }),
    keeper: {
      ...source,
      refer: (imageId, reference) => store.refer(accountId, imageId, reference),
      references: () => store.references(accountId),
    },
    problem: ({ kind, weakerBecause }) => {
      if (!(opened instanceof MountPlace)) return `${opened.why}. "lambkin doctor" tells more.`;
      if (kind === 'container') return undefined;
      return `images need containers, and there are none here: ${weakerBecause ?? 'functions run in processes'}. "lambkin doctor" tells more.`;
    },
  };
}

/** Rejects with what the operator can mend. */
async function zoneOf({ zone }: ImageOptions): Promise<{ readonly zone?: ZoneCache }> {
  if (zone === undefined) return {};
  const { nodes, secretFile } = zone;
  const secret = await readSecretFile(secretFile).catch((error: unknown) => {
    throw new OperatorError(`the secret of the zone's cache cannot be read: ${reasonOf(error)}`);
  });
  return { zone: { nodes, secret } };
}

function endpointOf({ host, port }: Pick<LambkinOptions, 'host' | 'port'>): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function collectionOf(chosen: ImageOptions): CollectionOptions {
  const { epochMs, retiredMs, expiredMs } = imageDefaults;
  return {
    epochMs: chosen.epochMs ?? epochMs,
    retiredMs: chosen.retiredMs ?? retiredMs,
    expiredMs: chosen.expiredMs ?? expiredMs,
  };
}

/** Returns what ends it; a collection that runs is waited for. */
function collectNowAndThen(collector: Collector, trouble: ImageParts['trouble']): () => Promise<void> {
  let closed = false;
  let cancel: Cancel | undefined;
  let running: Promise<void> = Promise.resolve();
  const collect = async (): Promise<void> => {
    try {
      for (const { key, reason } of (await collector.collect()).failed) {
        trouble(`${key} could not be carried to the newest root of the store: ${reason}`);
      }
    } catch (error) {
      trouble('garbage of the store of images could not be collected', error);
    }
    arm();
  };
  const arm = (): void => {
    if (closed) return;
    cancel = clock.after(collectIntervalMs, () => {
      running = collect();
    });
  };
  arm();
  return async () => {
    closed = true;
    cancel?.();
    await running;
  };
}
