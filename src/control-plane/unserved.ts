/**
 * What AWS's CreateFunction and UpdateFunctionConfiguration take and Lambkin does not do yet. Clients send many of these
 * members with values that ask for nothing; such a value passes, and is kept where AWS shows it. Any other value is refused
 * by name.
 */
import type { Json } from '#platform';
import type { Input } from '#wire';
import { invalidParameter, notServed } from './answers.ts';
import { list, structure, text } from './request.ts';

/** Refuses every member that asks for something which Lambkin does not serve. */
export function refuseUnserved(input: Input): void {
  if (text(input, 'PackageType') === 'Image') throw notServed('container images (PackageType Image)');
  if (isAsking(structure(input, 'ImageConfig'))) throw notServed('ImageConfig');
  if (text(input, 'PublishTo') !== undefined) throw notServed('PublishTo');
  if ((list(input, 'Layers')?.length ?? 0) > 0) throw notServed('Layers');
  if ((list(input, 'FileSystemConfigs')?.length ?? 0) > 0) throw notServed('FileSystemConfigs');
  if (text(input, 'KMSKeyArn')) throw notServed('KMSKeyArn');
  if (text(input, 'CodeSigningConfigArn')) throw notServed('CodeSigningConfigArn');
  if (structure(input, 'TenancyConfig')) throw notServed('TenancyConfig');
  if (structure(input, 'CapacityProviderConfig')) throw notServed('CapacityProviderConfig');
  if (isAsking(structure(input, 'DurableConfig'))) throw notServed('DurableConfig');
  if (isAsking(structure(input, 'VpcConfig'))) throw notServed('VpcConfig');
  if (text(structure(input, 'DeadLetterConfig') ?? {}, 'TargetArn')) throw notServed('DeadLetterConfig');
  if (text(structure(input, 'TracingConfig') ?? {}, 'Mode') === 'Active') {
    throw notServed('TracingConfig with Mode Active');
  }
  if (text(structure(input, 'SnapStart') ?? {}, 'ApplyOn') === 'PublishedVersions') {
    throw notServed('SnapStart with ApplyOn PublishedVersions');
  }
  refuseLogging(structure(input, 'LoggingConfig') ?? {});
}

/** The members without effect that AWS shows once a client has given them. */
export function keptMembers(
  input: Input,
  before: Readonly<Record<string, Json>>,
): Readonly<Record<string, Json>> {
  if (!structure(input, 'VpcConfig')) return before;
  return {
    ...before,
    VpcConfig: { SubnetIds: [], SecurityGroupIds: [], VpcId: '', Ipv6AllowedForDualStack: false },
  };
}

function refuseLogging(logging: Input): void {
  if (text(logging, 'LogFormat') === 'JSON') throw notServed('LoggingConfig with LogFormat JSON');
  for (const member of ['ApplicationLogLevel', 'SystemLogLevel']) {
    if (text(logging, member) !== undefined) {
      throw invalidParameter(
        `${member} is only available with LogFormat JSON, which Lambkin does not serve yet.`,
      );
    }
  }
}

/** Whether anything below says more than empty, zero or false. */
function isAsking(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.values(value).some(isAsking);
  return true;
}
