/** A queue of Lambkin's own SQS, without HTTP between. Whether the role may use it is asked by who polls. */
import type { SqsQueues } from '#sqs';
import type { QueueDescription, SourceQueue } from './source-queue.ts';

export function ownQueue(queues: SqsQueues, arn: string, receiveMax: number): SourceQueue {
  const unavailable = { kind: 'unavailable', reason: 'the queues cannot be read now' } as const;
  const describe = async (): Promise<QueueDescription> => {
    try {
      await queues.loaded();
    } catch {
      return unavailable;
    }
    const queue = queues.find(arn);
    return queue === undefined
      ? { kind: 'absent' }
      : { kind: 'queue', visibilityTimeoutMs: queue.visibilityTimeoutMs };
  };
  return {
    receiveMax,
    receiversMax: 1,
    describe,
    async receive({ max, waitMs, signal }) {
      const outcome = await queues.receive(arn, { max, waitMs, signal });
      if (outcome.kind === 'no-queue') return { kind: 'absent' };
      if (outcome.kind === 'unavailable') return unavailable;
      const visibilityTimeoutMs = queues.find(arn)?.visibilityTimeoutMs ?? 0;
      return { kind: 'received', messages: outcome.messages, visibilityTimeoutMs };
    },
    async delete(receiptHandles) {
      const outcomes = await Promise.all(receiptHandles.map((handle) => queues.delete(arn, handle)));
      return outcomes.map((outcome) => outcome !== 'unavailable');
    },
    async release(receiptHandles) {
      await Promise.all(receiptHandles.map((handle) => queues.changeVisibility(arn, handle, 0)));
    },
  };
}
