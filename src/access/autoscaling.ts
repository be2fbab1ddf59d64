/**
 * The table of Application Auto Scaling. Lists are asked on `*`, tags on the target's ARN, everything else on any target, since a request names
 * its target by the resource that it scales, which IAM sees as condition keys.
 */
import type { Input } from '#wire';
import type { Place } from '#metadata';
import { type AccessRow, type AccessRows } from './access.ts';
import { type KeySource, requestTags, untaggedKeys } from './request-keys.ts';
import { arnOf, everything, type Resource } from './resources.ts';

const scaled: KeySource = (input) =>
  (
    [
      ['application-autoscaling:service-namespace', input['ServiceNamespace']],
      ['application-autoscaling:scalable-dimension', input['ScalableDimension']],
    ] as const
  ).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : []));

const anyTarget = (_input: Input, { region, accountId }: Place): Resource =>
  arnOf(`arn:aws:application-autoscaling:${region}:${accountId}:scalable-target/*`);
const namedTarget = (input: Input): Resource =>
  arnOf(typeof input['ResourceARN'] === 'string' ? input['ResourceARN'] : '');

const onTarget = { resource: anyTarget, keys: [scaled] };
const list = { resource: everything };

const rows: Readonly<Record<string, Omit<AccessRow, 'action'>>> = {
  RegisterScalableTarget: { resource: anyTarget, keys: [scaled, requestTags] },
  DeregisterScalableTarget: onTarget,
  DescribeScalableTargets: list,
  PutScheduledAction: onTarget,
  DeleteScheduledAction: onTarget,
  DescribeScheduledActions: list,
  PutScalingPolicy: onTarget,
  DeleteScalingPolicy: onTarget,
  DescribeScalingPolicies: list,
  DescribeScalingActivities: list,
  TagResource: { resource: namedTarget, keys: [requestTags] },
  UntagResource: { resource: namedTarget, keys: [untaggedKeys] },
  ListTagsForResource: { resource: namedTarget },
};

export const autoscalingAccess: AccessRows = new Map(
  Object.entries(rows).map(([operation, row]) => [
    operation,
    { action: `application-autoscaling:${operation}`, ...row },
  ]),
);
