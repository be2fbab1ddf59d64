/** What the options of `lambkin up` come to: those that do not go together are refused. */
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { WithDataDirectory } from './data-directory.ts';
import { Failure } from './failure.ts';
import { quoteSh } from './shell.ts';
import type { UpOptions } from './up.ts';
import * as values from './values.ts';

export interface UpFlags extends WithDataDirectory {
  readonly host: string;
  readonly port: number;
  readonly accountId: string;
  readonly region: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly isolation: UpOptions['isolation'];
  readonly network?: 'none' | 'internet';
  readonly ociRuntime?: string;
  readonly baseImage?: string;
  readonly logLevel: UpOptions['logLevel'];
  readonly poolSize?: number;
  readonly roleCredentials?: 'variables' | 'endpoint';
  readonly environmentLifetime?: number;
  readonly queueNameWait?: number;
  readonly streamBurst?: number;
  readonly streamRate?: number;
  readonly accountConcurrency?: number;
  readonly endpoint: Readonly<Record<string, string>>;
  readonly urlDomain?: string;
  readonly imageCache?: number;
  readonly imageMemory?: number;
  readonly imagesKmsKey?: readonly string[];
  readonly zoneCache?: readonly string[];
  readonly zoneCacheSecretFile?: string;
  readonly imageEpoch?: number;
  readonly imageRetired?: number;
  readonly imageExpired?: number;
  readonly metrics: 'token' | 'open' | 'off';
  readonly metricsRetention?: number;
  readonly registry?: string;
  readonly registryCredentials?: string;
  readonly stopGrace: number;
  readonly debug?: string;
  readonly debugPort: number;
}

export function upOptions(
  flags: UpFlags,
  environment: Readonly<Record<string, string | undefined>>,
): UpOptions {
  const { accessKeyId, secretAccessKey, dataDir, poolSize, accountConcurrency } = flags;
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    throw new Failure('an access key id and a secret access key are given together, or neither.', 2);
  }
  const ofContainers = ['network', 'ociRuntime', 'baseImage'] as const;
  if (flags.isolation === 'process' && ofContainers.some((name) => flags[name] !== undefined)) {
    throw new Failure('--network, --oci-runtime and --base-image are for containers, not for processes.', 2);
  }
  if (flags.isolation === 'container' && flags.debug !== undefined) {
    throw new Failure(
      'a debugger reaches processes, not containers: --debug needs --isolation process or auto.',
      2,
    );
  }
  const { zoneCache, zoneCacheSecretFile } = flags;
  if ((zoneCache === undefined) !== (zoneCacheSecretFile === undefined)) {
    throw new Failure('--zone-cache and --zone-cache-secret-file are given together, or neither.', 2);
  }
  const endpoints = { ...endpointsIn(environment), ...flags.endpoint };
  const isDefault = resolve(dataDir) === resolve('.lambkin');
  return {
    dataDirectory: resolve(dataDir),
    host: flags.host,
    port: flags.port,
    accountId: flags.accountId,
    region: flags.region,
    isolation: flags.debug !== undefined && flags.isolation === 'auto' ? 'process' : flags.isolation,
    containers: {
      ...(flags.network && { network: flags.network }),
      ...(flags.ociRuntime && { runtime: flags.ociRuntime }),
      ...(flags.baseImage && { baseImage: flags.baseImage }),
    },
    logLevel: flags.logLevel,
    endpoints,
    graceSeconds: flags.stopGrace,
    envCommand: isDefault ? 'npx lambkin env' : `npx lambkin env --data-dir ${quoteSh(resolve(dataDir))}`,
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { accessKey: { accessKeyId, secretAccessKey } }),
    ...(poolSize === undefined ? {} : { poolSize }),
    ...(flags.roleCredentials && { credentialsBy: flags.roleCredentials }),
    ...(flags.environmentLifetime === undefined ? {} : { environmentLifetimeMs: flags.environmentLifetime }),
    ...(flags.queueNameWait === undefined ? {} : { queueNameWaitMs: flags.queueNameWait * 1_000 }),
    ...(flags.streamBurst === undefined ? {} : { streamBurstBytes: flags.streamBurst }),
    ...(flags.streamRate === undefined ? {} : { streamBytesPerSecond: flags.streamRate }),
    ...(flags.debug === undefined ? {} : { debug: { functionName: flags.debug, port: flags.debugPort } }),
    ...(accountConcurrency === undefined ? {} : { accountConcurrency }),
    ...(flags.urlDomain === undefined ? {} : { urlDomain: flags.urlDomain }),
    metricsAccess: flags.metrics,
    ...(flags.metricsRetention === undefined ? {} : { metricsRetentionMs: flags.metricsRetention }),
    ...(flags.registry === undefined ? {} : { registry: flags.registry }),
    images: {
      ...(flags.imagesKmsKey === undefined
        ? {}
        : { kms: { keyIds: flags.imagesKmsKey, endpoint: kmsEndpoint(endpoints, environment) } }),
      ...(flags.imageCache === undefined ? {} : { cacheBytes: flags.imageCache }),
      ...(flags.imageMemory === undefined ? {} : { memoryBytes: flags.imageMemory }),
      ...(zoneCache === undefined || zoneCacheSecretFile === undefined
        ? {}
        : { zone: { nodes: zoneCache, secretFile: resolve(zoneCacheSecretFile) } }),
      ...(flags.imageEpoch === undefined ? {} : { epochMs: flags.imageEpoch }),
      ...(flags.imageRetired === undefined ? {} : { retiredMs: flags.imageRetired }),
      ...(flags.imageExpired === undefined ? {} : { expiredMs: flags.imageExpired }),
    },
    ...(flags.registryCredentials && { registryCredentials: resolve(flags.registryCredentials) }),
  };
}

/** Where functions find KMS, else where Lambkin's own environment says that it is. */
function kmsEndpoint(
  endpoints: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const endpoint = endpoints['kms'] ?? environment['AWS_ENDPOINT_URL_KMS'];
  if (endpoint) return endpoint;
  throw new Failure(
    '--images-kms-key needs to know where KMS is: add --endpoint kms=https://... (or AWS_ENDPOINT_URL_KMS).',
    2,
  );
}

function endpointsIn(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  try {
    return values.endpointsIn(environment);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new Failure(error.message, 2);
    throw error;
  }
}
