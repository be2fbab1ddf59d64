/** The public face of SQS: queues by the API, and for Lambkin's own dead-letter queues, destinations and event sources. */
export { sqsService } from './api/service.ts';
export { defaultSqsLimits } from './limits.ts';
export type { SqsLimits } from './limits.ts';
export type { QueueWatch } from './messaging.ts';
export { openSqs } from './service.ts';
export type { Sqs, SqsOptions } from './service.ts';
export type {
  SqsAttributeValue,
  SqsMessage,
  SqsOutgoing,
  SqsQueueInfo,
  SqsQueues,
  SqsReceiptOutcome,
  SqsReceiveOutcome,
  SqsSendOutcome,
} from './sqs-queues.ts';
