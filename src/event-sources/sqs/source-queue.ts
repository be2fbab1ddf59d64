/** The port to the queue of a mapping: Lambkin's own, or one that another SQS has. What does not work is told, never thrown. */
import { unreachable } from '#lib/assert';
import type { SqsMessage } from '#sqs';

export type SourceMessage = SqsMessage;

/** Why a queue gives nothing. */
export type QueueTrouble =
  | { readonly kind: 'absent' }
  /** The role may not make this call of SQS. */
  | { readonly kind: 'denied'; readonly call: string }
  /** For now. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export type Reception =
  | {
      readonly kind: 'received';
      readonly messages: readonly SourceMessage[];
      /** Of the messages, from now on. */
      readonly visibilityTimeoutMs: number;
    }
  | QueueTrouble;

export type QueueDescription =
  | { readonly kind: 'queue'; readonly visibilityTimeoutMs: number }
  | QueueTrouble;

export interface SourceQueue {
  /** Messages that one call can give. */
  readonly receiveMax: number;
  /** Calls at a time that make sense. */
  readonly receiversMax: number;
  describe(): Promise<QueueDescription>;
  receive(options: {
    readonly max: number;
    readonly waitMs: number;
    readonly signal: AbortSignal;
  }): Promise<Reception>;
  /** For each receipt: whether nothing is left to do. */
  delete(receiptHandles: readonly string[]): Promise<readonly boolean[]>;
  /** Makes messages visible at once, as far as it can. */
  release(receiptHandles: readonly string[]): Promise<void>;
}

/** For the owner of a mapping. */
export function problemOf(trouble: QueueTrouble): string {
  switch (trouble.kind) {
    case 'absent':
      return 'The specified queue does not exist.';
    case 'denied':
      return `The provided execution role does not have permissions to call ${trouble.call} on SQS`;
    case 'unavailable':
      return `The queue cannot be read: ${trouble.reason}`;
    default:
      return unreachable(trouble);
  }
}
