/**
 * The inputs of CloudWatch Logs 2014-03-28 that Lambkin answers, with the constraints of AWS's model, in the wire's
 * validation language, and the names of the operations that it does not answer.
 */
import type { StructureShape } from '#wire';
import { describeMax, pageEventsMax, putEventsMax, tagsMax } from '../limits.ts';

const groupName = { type: 'string', min: 1, max: 512, pattern: '[\\.\\-_/#A-Za-z0-9]+' } as const;
const groupIdentifier = { type: 'string', min: 1, max: 2048, pattern: '[\\w#+=/:,.@-]*' } as const;
const streamName = { type: 'string', min: 1, max: 512, pattern: '[^:*]*' } as const;
const resourceArn = { type: 'string', min: 1, max: 1011, pattern: '[\\w+=/:,.@-]*' } as const;
const token = { type: 'string', min: 1, max: 2048 } as const;
const timestamp = { type: 'long', min: 0 } as const;
const flag = { type: 'boolean' } as const;
const logGroupClass = { type: 'string', enum: ['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY'] } as const;
const tagKey = { type: 'string', min: 1, max: 128, pattern: '([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+)' } as const;
const tagValue = { type: 'string', max: 256, pattern: '([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)' } as const;
const tags = { type: 'map', min: 1, max: tagsMax, key: tagKey, value: tagValue } as const;
const account = { type: 'string', min: 12, max: 12, pattern: '\\d{12}' } as const;
const limit = (max: number) => ({ type: 'integer', min: 1, max }) as const;

const optional = (members: Readonly<Record<string, StructureShape['members'][string]['shape']>>) =>
  Object.fromEntries(Object.entries(members).map(([name, shape]) => [name, { shape }]));
const required = (members: Readonly<Record<string, StructureShape['members'][string]['shape']>>) =>
  Object.fromEntries(
    Object.entries(members).map(([name, shape]) => [name, { shape, required: true as const }]),
  );
const structure = (members: StructureShape['members']): StructureShape => ({ type: 'structure', members });

const group = structure(required({ logGroupName: groupName }));
const stream = structure(required({ logGroupName: groupName, logStreamName: streamName }));
const groupChoice = { logGroupName: groupName, logGroupIdentifier: groupIdentifier };
const page = { nextToken: token, unmask: flag, startTime: timestamp, endTime: timestamp };

const answered: Readonly<Record<string, StructureShape>> = {
  CreateLogGroup: structure({
    ...group.members,
    ...optional({
      kmsKeyId: { type: 'string', max: 256 },
      tags,
      logGroupClass,
      deletionProtectionEnabled: flag,
    }),
  }),
  DeleteLogGroup: group,
  DescribeLogGroups: structure(
    optional({
      accountIdentifiers: { type: 'list', max: 20, member: account },
      logGroupNamePrefix: groupName,
      logGroupNamePattern: { type: 'string', max: 512, pattern: '[\\.\\-_/#A-Za-z0-9]*' },
      nextToken: token,
      limit: limit(describeMax),
      includeLinkedAccounts: flag,
      logGroupClass,
      logGroupIdentifiers: { type: 'list', min: 1, max: 50, member: groupIdentifier },
    }),
  ),
  PutRetentionPolicy: structure({
    ...group.members,
    ...required({ retentionInDays: { type: 'integer' } }),
  }),
  DeleteRetentionPolicy: group,
  CreateLogStream: stream,
  DeleteLogStream: stream,
  DescribeLogStreams: structure(
    optional({
      ...groupChoice,
      logStreamNamePrefix: streamName,
      orderBy: { type: 'string', enum: ['LogStreamName', 'LastEventTime'] },
      descending: flag,
      nextToken: token,
      limit: limit(describeMax),
    }),
  ),
  PutLogEvents: structure({
    ...stream.members,
    ...required({
      logEvents: {
        type: 'list',
        min: 1,
        max: putEventsMax,
        member: structure(required({ timestamp, message: { type: 'string', min: 1 } })),
      },
    }),
    ...optional({ sequenceToken: token, entity: structure({}) }),
  }),
  GetLogEvents: structure({
    ...required({ logStreamName: streamName }),
    ...optional({ ...groupChoice, ...page, limit: limit(pageEventsMax), startFromHead: flag }),
  }),
  FilterLogEvents: structure(
    optional({
      ...groupChoice,
      ...page,
      logStreamNames: { type: 'list', min: 1, max: 100, member: streamName },
      logStreamNamePrefix: streamName,
      filterPattern: { type: 'string', max: 1024 },
      limit: limit(pageEventsMax),
      interleaved: flag,
    }),
  ),
  ListTagsForResource: structure(required({ resourceArn })),
  TagResource: structure(required({ resourceArn, tags })),
  UntagResource: structure(required({ resourceArn, tagKeys: { type: 'list', max: 50, member: tagKey } })),
  ListTagsLogGroup: group,
  TagLogGroup: structure({ ...group.members, ...required({ tags }) }),
  UntagLogGroup: structure({
    ...group.members,
    ...required({ tags: { type: 'list', min: 1, member: tagKey } }),
  }),
};

