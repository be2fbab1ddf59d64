/** PutScalingPolicy, DeleteScalingPolicy, DescribeScalingPolicies, DescribeScalingActivities. */
import { holdRecord, putRecord } from '#platform';
import type { Handlers, Input, Output, RequestContext } from '#wire';
import { policiesPerTargetMax } from '../limits.ts';
import type { Parts } from '../parts.ts';
import {
  type ActivitiesRecord,
  belowTarget,
  namedKey,
  placePrefix,
  policyArn,
  type PolicyRecord,
  targetKey,
  type TargetRecord,
} from '../records.ts';
import { missingTarget } from './answers.ts';
import { deleteNamed, pageOfNamed, scalingPolicies } from './named.ts';
import {
  dimension,
  flag,
  namespace,
  number,
  pageOf,
  placeOf,
  requireLambda,
  structure,
  targetOf,
  text,
  validation,
} from './request.ts';
import { tooMany } from './targets.ts';

export function policyHandlers(parts: Parts): Handlers {
  const { store } = parts;
  return {
    PutScalingPolicy: (input, context) => putPolicy(parts, input, context),
    DeleteScalingPolicy: (input, context) => deleteNamed(parts, scalingPolicies, input, context),
    DescribeScalingPolicies: async (input, context) => {
      const { items, nextToken } = await pageOfNamed<PolicyRecord>(parts, scalingPolicies, input, context);
      return { ScalingPolicies: items.map(described), NextToken: nextToken };
    },
    DescribeScalingActivities: async (input, context) => {
      requireLambda(input);
      const resourceId = text(input, 'ResourceId');
      const { items, nextToken } = await pageOf<ActivitiesRecord>(
        store,
        placePrefix('activities', placeOf(context)),
        input,
        (record) => resourceId === undefined || record.resourceId === resourceId,
      );
      return { ScalingActivities: items.flatMap(activitiesOf), NextToken: nextToken };
    },
  };
}

async function putPolicy(parts: Parts, input: Input, context: RequestContext): Promise<Output> {
  const { store, clock, entropy } = parts;
  const target = targetOf(input, context);
  const name = text(input, 'PolicyName') ?? '';
  const key = namedKey('policies', target, target.resourceId, name);
  const policy = await store.change(async () => {
    const owner = await store.find<TargetRecord>(targetKey('targets', target, target.resourceId));
    if (!owner) throw missingTarget(target);
    const found = await store.find<PolicyRecord>(key);
    const settings = settingsOf(input);
    if (!found) {
      const others = await store.below(belowTarget('policies', target, target.resourceId));
      if (others.length >= policiesPerTargetMax) throw tooMany('scaling policies');
    }
    const after: PolicyRecord = {
      ...target,
      name,
      id: found?.value.id ?? entropy.uuid(),
      ...settings,
      createdMs: found?.value.createdMs ?? clock.wallMs(),
    };
    return { writes: [holdRecord(owner), putRecord(key, found, after)], result: after };
  });
  await parts.changed(target);
  return { PolicyARN: policyArn(policy), Alarms: [] };
}

type Settings = Omit<PolicyRecord, 'accountId' | 'region' | 'resourceId' | 'name' | 'id' | 'createdMs'>;

function settingsOf(input: Input): Settings {
  const type = text(input, 'PolicyType') ?? 'StepScaling';
  if (type !== 'TargetTrackingScaling') {
    throw validation(`Lambkin does not scale by ${type} yet: PolicyType must be TargetTrackingScaling.`);
  }
  const tracking = structure(input, 'TargetTrackingScalingPolicyConfiguration');
  if (tracking === undefined) {
    throw validation('TargetTrackingScalingPolicyConfiguration is required for TargetTrackingScaling');
  }
  if (structure(tracking, 'CustomizedMetricSpecification') !== undefined) {
    throw validation('Lambkin does not scale by customized metrics yet: CustomizedMetricSpecification.');
  }
  const metric = structure(tracking, 'PredefinedMetricSpecification');
  const metricType = metric && text(metric, 'PredefinedMetricType');
  if (metricType !== 'LambdaProvisionedConcurrencyUtilization') {
    throw validation(
      metricType === undefined
        ? 'PredefinedMetricSpecification is required'
        : `The metric ${metricType} cannot be used with ${dimension}`,
    );
  }
  const target = number(tracking, 'TargetValue') ?? 0;
  // AWS's documentation gives this range for this metric.
  if (!(target >= 0.1 && target <= 0.9)) throw validation('TargetValue must be between 0.1 and 0.9');
  const out = number(tracking, 'ScaleOutCooldown');
  const in_ = number(tracking, 'ScaleInCooldown');
  if ((out ?? 0) < 0 || (in_ ?? 0) < 0) throw validation('Cooldowns must be 0 or more');
  const disableScaleIn = flag(tracking, 'DisableScaleIn');
  return {
    target,
    ...(out !== undefined && { scaleOutCooldownSeconds: out }),
    ...(in_ !== undefined && { scaleInCooldownSeconds: in_ }),
    ...(disableScaleIn !== undefined && { disableScaleIn }),
  };
}

function described(policy: PolicyRecord): Output {
  return {
    PolicyARN: policyArn(policy),
    PolicyName: policy.name,
    ServiceNamespace: namespace,
    ResourceId: policy.resourceId,
    ScalableDimension: dimension,
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: policy.target,
      PredefinedMetricSpecification: { PredefinedMetricType: 'LambdaProvisionedConcurrencyUtilization' },
      ScaleOutCooldown: policy.scaleOutCooldownSeconds,
      ScaleInCooldown: policy.scaleInCooldownSeconds,
      DisableScaleIn: policy.disableScaleIn,
    },
    // CloudWatch is not served: what AWS does with alarms happens inside.
    Alarms: [],
    CreationTime: new Date(policy.createdMs),
  };
}

function activitiesOf({ resourceId, activities }: ActivitiesRecord): readonly Output[] {
  return activities.map((activity) => ({
    ActivityId: activity.id,
    ServiceNamespace: namespace,
    ResourceId: resourceId,
    ScalableDimension: dimension,
    Description: activity.description,
    Cause: activity.cause,
    StartTime: new Date(activity.startMs),
    EndTime: new Date(activity.endMs),
    StatusCode: activity.statusCode,
    StatusMessage: activity.statusMessage,
  }));
}
