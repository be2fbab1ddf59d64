/**
 * What owners and operators see of event invokes, under the names of AWS's metrics. `EventMetrics` is the port; `EventCounters` keeps the counts in
 * memory for whoever publishes them.
 */
import { Lru } from '#lib/lru';
import { functionsCountedMax } from './limits.ts';

export interface EventMetrics {
  /** An event was accepted for a function (`account/name`). */
  received(functionKey: string): void;
  /** An event reached its function, this long after it was accepted. */
  age(functionKey: string, ageMs: number): void;
  /** An event was given up, or its function is gone, before it was processed successfully. */
  dropped(functionKey: string): void;
  destinationFailed(functionKey: string): void;
  deadLetterFailed(functionKey: string): void;
}

/** Tells both. */
export function tellingBoth(one: EventMetrics, other: EventMetrics): EventMetrics {
  return {
    received(key) {
      one.received(key);
      other.received(key);
    },
    age(key, ageMs) {
      one.age(key, ageMs);
      other.age(key, ageMs);
    },
    dropped(key) {
      one.dropped(key);
      other.dropped(key);
    },
    destinationFailed(key) {
      one.destinationFailed(key);
      other.destinationFailed(key);
    },
    deadLetterFailed(key) {
      one.deadLetterFailed(key);
      other.deadLetterFailed(key);
    },
  };
}

export interface FunctionCounts {
  AsyncEventsReceived: number;
  AsyncEventsDropped: number;
  DestinationDeliveryFailures: number;
  DeadLetterErrors: number;
  /** AsyncEventAge: sum, count and greatest, in milliseconds. */
  ageSumMs: number;
  ages: number;
  ageMaxMs: number;
}

export interface EventCounts {
  readonly total: Readonly<FunctionCounts>;
  /** By `account/name`; the functions last heard of. */
  readonly functions: ReadonlyMap<string, Readonly<FunctionCounts>>;
}

export class EventCounters implements EventMetrics {
  readonly #total: FunctionCounts = noCounts();
  readonly #functions = new Lru<string, FunctionCounts>(functionsCountedMax);

  received(functionKey: string): void {
    this.#add(functionKey, 'AsyncEventsReceived');
  }

  age(functionKey: string, ageMs: number): void {
    for (const counts of [this.#total, this.#of(functionKey)]) {
      counts.ages += 1;
      counts.ageSumMs += ageMs;
      counts.ageMaxMs = Math.max(counts.ageMaxMs, ageMs);
    }
  }

  dropped(functionKey: string): void {
    this.#add(functionKey, 'AsyncEventsDropped');
  }

  destinationFailed(functionKey: string): void {
    this.#add(functionKey, 'DestinationDeliveryFailures');
  }

  deadLetterFailed(functionKey: string): void {
    this.#add(functionKey, 'DeadLetterErrors');
  }

  counts(): EventCounts {
    return { total: { ...this.#total }, functions: new Map(this.#functions.entries()) };
  }

  #add(
    functionKey: string,
    name: 'AsyncEventsReceived' | 'AsyncEventsDropped' | 'DestinationDeliveryFailures' | 'DeadLetterErrors',
  ): void {
    this.#total[name] += 1;
    this.#of(functionKey)[name] += 1;
  }

  #of(functionKey: string): FunctionCounts {
    const known = this.#functions.get(functionKey);
    if (known !== undefined) return known;
    const counts = noCounts();
    this.#functions.set(functionKey, counts);
    return counts;
  }
}

function noCounts(): FunctionCounts {
  return {
    AsyncEventsReceived: 0,
    AsyncEventsDropped: 0,
    DestinationDeliveryFailures: 0,
    DeadLetterErrors: 0,
    ageSumMs: 0,
    ages: 0,
    ageMaxMs: 0,
  };
}
