/** The registry in this process: images are pushed to it, and pulled from it and from others. */
import { ecrAccess } from '#access';
import type { Account } from '#identity';
import { systemClock as clock, systemEntropy as entropy, type Blobs, type Documents } from '#platform';
import { openRegistry, type Registry } from '#registry';
import type { Authorize, ReportFault, Service, StreamRoute } from '#wire';
import type { Closing } from './closing.ts';

export interface RegistryParts {
  readonly account: Account;
  readonly region: string;
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly closing: Closing;
  readonly trouble: (message: string, error?: unknown) => void;
}

export function openOwnRegistry(parts: RegistryParts): Registry {
  const { account, region, documents, blobs } = parts;
  const registry = openRegistry({
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

/** What of the registry stands behind the listener. */
export function registryRoutes(
  registry: Registry,
  authorizeBy: (rows: typeof ecrAccess) => Authorize,
  reportFault: ReportFault,
): { readonly ecr: Service; readonly streamRoutes: readonly StreamRoute[] } {
  const authorize = authorizeBy(ecrAccess);
  return {
    ecr: registry.service(authorize, reportFault),
    streamRoutes: [registry.route(authorize, reportFault)],
  };
}