/** The API has these too; they are known here so that the answer names what is not there. Their inputs are not looked at. */
const unanswered =
  'AssociateKmsKey AssociateSourceToS3TableIntegration CancelExportTask CancelImportTask CreateDelivery CreateExportTask CreateImportTask CreateLogAnomalyDetector CreateLookupTable CreateScheduledQuery DeleteAccountPolicy DeleteDataProtectionPolicy DeleteDelivery DeleteDeliveryDestination DeleteDeliveryDestinationPolicy DeleteDeliverySource DeleteDestination DeleteIndexPolicy DeleteIntegration DeleteLogAnomalyDetector DeleteLookupTable DeleteMetricFilter DeleteQueryDefinition DeleteResourcePolicy DeleteScheduledQuery DeleteSubscriptionFilter DeleteTransformer DescribeAccountPolicies DescribeConfigurationTemplates DescribeDeliveries DescribeDeliveryDestinations DescribeDeliverySources DescribeDestinations DescribeExportTasks DescribeFieldIndexes DescribeImportTaskBatches DescribeImportTasks DescribeIndexPolicies DescribeLookupTables DescribeMetricFilters DescribeQueries DescribeQueryDefinitions DescribeResourcePolicies DescribeSubscriptionFilters DisassociateKmsKey DisassociateSourceFromS3TableIntegration GetDataProtectionPolicy GetDelivery GetDeliveryDestination GetDeliveryDestinationPolicy GetDeliverySource GetIntegration GetLogAnomalyDetector GetLogFields GetLogGroupFields GetLogObject GetLogRecord GetLookupTable GetQueryResults GetScheduledQuery GetScheduledQueryHistory GetTransformer ListAggregateLogGroupSummaries ListAnomalies ListIntegrations ListLogAnomalyDetectors ListLogGroups ListLogGroupsForQuery ListScheduledQueries ListSourcesForS3TableIntegration PutAccountPolicy PutBearerTokenAuthentication PutDataProtectionPolicy PutDeliveryDestination PutDeliveryDestinationPolicy PutDeliverySource PutDestination PutDestinationPolicy PutIndexPolicy PutIntegration PutLogGroupDeletionProtection PutMetricFilter PutQueryDefinition PutResourcePolicy PutSubscriptionFilter PutTransformer StartLiveTail StartQuery StopQuery TestMetricFilter TestTransformer UpdateAnomaly UpdateDeliveryConfiguration UpdateLogAnomalyDetector UpdateLookupTable UpdateScheduledQuery';

export const operations: Readonly<Record<string, StructureShape>> = {
  ...answered,
  ...Object.fromEntries(unanswered.split(' ').map((name) => [name, structure({})])),
};
