/**
 * Tells owners what became of an event: the dead letter and the record, each to where its function's configuration says. What cannot be delivered now
 * stays with the event in its queue and is tried again for an hour; what is refused is counted and said to the operator.
 */
import type { Clock, Random } from '#platform';
import { Lru } from '#lib/lru';
import { deliver, type DeliveryOutcome, type EventTargets } from './destinations.ts';
import { fitsQueue, functionKeyOf, type QueuedEvent, type Settlement } from './event.ts';
import {
  brokenTargetMsMax,
  brokenTargetMsMin,
  brokenTargetsMax,
  brokenTries,
  deliveryWaitMsMax,
  deliveryWaitMsMin,
  type Limits,
  untriedAgeFactor,
} from './limits.ts';
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
  readonly limits: Pick<Limits, 'deliveryAgeMsMax'>;
  readonly clock: Clock;
  readonly random: Random;
  /** The clock of events' ages, epoch milliseconds. */
  readonly nowMs: () => number;
  /** A destination or dead-letter queue that did not take something. */
  readonly onTrouble: (message: string, fields: Readonly<Record<string, string>>) => void;
}

/** A destination that did not answer. */
interface Broken {
  /** In a row. */
  readonly tries: number;
  /** Until when it is left alone, by the monotonic clock. */
  readonly untilMs: number;
}

export class Settling {
  readonly #options: SettlingOptions;
  readonly #broken = new Lru<string, Broken>(brokenTargetsMax);

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  async settle(event: SettledEvent): Promise<Effect> {
    const { deadLetter, destination, ...told } = event.settlement;
    const [letter, record] = await Promise.all([
      deadLetter === undefined ? 'done' : this.#deliver(event, 'dead-letter', deadLetter),
      destination === undefined ? 'done' : this.#deliver(event, 'record', destination),
    ]);
    if (letter === 'done' && record === 'done') return { kind: 'delete' };
    const tried = letter === 'owed' || record === 'owed';
    if (this.#isTooLate(told, tried) || !fitsQueue(event)) {
      this.#options.onTrouble('an event is given up that its owner could not be told of', {
        ...(letter !== 'done' && deadLetter !== undefined && { deadLetter }),
        ...(record !== 'done' && destination !== undefined && { destination }),
        requestId: event.requestId,
      });
      return { kind: 'delete' };
    }
    const settlement: Settlement = {
      ...told,
      deliveries: told.deliveries + (tried ? 1 : 0),
      ...(letter !== 'done' && deadLetter !== undefined && { deadLetter }),
      ...(record !== 'done' && destination !== undefined && { destination }),
    };
    const left = [letter, record].filter((outcome) => typeof outcome === 'number');
    const waitMs = Math.min(deliveryWaitMsMin * 2 ** told.deliveries, deliveryWaitMsMax);
    const delayMs = tried ? waitMs : Math.min(...left);
    return { kind: 'again', event: { ...event, settlement }, delayMs };
  }

  /** A long stop of the process, or of others' deliveries, is no reason to give up what was not tried. */
  #isTooLate({ settledAtMs, deliveries }: Settlement, tried: boolean): boolean {
    const { nowMs, limits } = this.#options;
    const factor = tried || deliveries > 0 ? 1 : untriedAgeFactor;
    return nowMs() - settledAtMs > limits.deliveryAgeMsMax * factor;
  }

  /** `owed`: it was tried in vain. A number: it is left alone for so many milliseconds. */
  async #deliver(
    event: SettledEvent,
    purpose: 'dead-letter' | 'record',
    arn: string,
  ): Promise<'done' | 'owed' | number> {
    const { metrics, onTrouble, targets, region, clock, random } = this.#options;
    const leftMs = (this.#broken.get(arn)?.untilMs ?? 0) - clock.monotonicMs();
    // Not all of them at the moment at which it is tried again.
    if (leftMs > 0) return leftMs * (1 + random.next());
    const body = purpose === 'record' ? invocationRecord(event, region, clock.wallMs()) : payloadOf(event);
    const { roleArn } = event.settlement;
    const outcome = await deliver(targets, { arn, roleArn, purpose, event, body });
    this.#remember(arn, outcome);
    if (outcome.kind === 'delivered') return 'done';
    const functionKey = functionKeyOf(event);
    if (purpose === 'record') metrics.destinationFailed(functionKey);
    else metrics.deadLetterFailed(functionKey);
    const what = purpose === 'record' ? 'a record' : 'a dead letter';
    onTrouble(`${what} of an event could not be delivered`, {
      to: arn,
      requestId: event.requestId,
      reason: outcome.reason,
    });
    return outcome.kind === 'unavailable' ? 'owed' : 'done';
  }

  /** So that events do not wait in line for a destination that hangs. */
  #remember(arn: string, { kind }: DeliveryOutcome): void {
    if (kind !== 'unavailable') {
      this.#broken.delete(arn);
      return;
    }
    const tries = (this.#broken.get(arn)?.tries ?? 0) + 1;
    const waitMs = Math.min(brokenTargetMsMin * 2 ** (tries - brokenTries), brokenTargetMsMax);
    const untilMs = tries < brokenTries ? 0 : this.#options.clock.monotonicMs() + waitMs;
    this.#broken.set(arn, { tries, untilMs });
  }
}

const emptyEvent = Buffer.from('{}');

/** As the function got it. */
function payloadOf({ payload }: QueuedEvent): Uint8Array {
  return payload.byteLength === 0 ? emptyEvent : payload;
}
