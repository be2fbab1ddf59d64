/** SQS behind the listener: AWS JSON 1.0 for those who send X-Amz-Target, the Query protocol for all others. Signing name `sqs`. */
import { type Authorize, jsonRpcService, queryService, type ReportFault, type Service } from '#wire';
import { requestBytesMax } from '../limits.ts';
import type { Sqs } from '../service.ts';
import { sqsOperations } from './shapes.ts';

/** The errors of SQS's model. */
const modelled: ReadonlySet<string> = new Set([
  'BatchEntryIdsNotDistinct',
  'BatchRequestTooLong',
  'EmptyBatchRequest',
  'InvalidAddress',
  'InvalidAttributeName',
  'InvalidAttributeValue',
  'InvalidBatchEntryId',
  'InvalidMessageContents',
  'OverLimit',
  'PurgeQueueInProgress',
  'QueueDeletedRecently',
  'QueueDoesNotExist',
  'QueueNameExists',
  'ReceiptHandleIsInvalid',
  'RequestThrottled',
  'ResourceNotFoundException',
  'TooManyEntriesInBatchRequest',
  'UnsupportedOperation',
]);

export function sqsService(
  { handlers }: Pick<Sqs, 'handlers'>,
  reportFault: ReportFault,
  authorize: Authorize,
): Service {
  const json = jsonRpcService({
    targetPrefix: 'AmazonSQS',
    operations: Object.fromEntries(Object.entries(sqsOperations).map(([name, { input }]) => [name, input])),
    handlers,
    authorize,
    reportFault,
    bodyBytesMax: requestBytesMax,
    queryCompatible: { namespace: 'com.amazonaws.sqs', modelled },
  });
  const query = queryService({
    version: '2012-11-05',
    versionOptional: true,
    xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/',
    operations: sqsOperations,
    notServed: [],
    handlers,
    authorize,
    reportFault,
    pathParameters: (rawPath) => (/^\/[^/]+\/[^/]+\/?$/.test(rawPath) ? { QueueUrl: rawPath } : undefined),
  });
  return {
    speaking: ({ headers }) => (headers['x-amz-target'] === undefined ? query : json),
    route: (request) => (request.headers['x-amz-target'] === undefined ? query : json).route(request),
    encodeError: (error, requestId) => json.encodeError(error, requestId),
  };
}
