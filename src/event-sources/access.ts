/** What a function's role must be allowed to do with the queue of a mapping, and whether it is. */
import type { MetadataCache } from '#metadata';
import type { MappingRecord } from './mapping.ts';

/** Whether a role may do something; undefined: IAM does not know the role, and says nothing. */
export type RoleMay = (roleArn: string, action: string, resource: string) => boolean | undefined;

const calls = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];

/** The role of the function as it is now; undefined where there is no such function. */
export function roleOf(
  metadata: Pick<MetadataCache, 'resolve'>,
  { accountId, functionName, qualifier }: MappingRecord,
): string | undefined {
  const resolution = metadata.resolve(accountId, functionName, qualifier);
  return resolution.kind === 'found' ? resolution.version.configuration.role : undefined;
}

/** Undefined: nothing is in the way. */
export function obstacleOf(
  metadata: Pick<MetadataCache, 'resolve'>,
  roleMay: RoleMay,
  mapping: MappingRecord,
): string | undefined {
  const role = roleOf(metadata, mapping);
  if (role === undefined) return 'The function of this mapping does not exist.';
  const queueArn = mapping.eventSourceArn ?? '';
  const denied = calls.find((call) => roleMay(role, `sqs:${call}`, queueArn) === false);
  return denied === undefined
    ? undefined
    : `The provided execution role does not have permissions to call ${denied} on SQS`;
}
