/** The public face of access: what the operations of Lambda, CloudWatch Logs and SQS ask permission for, and the asking. */
export { accessOf } from './access.ts';
export type { Access, AccessRow, AccessRows } from './access.ts';
export { createAuthorize } from './authorize.ts';
export type { AccessOptions } from './authorize.ts';
export { lambdaAccess } from './lambda.ts';
export { autoscalingAccess } from './autoscaling.ts';
export { logsAccess } from './logs.ts';
export { metricsAccess } from './metrics.ts';
export { sqsAccess } from './sqs.ts';
