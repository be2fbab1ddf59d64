/**
 * Tells owners what became of an event: the dead letter and the record, each to where its function's configuration says. What cannot be delivered now
 * stays with the event in its queue and is tried again a few times; what is refused is counted and said to the operator.
 */
import type { Clock } from '#platform';
import { unreachable } from '#lib/assert';
import { Lru } from '#lib/lru';
import { deliver, type DeliveryOutcome, type EventTargets } from './destinations.ts';
import { fitsQueue, functionKeyOf, type QueuedEvent } from './event.ts';
import { brokenTargetMs, brokenTargetsMax, deliveryWaitsMs } from './limits.ts';
import type { EventMetrics } from './metrics.ts';
import { invocationRecord, type SettledEvent } from './record.ts';

/** What is to be done with a message after its event was worked on. */
export type Effect =
  | { readonly kind: 'delete' }
  | { readonly kind: 'again'; readonly event: QueuedEvent; readonly delayMs: number };

export interface SettlingOptions {
  readonly region: string;
  readonly targets: EventTargets;
  readonly metrics: EventMetrics;
  readonly clock: Clock;
  /** A destination or dead-letter queue that did not take something. */
  readonly onTrouble: (message: string, fields: Readonly<Record<string, string>>) => void;
}

export class Settling {
  readonly #options: SettlingOptions;
  /** Until when resources that did not answer are left alone, by ARN: so that events do not wait in line for one that hangs. */
  readonly #broken = new Lru<string, number>(brokenTargetsMax);

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  async settle(event: SettledEvent): Promise<Effect> {
    const { deadLetter, destination, deliveries, ...told } = event.settlement;
    const [letterOwed, recordOwed] = await Promise.all([
      deadLetter === undefined ? false : this.#deliver(event, 'dead-letter', deadLetter),
      destination === undefined ? false : this.#deliver(event, 'record', destination),
    ]);
    const delayMs = deliveryWaitsMs[deliveries];
    if ((!letterOwed && !recordOwed) || delayMs === undefined || !fitsQueue(event)) return { kind: 'delete' };
    const settlement = {
      ...told,
      deliveries: deliveries + 1,
      ...(letterOwed && { deadLetter }),
      ...(recordOwed && { destination }),
    };
    return { kind: 'again', event: { ...event, settlement } as QueuedEvent, delayMs };
  }

  /** Whether it is still owed. */
  async #deliver(event: SettledEvent, purpose: 'dead-letter' | 'record', arn: string): Promise<boolean> {
    const { metrics, onTrouble } = this.#options;
    const outcome = await this.#try(event, purpose, arn);
    switch (outcome.kind) {
      case 'delivered':
        return false;
      case 'refused':
      case 'unavailable': {
        const functionKey = functionKeyOf(event);
        if (purpose === 'record') metrics.destinationFailed(functionKey);
        else metrics.deadLetterFailed(functionKey);
        const what = purpose === 'record' ? 'a record' : 'a dead letter';
        onTrouble(`${what} of an event could not be delivered`, {
          to: arn,
          requestId: event.requestId,
          reason: outcome.reason,
        });
        return outcome.kind === 'unavailable';
      }
      default:
        return unreachable(outcome);
    }
  }

  async #try(event: SettledEvent, purpose: 'dead-letter' | 'record', arn: string): Promise<DeliveryOutcome> {
    const { targets, region, clock } = this.#options;
    if ((this.#broken.get(arn) ?? 0) > clock.monotonicMs()) {
      return { kind: 'unavailable', reason: 'it did not answer a moment ago' };
    }
    const body =
      purpose === 'record' ? invocationRecord(event, region, clock.wallMs()) : payloadOf(event);
    const { roleArn } = event.settlement;
    const outcome = await deliver(targets, { arn, roleArn, purpose, event, body });
    if (outcome.kind === 'unavailable') this.#broken.set(arn, clock.monotonicMs() + brokenTargetMs);
    else this.#broken.delete(arn);
    return outcome;
  }
}

const emptyEvent = Buffer.from('{}');

/** As the function got it. */
function payloadOf({ payload }: QueuedEvent): Uint8Array {
  return payload.byteLength === 0 ? emptyEvent : payload;
}
