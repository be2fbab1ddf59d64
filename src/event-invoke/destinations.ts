/**
 * The port to where records and dead letters go. Each service is one `EventTarget`, whether Lambkin serves it itself or calls it over HTTP; this file
 * finds the one for an ARN.
 */
import type { SettledEvent } from './record.ts';

export type TargetService = 'sqs' | 'sns' | 'lambda' | 'events' | 's3';

/** One message to one resource, in the name of a function's role. */
export interface Delivery {
  /** Of the queue, topic, function, event bus or bucket. */
  readonly arn: string;
  /** Of the function whose event it was: what the role may not do is not done. */
  readonly roleArn: string;
  /** `dead-letter`: the payload of the event with attributes; `record`: the invocation record. */
  readonly purpose: 'dead-letter' | 'record';
  readonly event: SettledEvent;
  /** JSON. */
  readonly body: Uint8Array;
}

export type DeliveryOutcome =
  | { readonly kind: 'delivered' }
  /** It will not be taken, however often it is tried: no permission, no such resource, too large. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It may be taken later. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface EventTarget {
  /** Never rejects. */
  deliver(delivery: Delivery): Promise<DeliveryOutcome>;
}

/** By service. What is missing refuses, by name. */
export type EventTargets = Readonly<Partial<Record<TargetService, EventTarget>>>;

const services: ReadonlySet<string> = new Set<TargetService>(['sqs', 'sns', 'lambda', 'events', 's3']);

export function deliver(targets: EventTargets, delivery: Delivery): Promise<DeliveryOutcome> {
  const service = delivery.arn.split(':')[2] ?? '';
  const target = services.has(service) ? targets[service as TargetService] : undefined;
  if (target !== undefined) return target.deliver(delivery);
  return Promise.resolve({
    kind: 'refused',
    reason: `Lambkin does not serve ${service}, and no endpoint is configured for it (--endpoint ${service}=http://…)`,
  });
}
