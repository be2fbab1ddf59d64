/** The inputs of Application Auto Scaling 2016-02-06, with the constraints of AWS's model, in the wire's validation language. */
import { type StructureShape, structureOf } from '#wire';

const longText = {
  type: 'string',
  min: 1,
  max: 1600,
  pattern: '[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f]*',
} as const;
const namespace = {
  type: 'string',
  enum: 'ecs elasticmapreduce ec2 appstream dynamodb rds sagemaker custom-resource comprehend lambda cassandra kafka elasticache neptune workspaces'.split(
    ' ',
  ),
} as const;
const dimension = {
  type: 'string',
  enum: 'ecs:service:DesiredCount ec2:spot-fleet-request:TargetCapacity elasticmapreduce:instancegroup:InstanceCount appstream:fleet:DesiredCapacity dynamodb:table:ReadCapacityUnits dynamodb:table:WriteCapacityUnits dynamodb:index:ReadCapacityUnits dynamodb:index:WriteCapacityUnits rds:cluster:ReadReplicaCount sagemaker:variant:DesiredInstanceCount custom-resource:ResourceType:Property comprehend:document-classifier-endpoint:DesiredInferenceUnits comprehend:entity-recognizer-endpoint:DesiredInferenceUnits lambda:function:ProvisionedConcurrency cassandra:table:ReadCapacityUnits cassandra:table:WriteCapacityUnits kafka:broker-storage:VolumeSize elasticache:cache-cluster:Nodes elasticache:replication-group:NodeGroups elasticache:replication-group:Replicas neptune:cluster:ReadReplicaCount sagemaker:variant:DesiredProvisionedConcurrency sagemaker:inference-component:DesiredCopyCount workspaces:workspacespool:DesiredUserSessions'.split(
    ' ',
  ),
} as const;
const integer = { type: 'integer' } as const;
const flag = { type: 'boolean' } as const;
const timestamp = { type: 'timestamp' } as const;
const anyText = { type: 'string' } as const;
const names = { type: 'list', max: 50, member: longText } as const;
const targetArn = {
  type: 'string',
  min: 1,
  max: 1011,
  pattern: 'arn:.+:application-autoscaling:.+:[0-9]+:scalable-target\\/[a-zA-Z0-9-]+',
} as const;
const tagKey = { type: 'string', min: 1, max: 128 } as const;
const tags = { type: 'map', key: tagKey, value: { type: 'string', max: 256 } } as const;
const policyName = { type: 'string', min: 1, max: 256, pattern: '[^\\p{Cc}]+' } as const;

const target = { ServiceNamespace: namespace, ResourceId: longText, ScalableDimension: dimension };
const page = { MaxResults: integer, NextToken: anyText };
const tracking = structureOf(
  { TargetValue: { type: 'double' } },
  {
    PredefinedMetricSpecification: structureOf(
      { PredefinedMetricType: anyText },
      { ResourceLabel: { type: 'string', min: 1, max: 1023 } },
    ),
    // Refused by name: what is in it does not matter.
    CustomizedMetricSpecification: structureOf({}),
    ScaleOutCooldown: integer,
    ScaleInCooldown: integer,
    DisableScaleIn: flag,
  },
);

export const operations: Readonly<Record<string, StructureShape>> = {
  RegisterScalableTarget: structureOf(target, {
    MinCapacity: integer,
    MaxCapacity: integer,
    RoleARN: longText,
    SuspendedState: structureOf(
      {},
      {
        DynamicScalingInSuspended: flag,
        DynamicScalingOutSuspended: flag,
        ScheduledScalingSuspended: flag,
      },
    ),
    Tags: tags,
  }),
  DeregisterScalableTarget: structureOf(target),
  DescribeScalableTargets: structureOf(
    { ServiceNamespace: namespace },
    { ResourceIds: names, ScalableDimension: dimension, ...page },
  ),
  PutScheduledAction: structureOf(
    {
      ...target,
      ScheduledActionName: {
        type: 'string',
        min: 1,
        max: 256,
        pattern: '(?!((^[ ]+.*)|(.*([\\u0000-\\u001f]|[\\u007f-\\u009f]|[:/|])+.*)|(.*[ ]+$))).+',
      },
    },
    {
      Schedule: longText,
      Timezone: longText,
      StartTime: timestamp,
      EndTime: timestamp,
      ScalableTargetAction: structureOf({}, { MinCapacity: integer, MaxCapacity: integer }),
    },
  ),
  DeleteScheduledAction: structureOf({ ...target, ScheduledActionName: longText }),
  DescribeScheduledActions: structureOf(
    { ServiceNamespace: namespace },
    { ScheduledActionNames: names, ResourceId: longText, ScalableDimension: dimension, ...page },
  ),
  PutScalingPolicy: structureOf(
    { ...target, PolicyName: policyName },
    {
      PolicyType: { type: 'string', enum: ['StepScaling', 'TargetTrackingScaling', 'PredictiveScaling'] },
      StepScalingPolicyConfiguration: structureOf({}),
      PredictiveScalingPolicyConfiguration: structureOf({}),
      TargetTrackingScalingPolicyConfiguration: tracking,
    },
  ),
  DeleteScalingPolicy: structureOf({ ...target, PolicyName: longText }),
  DescribeScalingPolicies: structureOf(
    { ServiceNamespace: namespace },
    { PolicyNames: names, ResourceId: longText, ScalableDimension: dimension, ...page },
  ),
  DescribeScalingActivities: structureOf(
    { ServiceNamespace: namespace },
    { ResourceId: longText, ScalableDimension: dimension, IncludeNotScaledActivities: flag, ...page },
  ),
  TagResource: structureOf({ ResourceARN: targetArn, Tags: tags }),
  UntagResource: structureOf({ ResourceARN: targetArn, TagKeys: { type: 'list', max: 200, member: tagKey } }),
  ListTagsForResource: structureOf({ ResourceARN: targetArn }),
  GetPredictiveScalingForecast: structureOf({}),
};
