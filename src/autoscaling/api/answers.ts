/** What is answered where something is not there, in AWS's words. */
import { WireError } from '#wire';
import { dimension, namespace, type TargetName } from './request.ts';

const where = (resourceId: string): string =>
  `service namespace: ${namespace}, resource ID: ${resourceId}, scalable dimension: ${dimension}`;

export function missingTarget({ resourceId }: TargetName): WireError {
  return new WireError('ObjectNotFoundException', `No scalable target found for ${where(resourceId)}`);
}

export function missing(
  what: 'scheduled action' | 'scaling policy',
  { resourceId }: TargetName,
  name: string,
): WireError {
  const named = what === 'scheduled action' ? 'scheduled action name' : 'policy name';
  return new WireError(
    'ObjectNotFoundException',
    `No ${what} found for ${where(resourceId)}, ${named}: ${name}`,
  );
}
