/** Opens SQS on the ports: the queues for Lambkin's own parts, and the handlers of the API. */
import type { Clock, Documents, Entropy, Queue as MessageQueue } from '#platform';
import type { Handlers } from '#wire';
import { sqsHandlers } from './api/handlers.ts';
import { Catalogue } from './catalogue.ts';
import { defaultSqsLimits, type SqsLimits } from './limits.ts';
import { Messaging, type QueueWatch } from './messaging.ts';
import { MoveTasks } from './move-tasks.ts';
import { ownQueues } from './own-use.ts';
import type { SqsQueues } from './sqs-queues.ts';
import { Sweeper } from './sweeper.ts';

export interface SqsOptions {
  readonly accountId: string;
  readonly region: string;
  readonly documents: Documents;
  readonly queue: MessageQueue;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly limits?: Partial<SqsLimits>;
  /** Hears why something in the background could not be done: for the operator's log. The work is tried again. */
  readonly onFault?: (error: unknown) => void;
  /** Counts messages. */
  readonly watch?: QueueWatch;
}

export interface Sqs {
  readonly queues: SqsQueues;
  readonly handlers: Handlers;
  readonly place: { readonly accountId: string; readonly region: string };
  /** Who waits for messages is answered with none, now and from now on: before the listener closes. */
  stopWaiting(): void;
  close(): Promise<void>;
}

/** Returns at once: what the store holds is read in the background, and by the first call that needs it. */
export function openSqs(options: SqsOptions): Sqs {
  const { accountId, region, documents, queue: messages, clock, entropy, onFault = () => {} } = options;
  const limits: SqsLimits = { ...defaultSqsLimits, ...options.limits };
  const place = { accountId, region };
  const catalogue = new Catalogue({ place, documents, messages, clock, entropy, limits, onFault });
  const messaging = new Messaging({ messages, catalogue, clock, limits, watch: options.watch });
  const tasks = new MoveTasks({
    catalogue,
    documents,
    messages,
    clock,
    entropy,
    limits,
    arrived: (queue) => messaging.arrived(queue),
    onFault,
  });
  const intervalMs = limits.sweepIntervalMs;
  const sweeper = new Sweeper({ catalogue, messages, clock, intervalMs, onFault });
  let ready: Promise<void> | undefined;
  /** A failed attempt is made again by the next call. */
  const loaded = async (): Promise<void> => {
    ready ??= catalogue
      .loaded()
      .then(() => tasks.resume())
      .catch((error: unknown) => {
        ready = undefined;
        throw error;
      });
    return ready;
  };
  loaded().catch(onFault);
  return {
    place,
    queues: ownQueues(catalogue, messaging),
    handlers: sqsHandlers({ catalogue, messaging, tasks, clock, loaded }),
    stopWaiting: () => messaging.stopWaiting(),
    async close() {
      messaging.stopWaiting();
      await sweeper.close();
      await ready?.catch(() => {});
      await tasks.close();
      await catalogue.close();
    },
  };
}
