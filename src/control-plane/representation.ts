/** Records as clients see them. */
import {
  type AliasRecord,
  functionArn,
  layersOf,
  runtimeVersionArn,
  type VariableSeal,
  type Variables,
  type VersionRecord,
} from '#metadata';
import type { Output } from '#wire';
import { loggingOf } from './function-logging.ts';
import { snapStartShown } from './function-snap-start.ts';

/** What it takes to show a version: its variables are sealed. */
interface Opener {
  readonly variables: VariableSeal;
}

/** AWS's textual form: 2026-01-01T00:00:00.000+0000. */
export const lastModified = (epochMs: number): string =>
  new Date(epochMs).toISOString().replace('Z', '+0000');

/** A FunctionConfiguration; `qualifier` is how its ARN is qualified. */
export function functionConfiguration(opener: Opener, version: VersionRecord, qualifier?: string): Output {
  return {
    ...listedConfiguration(opener, version, qualifier),
    State: version.state,
    StateReason: version.stateReason,
    StateReasonCode: version.stateReasonCode,
    LastUpdateStatus: version.lastUpdateStatus,
    LastUpdateStatusReason: version.lastUpdateStatusReason,
    LastUpdateStatusReasonCode: version.lastUpdateStatusReasonCode,
    RuntimeVersionConfig:
      version.configuration.packageType === 'Zip'
        ? { RuntimeVersionArn: runtimeVersionArn(version) }
        : undefined,
  };
}

/** CreateFunction's answer, which says nothing of updates. */
export function createdConfiguration(opener: Opener, version: VersionRecord): Output {
  return { ...functionConfiguration(opener, version), LastUpdateStatus: undefined };
}

/** What lists show of a version: all but its state and its runtime's version. */
export function listedConfiguration(opener: Opener, version: VersionRecord, qualifier?: string): Output {
  const { configuration } = version;
  const { code, kept } = configuration;
  const layers = layersOf(configuration);
  return {
    FunctionName: version.functionName,
    FunctionArn: functionArn(version, qualifier),
    Runtime: configuration.runtime || undefined,
    Role: configuration.role,
    Handler: configuration.handler || undefined,
    CodeSize: code.sizeBytes,
    Description: configuration.description,
    Timeout: configuration.timeoutSeconds,
    MemorySize: configuration.memoryMb,
    LastModified: lastModified(version.lastModifiedMs),
    CodeSha256: code.sha256,
    Version: version.version,
    KMSKeyArn: kept['KMSKeyArn'],
    VpcConfig: kept['VpcConfig'],
    DeadLetterConfig: kept['DeadLetterConfig'],
    FileSystemConfigs: kept['FileSystemConfigs'],
    Environment: environmentShown(opener.variables.open(version)),
    TracingConfig: kept['TracingConfig'] ?? { Mode: 'PassThrough' },
    Layers:
      layers.length === 0
        ? undefined
        : layers.map((layer) => ({
            Arn: layer.arn,
            CodeSize: layer.code.sizeBytes,
            SigningProfileVersionArn: layer.signingProfileVersionArn,
            SigningJobArn: layer.signingJobArn,
          })),
    SigningProfileVersionArn: code.signingProfileVersionArn,
    SigningJobArn: code.signingJobArn,
    RevisionId: version.revisionId,
    PackageType: configuration.packageType,
    ImageConfigResponse: kept['ImageConfig'] === undefined ? undefined : { ImageConfig: kept['ImageConfig'] },
    Architectures: [configuration.architecture],
    EphemeralStorage: { Size: configuration.ephemeralStorageMb },
    SnapStart: snapStartShown(kept),
    LoggingConfig: { ...loggingOf(kept), LogGroup: configuration.logGroup },
  };
}

/** Variables that cannot be opened are an error inside the answer, as on AWS: everything else of the function still shows. */
function environmentShown(variables: Variables | undefined): Output | undefined {
  if (variables === undefined) {
    return {
      Error: {
        ErrorCode: 'AccessDeniedException',
        Message:
          "Lambda was unable to decrypt your environment variables because the KMS access was denied. This Lambkin's master secret (root-key.json) is not the one that they were sealed under.",
      },
    };
  }
  return Object.keys(variables).length > 0 ? { Variables: variables } : undefined;
}

export function aliasConfiguration(alias: AliasRecord): Output {
  return {
    AliasArn: functionArn(alias, alias.name),
    Name: alias.name,
    FunctionVersion: alias.version,
    Description: alias.description,
    RoutingConfig:
      Object.keys(alias.additionalWeights).length > 0
        ? { AdditionalVersionWeights: alias.additionalWeights }
        : undefined,
    RevisionId: alias.revisionId,
  };
}
