/** Records as clients see them. */
import { createHash } from 'node:crypto';
import { type AliasRecord, functionArn, type VersionRecord } from '#metadata';
import type { Output } from '#wire';

/** AWS's textual form: 2026-01-01T00:00:00.000+0000. */
export const lastModified = (epochMs: number): string =>
  new Date(epochMs).toISOString().replace('Z', '+0000');

/** A FunctionConfiguration; `qualifier` is how its ARN is qualified. */
export function functionConfiguration(version: VersionRecord, qualifier?: string): Output {
  return {
    ...listedConfiguration(version, qualifier),
    State: version.state,
    StateReason: version.stateReason,
    StateReasonCode: version.stateReasonCode,
    LastUpdateStatus: version.lastUpdateStatus,
    LastUpdateStatusReason: version.lastUpdateStatusReason,
    LastUpdateStatusReasonCode: version.lastUpdateStatusReasonCode,
    RuntimeVersionConfig: { RuntimeVersionArn: runtimeVersionArn(version) },
  };
}

/** CreateFunction's answer, which says nothing of updates. */
export function createdConfiguration(version: VersionRecord): Output {
  return { ...functionConfiguration(version), LastUpdateStatus: undefined };
}

/** What lists show of a version: all but its state and its runtime's version. */
export function listedConfiguration(version: VersionRecord, qualifier?: string): Output {
  const { configuration } = version;
  return {
    FunctionName: version.functionName,
    FunctionArn: functionArn(version, qualifier),
    Runtime: configuration.runtime,
    Role: configuration.role,
    Handler: configuration.handler,
    CodeSize: configuration.code.sizeBytes,
    Description: configuration.description,
    Timeout: configuration.timeoutSeconds,
    MemorySize: configuration.memoryMb,
    LastModified: lastModified(version.lastModifiedMs),
    CodeSha256: configuration.code.sha256,
    Version: version.version,
    ...configuration.kept,
    Environment:
      Object.keys(configuration.environment).length > 0
        ? { Variables: configuration.environment }
        : undefined,
    TracingConfig: { Mode: 'PassThrough' },
    RevisionId: version.revisionId,
    PackageType: configuration.packageType,
    Architectures: [configuration.architecture],
    EphemeralStorage: { Size: configuration.ephemeralStorageMb },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: configuration.logGroup },
  };
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

/** Names the runtime in the form of AWS; Lambkin's runtimes are told apart by their identifier alone. */
function runtimeVersionArn({ region, configuration }: VersionRecord): string {
  const digest = createHash('sha256').update(configuration.runtime).digest('hex');
  return `arn:aws:lambda:${region}::runtime:${digest}`;
}
