/**
 * What auto scaling stores, in Documents:
 *
 *   autoscaling/targets/<account>/<region>/<resource>            TargetRecord
 *   autoscaling/actions/<account>/<region>/<resource>/<name>     ActionRecord
 *   autoscaling/policies/<account>/<region>/<resource>/<name>    PolicyRecord
 *   autoscaling/activities/<account>/<region>/<resource>         ActivitiesRecord
 *
 * A resource is `function:<name>:<version or alias>`; names are percent-encoded. All times are epoch milliseconds.
 */
import type { ScaledFunction } from './autoscaling.ts';

export interface Place {
  readonly accountId: string;
  readonly region: string;
}

export interface TargetRecord extends Place {
  readonly resourceId: string;
  /** The last part of its ARN. */
  readonly id: string;
  readonly minCapacity: number;
  readonly maxCapacity: number;
  readonly isInSuspended: boolean;
  readonly isOutSuspended: boolean;
  readonly isScheduleSuspended: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly createdMs: number;
}

export interface ActionRecord extends Place {
  readonly resourceId: string;
  readonly id: string;
  readonly name: string;
  readonly schedule: string;
  readonly zone?: string;
  readonly startMs?: number;
  readonly endMs?: number;
  readonly minCapacity?: number;
  readonly maxCapacity?: number;
  readonly createdMs: number;
  /** Until when its times have been looked at: what lies before has run, or never will. */
  readonly ranUntilMs: number;
}

export interface PolicyRecord extends Place {
  readonly resourceId: string;
  readonly id: string;
  readonly name: string;
  readonly target: number;
  readonly scaleOutCooldownSeconds?: number;
  readonly scaleInCooldownSeconds?: number;
  readonly disableScaleIn?: boolean;
  readonly createdMs: number;
}

export interface ActivityRecord {
  readonly id: string;
  readonly description: string;
  readonly cause: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly statusCode: 'Successful' | 'Failed';
  readonly statusMessage: string;
}

export interface ActivitiesRecord extends Place {
  readonly resourceId: string;
  /** The newest first. */
  readonly activities: readonly ActivityRecord[];
}

export type Collection = 'targets' | 'actions' | 'policies' | 'activities';

export const root = (collection: Collection): string => `autoscaling/${collection}/`;
export const placePrefix = (collection: Collection, { accountId, region }: Place): string =>
  `${root(collection)}${accountId}/${region}/`;
export const targetKey = (collection: 'targets' | 'activities', place: Place, resourceId: string): string =>
  placePrefix(collection, place) + resourceId;
export const belowTarget = (collection: 'actions' | 'policies', place: Place, resourceId: string): string =>
  `${placePrefix(collection, place)}${resourceId}/`;
export const namedKey = (
  collection: 'actions' | 'policies',
  place: Place,
  resourceId: string,
  name: string,
): string => belowTarget(collection, place, resourceId) + encodeURIComponent(name);

/** `function:<name>:<qualifier>`; undefined for anything else, also for $LATEST, which cannot be provisioned. */
export function scaledFunction(place: Place, resourceId: string): ScaledFunction | undefined {
  const parts = /^function:([a-zA-Z0-9-_]{1,64}):([a-zA-Z0-9-_]{1,128})$/.exec(resourceId);
  if (parts === null) return undefined;
  const { accountId, region } = place;
  return { accountId, region, functionName: parts[1] ?? '', qualifier: parts[2] ?? '' };
}

const arn = (service: string, { region, accountId }: Place, rest: string): string =>
  `arn:aws:${service}:${region}:${accountId}:${rest}`;

export const targetArn = (target: Place & { readonly id: string }): string =>
  arn('application-autoscaling', target, `scalable-target/${target.id}`);
export const actionArn = (action: ActionRecord): string =>
  arn(
    'autoscaling',
    action,
    `scheduledAction:${action.id}:resource/lambda/${action.resourceId}:scheduledActionName/${action.name}`,
  );
export const policyArn = (policy: PolicyRecord): string =>
  arn(
    'autoscaling',
    policy,
    `scalingPolicy:${policy.id}:resource/lambda/${policy.resourceId}:policyName/${policy.name}`,
  );
/** AWS's own role for this; nobody makes it here, and nothing asks it. */
export const serviceRoleArn = (accountId: string): string =>
  `arn:aws:iam::${accountId}:role/aws-service-role/lambda.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency`;
