/**
 * Whether a function's role may read the source and write to the destination, which AWS asks before it takes a mapping. Roles
 * that Lambkin's IAM does not know are not asked: they grant nothing, and forbid nothing either.
 */
import { invalidParameter } from '../answers.ts';
import { isSqs, type SourceKind } from './kinds.ts';

/** Whether a role may do something; undefined for a role that is not known. */
export type RoleMay = (roleArn: string, action: string, resource: string) => boolean | undefined;

const sqsCalls = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];
const streamCalls = {
  kinesis: ['GetRecords', 'GetShardIterator', 'DescribeStream', 'ListShards'],
  dynamodb: ['GetRecords', 'GetShardIterator', 'DescribeStream'],
} as const;
/** AWS's words; ListStreams concerns no one stream and is not asked for. */
const streamWords = {
  kinesis: 'GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams',
  dynamodb: 'GetRecords, GetShardIterator, DescribeStream, and ListStreams',
} as const;
const destinationCalls: Readonly<Record<string, readonly [call: string, service: string]>> = {
  sqs: ['SendMessage', 'SQS'],
  sns: ['Publish', 'SNS'],
};

/** Throws InvalidParameterValueException. */
export function requireAccess(
  roleMay: RoleMay,
  role: string,
  kind: SourceKind,
  source: string | undefined,
  destination: string | undefined,
): void {
  const mayNot = (action: string, resource: string): boolean => roleMay(role, action, resource) === false;
  if (source !== undefined && isSqs(kind)) {
    const missing = sqsCalls.find((call) => mayNot(`sqs:${call}`, source));
    if (missing !== undefined) throw noPermission(missing, 'SQS');
  }
  if (source !== undefined && (kind === 'kinesis' || kind === 'dynamodb')) {
    if (streamCalls[kind].some((call) => mayNot(`${kind}:${call}`, source))) {
      throw invalidParameter(
        `Cannot access stream ${source}. Please ensure the role can perform the ${streamWords[kind]} Actions on your stream in IAM.`,
      );
    }
  }
  const service = destination?.split(':')[2] ?? '';
  const call = Object.hasOwn(destinationCalls, service) ? destinationCalls[service] : undefined;
  if (destination !== undefined && call !== undefined && mayNot(`${service}:${call[0]}`, destination)) {
    throw noPermission(call[0], call[1]);
  }
}

export const noPermission = (call: string, service: string): Error =>
  invalidParameter(`The provided execution role does not have permissions to call ${call} on ${service}`);
