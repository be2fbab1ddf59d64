/**
 * Queues for Lambkin's own parts: dead-letter queues, destinations and event sources use them by their ARNs, without HTTP. Whether a
 * function's role may do so is for the caller to ask; `policyOf` gives what the queue itself says.
 */
import type { Depth } from '#platform';

export interface SqsQueueInfo {
  readonly arn: string;
  readonly name: string;
  readonly fifo: boolean;
  readonly visibilityTimeoutMs: number;
  readonly messageBytesMax: number;
}

export interface SqsAttributeValue {
  readonly type: string;
  readonly text: string;
}

export interface SqsOutgoing {
  readonly body: string;
  /** Only with texts. */
  readonly attributes?: Readonly<Record<string, SqsAttributeValue>>;
  readonly traceHeader?: string;
  /** FIFO queues must have one. */
  readonly groupId?: string;
  readonly deduplicationId?: string;
  /** The user id of whose name this is sent in. */
  readonly senderId: string;
}

export interface SqsMessage {
  readonly id: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly md5OfBody: string;
  /** Absent where it has none. */
  readonly md5OfMessageAttributes?: string;
  /** As events have them: `ApproximateReceiveCount`, `SentTimestamp`, … */
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<
    Record<string, { readonly type: string } & ({ readonly text: string } | { readonly bytes: Uint8Array })>
  >;
}

/** `refused`: the message is not one that the queue takes; `reason` is what a client would be told. */
export type SqsSendOutcome =
  | { readonly kind: 'sent'; readonly messageIds: readonly string[] }
  | { readonly kind: 'no-queue' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable' };

export type SqsReceiveOutcome =
  | { readonly kind: 'received'; readonly messages: readonly SqsMessage[] }
  | { readonly kind: 'no-queue' }
  /** Too much is in flight, too many wait, or the store does not serve: later. */
  | { readonly kind: 'unavailable' };

/** `lost`: the receipt serves no more, as the message was deleted or may be with somebody else. */
export type SqsReceiptOutcome = 'done' | 'lost' | 'no-queue' | 'unavailable';

export interface SqsQueues {
  /** The ARNs of all that are known. */
  arns(): readonly string[];
  /** Undefined where there is none, or the store could not be read yet. */
  find(queueArn: string): SqsQueueInfo | undefined;
  /** Resolves once what the store holds is known. Rejects with a StoreUnavailableError. */
  loaded(): Promise<void>;
  /** The queue's own policy, as JSON. */
  policyOf(queueArn: string): string | undefined;
  tagsOf(queueArn: string): Readonly<Record<string, string>> | undefined;
  /** All or none. At most 1,000 messages; `sent` once they are durable. */
  send(queueArn: string, messages: readonly SqsOutgoing[]): Promise<SqsSendOutcome>;
  /** At most `max` messages (1..1000); waits `waitMs` for the first. The queue's visibility timeout, unless another is given. */
  receive(
    queueArn: string,
    options: {
      readonly max: number;
      readonly waitMs: number;
      readonly visibilityTimeoutMs?: number;
      readonly signal: AbortSignal;
    },
  ): Promise<SqsReceiveOutcome>;
  delete(queueArn: string, receiptHandle: string): Promise<SqsReceiptOutcome>;
  changeVisibility(queueArn: string, receiptHandle: string, timeoutMs: number): Promise<SqsReceiptOutcome>;
  depth(queueArn: string): Promise<Depth | undefined>;
}
