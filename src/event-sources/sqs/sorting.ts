/** Messages that were received, told apart: records that the function is to have, and what no filter wants. */
import type { Clock } from '#platform';
import type { BatchPlan } from '../batching.ts';
import type { RecordFilter } from '../filter/record-filter.ts';
import { eventRecord } from './event-record.ts';
import type { SourceMessage } from './source-queue.ts';

export interface Item {
  readonly id: string;
  readonly receiptHandle: string;
  readonly groupId: string;
  /** Of the request that sent the message: the chain of invokes that it is part of. */
  readonly traceHeader: string | undefined;
  /** The record, as JSON. */
  readonly text: string;
  readonly bytes: number;
  /** When others may receive the message, in milliseconds of the monotonic clock. */
  readonly visibleAtMs: number;
}

export interface Sorted {
  readonly wanted: readonly Item[];
  /** Receipts. */
  readonly unwanted: readonly string[];
}

/** Gives way to other work after each `turnMs`. */
export async function sorted(
  messages: readonly SourceMessage[],
  options: {
    readonly queueArn: string;
    readonly filter: RecordFilter;
    readonly visibleAtMs: number;
    readonly clock: Clock;
    readonly turnMs: number;
  },
): Promise<Sorted> {
  const { queueArn, filter, visibleAtMs, clock, turnMs } = options;
  const wanted: Item[] = [];
  const unwanted: string[] = [];
  let turnedMs = clock.monotonicMs();
  for (const message of messages) {
    const record = eventRecord(message, queueArn);
    const { id, receiptHandle, attributes } = message;
    if (filter({ ...record })) {
      const text = JSON.stringify(record);
      // With the comma after it.
      const bytes = Buffer.byteLength(text) + 1;
      wanted.push({
        id,
        receiptHandle,
        groupId: attributes['MessageGroupId'] ?? '',
        traceHeader: attributes['AWSTraceHeader'],
        text,
        bytes,
        visibleAtMs,
      });
    } else {
      unwanted.push(receiptHandle);
    }
    if (clock.monotonicMs() - turnedMs < turnMs) continue;
    await new Promise((resolve) => void setImmediate(resolve));
    turnedMs = clock.monotonicMs();
  }
  return { wanted, unwanted };
}

/** How many of the items, from the first on, one batch takes. */
export function fittingIn({ recordsMax, bytesMax }: BatchPlan, items: readonly Item[]): number {
  let bytes = 0;
  const tooMuch = items.findIndex((item, index) => {
    bytes += item.bytes;
    return index > 0 && (index >= recordsMax || bytes > bytesMax);
  });
  return tooMuch < 0 ? items.length : tooMuch;
}

export const handlesOf = (items: readonly Item[]): readonly string[] =>
  items.map(({ receiptHandle }) => receiptHandle);
