/** Which queue a mapping reads: Lambkin's own, or where an endpoint for SQS is configured, the one there. */
import type { Clock } from '#platform';
import type { SqsQueues } from '#sqs';
import { foreignQueue } from './host/foreign-queue.ts';
import { type CallKeys, SqsCalls } from './host/sqs-calls.ts';
import { type Limits, limitsDefault, roleKeysMs } from './limits.ts';
import { ownQueue } from './sqs/own-queue.ts';
import type { SourceQueue } from './sqs/source-queue.ts';

export interface QueueOpenerOptions {
  readonly own: SqsQueues;
  /** Of another SQS: `http://127.0.0.1:9324`. Absent: queues are Lambkin's own. */
  readonly endpoint?: string;
  readonly region: string;
  /** New credentials of a role. */
  readonly roleKeys: (roleArn: string) => CallKeys;
  readonly clock: Clock;
  readonly limits?: Partial<Limits>;
}

export interface QueueOpener {
  open(queueArn: string, roleOf: () => string | undefined): SourceQueue;
  close(): void;
}

export function queueOpener(options: QueueOpenerOptions): QueueOpener {
  const { own, endpoint, region, roleKeys, clock } = options;
  const { receiveMax, receiversMax } = { ...limitsDefault, ...options.limits };
  if (endpoint === undefined) return { open: (arn) => ownQueue(own, arn, receiveMax), close: () => {} };
  const calls = new SqsCalls({ endpoint, region, clock });
  return {
    open(queueArn, roleOf) {
      let known: { readonly role: string; readonly keys: CallKeys; readonly untilMs: number } | undefined;
      const keys = (): CallKeys | undefined => {
        const role = roleOf();
        if (role === undefined) return undefined;
        const nowMs = clock.monotonicMs();
        if (known?.role !== role || known.untilMs <= nowMs) {
          known = { role, keys: roleKeys(role), untilMs: nowMs + roleKeysMs };
        }
        return known.keys;
      };
      return foreignQueue({ calls, endpoint, queueArn, keys, clock, receiversMax });
    },
    close: () => calls.close(),
  };
}
