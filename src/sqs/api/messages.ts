/** The operations on one message: send, delete, change its visibility; and what their batches share with them. */
import type { Handlers, Input, RequestContext } from '#wire';
import { expiredReceipt, invalidReceipt, invalidValue, missing } from '../faults.ts';
import { visibilitySecondsMax } from '../limits.ts';
import type { ReceiptOutcome, SentMessage } from '../messaging.ts';
import { type Prepared, prepareMessage } from '../outgoing.ts';
import type { Queue } from '../queue.ts';
import { queueIn, required, type SqsParts } from './request.ts';

export function messageHandlers(parts: SqsParts): Handlers {
  const { catalogue, messaging } = parts;
  return {
    async SendMessage(input, context) {
      const queue = queueIn(catalogue, input);
      const prepared = prepareMessage(queue, input, senderOf(context));
      const [sent] = await messaging.send(queue, [prepared]);
      return sentMembers(prepared, sent);
    },
    async DeleteMessage(input) {
      await deleteOne(parts, queueIn(catalogue, input), input);
      return {};
    },
    async ChangeMessageVisibility(input) {
      await changeOne(parts, queueIn(catalogue, input), input);
      return {};
    },
  };
}

export const senderOf = ({ principal }: RequestContext): string => principal.userId;

export function sentMembers({ digests }: Prepared, sent: SentMessage | undefined) {
  return { MessageId: sent?.messageId, ...digests, SequenceNumber: sent?.sequenceNumber };
}

/** Throws what AWS answers. */
export async function deleteOne({ messaging }: SqsParts, queue: Queue, members: Input): Promise<void> {
  const handle = required(members, 'ReceiptHandle');
  check(await messaging.delete(queue, handle), handle);
}

/** Throws what AWS answers. */
export async function changeOne({ messaging }: SqsParts, queue: Queue, members: Input): Promise<void> {
  const handle = required(members, 'ReceiptHandle');
  const seconds = members['VisibilityTimeout'] as number | undefined;
  if (seconds === undefined) throw missing('VisibilityTimeout');
  if (seconds < 0 || seconds > visibilitySecondsMax) {
    const reason = `VisibilityTimeout must be between 0 and ${visibilitySecondsMax}, if provided.`;
    throw invalidValue('VisibilityTimeout', seconds, reason);
  }
  const outcome = await messaging.changeVisibility(queue, handle, seconds * 1000);
  if (outcome === 'beyond-limit') {
    const reason = `Total VisibilityTimeout for the message is beyond the limit [${visibilitySecondsMax} seconds]`;
    throw invalidValue('VisibilityTimeout', seconds, reason);
  }
  check(outcome, handle);
}

function check(outcome: ReceiptOutcome, handle: string): void {
  switch (outcome) {
    case 'done':
      return;
    case 'invalid':
      throw invalidReceipt(handle);
    case 'expired':
      throw expiredReceipt(handle);
    case 'gone':
    case 'beyond-limit':
      throw invalidValue(
        'ReceiptHandle',
        handle,
        'Message does not exist or is not available for visibility timeout change.',
      );
  }
}
