/** The registry in this process: images are pushed to it, and pulled from it and from others. */
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { ecrAccess } from '#access';
import type { Account } from '#identity';
import type { ImageStore } from '#images';
import {
  systemClock as clock,
  systemEntropy as entropy,
  systemRandom as random,
  type Blobs,
  type Documents,
} from '#platform';
import { type ImageSource, openImageSource, openRegistry, type Registry } from '#registry';
import type { Authorize, Log, ReportFault, Service, StreamRoute } from '#wire';
import type { Closing } from './closing.ts';
import type { LambkinOptions } from './options.ts';

export interface RegistryParts {
  readonly account: Account;
  readonly region: string;
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly closing: Closing;
  readonly trouble: (message: string, error?: unknown) => void;
}

export async function openOwnRegistry(parts: RegistryParts): Promise<Registry> {
  const { account, region, documents, blobs } = parts;
  const registry = await openRegistry({
    accountId: account.accountId,
    region,
    documents,
    blobs,
    clock,
    entropy,
    keys: account,
    passwordKey: account.root.deriveKey('registry-passwords'),
    onTrouble: parts.trouble,
  });
  parts.closing.add(() => registry.close());
  registry.start();
  return registry;
}

export interface RegistryRoutes {
  readonly ecr: Service;
  /** The distribution API. */
  readonly registry: StreamRoute;
}

/** What of the registry stands behind the listener. */
export function registryRoutes(
  registry: Registry,
  authorizeBy: (rows: typeof ecrAccess) => Authorize,
  reportFault: ReportFault,
): RegistryRoutes {
  const authorize = authorizeBy(ecrAccess);
  return { ecr: registry.service(authorize, reportFault), registry: registry.route(authorize, reportFault) };
}

export interface ImageSourceParts {
  readonly options: Pick<LambkinOptions, 'dataDirectory' | 'registryCredentials'>;
  readonly registry: Registry;
  readonly images: ImageStore;
  readonly account: Account;
  readonly region: string;
  readonly documents: Documents;
  /** This service's own; empty until it listens. */
  readonly endpoint: () => string;
  readonly log: Log;
  readonly closing: Closing;
}

/** What turns an ImageUri into a stored image. */
export async function openOwnImageSource(parts: ImageSourceParts): Promise<ImageSource> {
  const { options, registry, images, account, region, documents, log } = parts;
  const source = await openImageSource({
    accountId: account.accountId,
    region,
    documents,
    images,
    registry,
    isOwn: (name) => isOwnRegistry(name, parts.endpoint()),
    credentialsFile: options.registryCredentials ?? join(options.dataDirectory, registryCredentialsFileName),
    clock,
    random,
    onProgress: (message, fields) => log.info(message, fields),
  });
  parts.closing.add(() => source.close());
  return source;
}

/** In the form of Docker's config.json. */
export const registryCredentialsFileName = 'registry-credentials.json';

/** `localhost`, and whatever this service can be called by at its own port: `hosts` where it listens on all of them. */
export function isOwnRegistry(
  name: string,
  endpoint: string,
  hosts: () => readonly string[] = hostsHere,
): boolean {
  if (name === 'localhost') return true;
  const own = URL.parse(endpoint);
  if (own === null) return false;
  const port = own.port === '' ? '80' : own.port;
  const [, host = '', given = '443'] = /^(.*?)(?::(\d+))?$/.exec(name) ?? [];
  if (given !== port) return false;
  if (['localhost', '127.0.0.1', '[::1]', own.hostname].includes(host)) return true;
  return ['0.0.0.0', '[::]'].includes(own.hostname) && hosts().includes(host);
}

function hostsHere(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return [
    hostname().toLowerCase(),
    ...addresses.map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address)),
  ];
}
