/** The public face of event invoke: the asynchronous path from Invoke of type Event to destinations. */
export type { Accept, EventInput } from './accept.ts';
export type { Delivery, DeliveryOutcome, EventTarget, EventTargets, TargetService } from './destinations.ts';
export { withEventInvoke } from './handlers.ts';
export type { RoleMay } from './lambda-target.ts';
export { limitsDefault } from './limits.ts';
export type { Limits } from './limits.ts';
export type { EventCounts, EventMetrics, FunctionCounts } from './metrics.ts';
export { deadLetterAttributes } from './record.ts';
export type { DeadLetterAttributes, SettledEvent } from './record.ts';
export { queueTarget } from './queue-target.ts';
export type { OwnQueues, QueueTargetOptions } from './queue-target.ts';
export { remoteTargets } from './remote-targets.ts';
export type { RemoteTargetsOptions } from './remote-targets.ts';
export { openEventInvoke } from './service.ts';
export type { EventCensus, EventInvoke, EventInvokeOptions } from './service.ts';
