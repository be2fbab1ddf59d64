/**
 * VpcConfig and FileSystemConfigs of a function: checked, kept and shown. They do not act: functions run in the host's own
 * network, and nothing is mounted.
 */
import { createHash } from 'node:crypto';
import type { Configuration, Place } from '#metadata';
import type { Json } from '#platform';
import type { Input } from '#wire';
import { invalidParameter } from './answers.ts';
import { flag, list, structure, text } from './request.ts';

type Kept = Configuration['kept'];

/** What is kept of a function's network after a request; what it does not name stays. Throws a WireError. */
export function networkAfter(before: Kept, input: Input, place: Place): Kept {
  const vpc = structure(input, 'VpcConfig');
  const fileSystems = list(input, 'FileSystemConfigs');
  const after: Record<string, Json> = { ...before };
  if (vpc) after['VpcConfig'] = vpcAfter(vpcOf(before), vpc, place);
  if (fileSystems) {
    delete after['FileSystemConfigs'];
    if (fileSystems.length > 0) after['FileSystemConfigs'] = fileSystems.map(fileSystem);
  }
  requireNetwork(after);
  return after;
}

interface Vpc {
  readonly SubnetIds: readonly string[];
  readonly SecurityGroupIds: readonly string[];
  readonly VpcId: string;
  readonly Ipv6AllowedForDualStack: boolean;
}

const vpcOf = (kept: Kept): Vpc | undefined => kept['VpcConfig'] as Vpc | undefined;

function vpcAfter(
  before: Vpc | undefined,
  asked: Input,
  place: Place,
): { readonly [Member in keyof Vpc]: Json } {
  const subnets = idsOf(asked, 'SubnetIds') ?? before?.SubnetIds ?? [];
  const groups = idsOf(asked, 'SecurityGroupIds') ?? before?.SecurityGroupIds ?? [];
  if ((subnets.length === 0) !== (groups.length === 0)) {
    throw invalidParameter('SubnetIds and SecurityIds must coexist or be both empty list.');
  }
  if (subnets.length === 0) {
    return { SubnetIds: [], SecurityGroupIds: [], VpcId: '', Ipv6AllowedForDualStack: false };
  }
  return {
    SubnetIds: [...subnets],
    SecurityGroupIds: [...groups],
    VpcId: vpcId(place),
    Ipv6AllowedForDualStack:
      asked['Ipv6AllowedForDualStack'] === undefined
        ? (before?.Ipv6AllowedForDualStack ?? false)
        : flag(asked, 'Ipv6AllowedForDualStack'),
  };
}

function idsOf(vpc: Input, member: string): readonly string[] | undefined {
  const ids = list(vpc, member) as readonly string[] | undefined;
  return ids && [...new Set(ids)];
}

/** AWS answers the VPC that the subnets are in. Here all subnets of an account and region are in one. */
function vpcId({ accountId, region }: Place): string {
  return `vpc-0${createHash('sha256').update(`vpc/${accountId}/${region}`).digest('hex').slice(0, 16)}`;
}

function fileSystem(value: unknown): Json {
  const config = value as Input;
  const arn = text(config, 'Arn') ?? '';
  const path = text(config, 'LocalMountPath') ?? '';
  const s3Files = structure(config, 'S3FilesConfig');
  if (s3Files && !arn.includes(':s3files:')) {
    throw invalidParameter(`S3FilesConfig is for access points of S3 Files, which ${arn} is not.`);
  }
  return {
    Arn: arn,
    LocalMountPath: path,
    ...(s3Files === undefined
      ? {}
      : { S3FilesConfig: { DirectS3Read: text(s3Files, 'DirectS3Read') ?? 'AUTO' } }),
  };
}

function requireNetwork(kept: Kept): void {
  const fileSystems = kept['FileSystemConfigs'] as readonly { readonly Arn: string }[] | undefined;
  const [first] = fileSystems ?? [];
  if (first === undefined || (vpcOf(kept)?.SubnetIds.length ?? 0) > 0) return;
  throw invalidParameter(
    `Function must be configured to execute in a VPC to reference access point ${first.Arn}.`,
  );
}
