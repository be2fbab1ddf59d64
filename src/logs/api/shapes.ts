/**
 * The inputs of CloudWatch Logs 2014-03-28 that Lambkin answers, with the constraints of AWS's model, in the wire's
 * validation language, and the names of the operations that it does not answer.
 */
import { listOf, type StructureShape, structureOf } from '#wire';
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

const inGroup = { logGroupName: groupName };
const inStream = { ...inGroup, logStreamName: streamName };
const group = structureOf(inGroup);
const stream = structureOf(inStream);
const groupChoice = { logGroupName: groupName, logGroupIdentifier: groupIdentifier };
const page = { nextToken: token, unmask: flag, startTime: timestamp, endTime: timestamp };

const answered: Readonly<Record<string, StructureShape>> = {
  CreateLogGroup: structureOf(inGroup, {
    kmsKeyId: { type: 'string', max: 256 },
    tags,
    logGroupClass,
    deletionProtectionEnabled: flag,
  }),
  DeleteLogGroup: group,
  DescribeLogGroups: structureOf(
    {},
    {
      accountIdentifiers: { type: 'list', max: 20, member: account },
      logGroupNamePrefix: groupName,
      logGroupNamePattern: { type: 'string', max: 512, pattern: '[\\.\\-_/#A-Za-z0-9]*' },
      nextToken: token,
      limit: limit(describeMax),
      includeLinkedAccounts: flag,
      logGroupClass,
      logGroupIdentifiers: { type: 'list', min: 1, max: 50, member: groupIdentifier },
    },
  ),
  PutRetentionPolicy: structureOf({ ...inGroup, retentionInDays: { type: 'integer' } }),
  DeleteRetentionPolicy: group,
  CreateLogStream: stream,
  DeleteLogStream: stream,
  DescribeLogStreams: structureOf(
    {},
    {
      ...groupChoice,
      logStreamNamePrefix: streamName,
      orderBy: { type: 'string', enum: ['LogStreamName', 'LastEventTime'] },
      descending: flag,
      nextToken: token,
      limit: limit(describeMax),
    },
  ),
  PutLogEvents: structureOf(
    {
      ...inStream,
      logEvents: listOf(structureOf({ timestamp, message: { type: 'string', min: 1 } }), {
        min: 1,
        max: putEventsMax,
      }),
    },
    { sequenceToken: token, entity: structureOf({}) },
  ),
  GetLogEvents: structureOf(
    { logStreamName: streamName },
    { ...groupChoice, ...page, limit: limit(pageEventsMax), startFromHead: flag },
  ),
  FilterLogEvents: structureOf(
    {},
    {
      ...groupChoice,
      ...page,
      logStreamNames: { type: 'list', min: 1, max: 100, member: streamName },
      logStreamNamePrefix: streamName,
      filterPattern: { type: 'string', max: 1024 },
      limit: limit(pageEventsMax),
      interleaved: flag,
    },
  ),
  ListTagsForResource: structureOf({ resourceArn }),
  TagResource: structureOf({ resourceArn, tags }),
  UntagResource: structureOf({ resourceArn, tagKeys: { type: 'list', max: 50, member: tagKey } }),
  ListTagsLogGroup: group,
  TagLogGroup: structureOf({ ...inGroup, tags }),
  UntagLogGroup: structureOf({ ...inGroup, tags: { type: 'list', min: 1, member: tagKey } }),
};

/** The API has these too; they are known here so that the answer names what is not there. Their inputs are not looked at. */
const unanswered =
  'AssociateKmsKey AssociateSourceToS3TableIntegration CancelExportTask CancelImportTask CreateDelivery CreateExportTask CreateImportTask CreateLogAnomalyDetector CreateLookupTable CreateScheduledQuery DeleteAccountPolicy DeleteDataProtectionPolicy DeleteDelivery DeleteDeliveryDestination DeleteDeliveryDestinationPolicy DeleteDeliverySource DeleteDestination DeleteIndexPolicy DeleteIntegration DeleteLogAnomalyDetector DeleteLookupTable DeleteMetricFilter DeleteQueryDefinition DeleteResourcePolicy DeleteScheduledQuery DeleteSubscriptionFilter DeleteTransformer DescribeAccountPolicies DescribeConfigurationTemplates DescribeDeliveries DescribeDeliveryDestinations DescribeDeliverySources DescribeDestinations DescribeExportTasks DescribeFieldIndexes DescribeImportTaskBatches DescribeImportTasks DescribeIndexPolicies DescribeLookupTables DescribeMetricFilters DescribeQueries DescribeQueryDefinitions DescribeResourcePolicies DescribeSubscriptionFilters DisassociateKmsKey DisassociateSourceFromS3TableIntegration GetDataProtectionPolicy GetDelivery GetDeliveryDestination GetDeliveryDestinationPolicy GetDeliverySource GetIntegration GetLogAnomalyDetector GetLogFields GetLogGroupFields GetLogObject GetLogRecord GetLookupTable GetQueryResults GetScheduledQuery GetScheduledQueryHistory GetTransformer ListAggregateLogGroupSummaries ListAnomalies ListIntegrations ListLogAnomalyDetectors ListLogGroups ListLogGroupsForQuery ListScheduledQueries ListSourcesForS3TableIntegration PutAccountPolicy PutBearerTokenAuthentication PutDataProtectionPolicy PutDeliveryDestination PutDeliveryDestinationPolicy PutDeliverySource PutDestination PutDestinationPolicy PutIndexPolicy PutIntegration PutLogGroupDeletionProtection PutMetricFilter PutQueryDefinition PutResourcePolicy PutSubscriptionFilter PutTransformer StartLiveTail StartQuery StopQuery TestMetricFilter TestTransformer UpdateAnomaly UpdateDeliveryConfiguration UpdateLogAnomalyDetector UpdateLookupTable UpdateScheduledQuery';

export const operations: Readonly<Record<string, StructureShape>> = {
  ...answered,
  ...Object.fromEntries(unanswered.split(' ').map((name) => [name, structureOf({})])),
};
