/** What becomes of one batch: invoked until the function has had it, then what it has done is deleted from the queue. */
import { unreachable } from '#lib/assert';
import { type Clock, pause, type Random } from '#platform';
import { backoffMs } from '../backoff.ts';
import { readBatchAnswer } from '../batch-answer.ts';
import { withLaterOfGroup } from '../groups.ts';
import type { Invoked } from '../invoker.ts';
import type { Limits } from '../limits.ts';
import { eventOf } from './event-record.ts';
import { handlesOf, type Item } from './sorting.ts';
import type { SourceQueue } from './source-queue.ts';

export interface BatchOptions {
  readonly queue: SourceQueue;
  readonly invoke: (event: Uint8Array, traceHeader: string | undefined) => Promise<Invoked>;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly fifo: boolean;
  readonly reportsFailures: boolean;
  /** The poller ends: what has not been invoked is not. */
  readonly ending: AbortSignal;
  readonly onInvoked: (outcome: Invoked) => void;
  /** Told of messages, by what became of them. */
  readonly onCount?: (counted: { readonly failed?: number; readonly deleted?: number }) => void;
}

export type BatchOutcome = 'done' | 'partly-done' | 'failed' | 'given-up';

/** Never rejects. */
export async function processBatch(batch: readonly Item[], options: BatchOptions): Promise<BatchOutcome> {
  const { queue, clock, random, limits, ending, onInvoked } = options;
  for (let failures = 0; ;) {
    if (ending.aborted) {
      await queue.release(handlesOf(batch));
      return 'given-up';
    }
    const items = batch.filter(({ visibleAtMs }) => clock.monotonicMs() < visibleAtMs);
    // All of them may be with others by now.
    if (items.length === 0) return 'given-up';
    const trace = items.find(({ traceHeader }) => traceHeader !== undefined)?.traceHeader;
    const outcome = await options.invoke(eventOf(items.map(({ text }) => text)), trace);
    onInvoked(outcome);
    switch (outcome.kind) {
      case 'answered':
        return settle(items, outcome.payload, options);
      case 'failed':
        options.onCount?.({ failed: items.length });
        return 'failed';
      case 'loops':
        if (items.length > 1) return eachAlone(items, options);
        options.onCount?.({ failed: 1 });
        return 'failed';
      case 'throttled':
      case 'unavailable':
        failures += 1;
        await pause(
          clock,
          backoffMs({ minMs: limits.retryMsMin, maxMs: limits.retryMsMax }, failures, random),
          ending,
        );
        break;
      default:
        unreachable(outcome);
    }
  }
}

/** Of a batch that is part of a loop, those messages that are not shall be handled. */
async function eachAlone(items: readonly Item[], options: BatchOptions): Promise<BatchOutcome> {
  const outcomes = new Set<BatchOutcome>();
  const blocked = new Set<string>();
  for (const item of items) {
    if (options.fifo && blocked.has(item.groupId)) continue;
    const outcome = await processBatch([item], options);
    outcomes.add(outcome);
    if (outcome !== 'done') blocked.add(item.groupId);
  }
  if (!outcomes.has('done')) return 'failed';
  return outcomes.size === 1 && blocked.size === 0 ? 'done' : 'partly-done';
}

async function settle(
  items: readonly Item[],
  payload: Uint8Array,
  options: BatchOptions,
): Promise<BatchOutcome> {
  const failed = options.reportsFailures ? failedOf(items, payload, options.fifo) : new Set<Item>();
  if (failed.size > 0) options.onCount?.({ failed: failed.size });
  if (failed.size === items.length) return 'failed';
  await deleteAll(handlesOf(items.filter((item) => !failed.has(item))), items, options);
  return failed.size === 0 ? 'done' : 'partly-done';
}

function failedOf(items: readonly Item[], payload: Uint8Array, fifo: boolean): ReadonlySet<Item> {
  const answer = readBatchAnswer(payload, new Set(items.map(({ id }) => id)));
  switch (answer.kind) {
    case 'all-done':
      return new Set();
    case 'all-failed':
      return new Set(items);
    case 'some-failed': {
      const failed = new Set(items.filter(({ id }) => answer.ids.has(id)));
      return fifo ? withLaterOfGroup(items, failed) : failed;
    }
    default:
      return unreachable(answer);
  }
}

/** What cannot be deleted before it is visible again will be handled twice, as queues promise no better. */
async function deleteAll(
  handles: readonly string[],
  items: readonly Item[],
  { queue, clock, random, limits, onCount }: BatchOptions,
): Promise<void> {
  const untilMs = Math.min(...items.map(({ visibleAtMs }) => visibleAtMs));
  let left = handles;
  for (let failures = 0; left.length > 0;) {
    const part = left.slice(0, limits.deletesMax);
    const outcomes = await queue.delete(part);
    const again = part.filter((_handle, index) => outcomes[index] !== true);
    left = [...left.slice(part.length), ...again];
    onCount?.({ deleted: part.length - again.length });
    if (again.length === 0) continue;
    failures += 1;
    if (clock.monotonicMs() >= untilMs) return;
    await pause(clock, backoffMs({ minMs: limits.retryMsMin, maxMs: limits.retryMsMax }, failures, random));
  }
}
