/** Queues that Lambkin serves itself: used without HTTP. Whether the function's role may is asked of IAM and of the queue's own policy. */
import { unreachable } from '#lib/assert';
import type { EventTarget } from './destinations.ts';
import type { RoleMay } from './lambda-target.ts';
import { messageBytesMax } from './limits.ts';
import { deadLetterAttributes } from './record.ts';

/** As much of the queues as this takes. */
export interface OwnQueues {
  /** The queue's own policy, as JSON. */
  policyOf(queueArn: string): string | undefined;
  /** All or none; `sent` once they are durable. */
  send(
    queueArn: string,
    messages: readonly {
      readonly body: string;
      readonly attributes?: Readonly<Record<string, { readonly type: string; readonly text: string }>>;
      readonly traceHeader?: string;
      readonly senderId: string;
    }[],
  ): Promise<
    | { readonly kind: 'sent' }
    | { readonly kind: 'no-queue' }
    | { readonly kind: 'refused'; readonly reason: string }
    | { readonly kind: 'unavailable' }
  >;
}

export interface QueueTargetOptions {
  readonly accountId: string;
  readonly region: string;
  readonly queues: OwnQueues;
  readonly roleMay: RoleMay;
  /** The user id that a function's role sends as. */
  readonly senderIdOf: (roleArn: string, sessionName: string) => string;
  /** For queues of other accounts and regions. */
  readonly otherwise?: EventTarget | undefined;
}

export function queueTarget(options: QueueTargetOptions): EventTarget {
  const { accountId, region, queues, roleMay, senderIdOf, otherwise } = options;
  return {
    async deliver(delivery) {
      const { arn, roleArn, purpose, event, body } = delivery;
      if (!arn.startsWith(`arn:aws:sqs:${region}:${accountId}:`)) {
        return (
          otherwise?.deliver(delivery) ?? { kind: 'refused', reason: 'it is of another account or region' }
        );
      }
      if (body.byteLength > messageBytesMax.sqs) {
        return { kind: 'refused', reason: `it has ${body.byteLength} bytes, more than a message may have` };
      }
      if (roleMay(roleArn, 'sqs:SendMessage', arn, queues.policyOf(arn)) === false) {
        return { kind: 'refused', reason: `${roleArn} is not allowed to perform sqs:SendMessage` };
      }
      const { RequestID, ErrorCode, ErrorMessage } = deadLetterAttributes(event);
      const attributes = {
        RequestID: { type: 'String', text: RequestID },
        ErrorCode: { type: 'Number', text: ErrorCode },
        ErrorMessage: { type: 'String', text: ErrorMessage },
      };
      const outcome = await queues.send(arn, [
        {
          body: Buffer.from(body).toString(),
          ...(purpose === 'dead-letter' && { attributes }),
          traceHeader: event.settlement.traceId,
          senderId: senderIdOf(roleArn, event.functionName),
        },
      ]);
      switch (outcome.kind) {
        case 'sent':
          return { kind: 'delivered' };
        case 'no-queue':
          return { kind: 'refused', reason: 'there is no such queue' };
        case 'refused':
          return { kind: 'refused', reason: outcome.reason };
        case 'unavailable':
          return { kind: 'unavailable', reason: 'the queue does not take messages at the moment' };
        default:
          return unreachable(outcome);
      }
    },
  };
}
