/** Invokes the function of a mapping, through the same synchronous path as everybody, and tells what became of it. */
import type { Frontend } from '#frontend';
import { WireError } from '#wire';
import type { MappingRecord } from './mapping.ts';

export type Invoked =
  | { readonly kind: 'answered'; readonly payload: Uint8Array }
  /** The function failed: an error, a timeout, a crash. */
  | { readonly kind: 'failed' }
  /** The function has run too often in the chain of invokes that the event is part of. */
  | { readonly kind: 'loops' }
  | { readonly kind: 'throttled' }
  /** The function could not be invoked now; `problem` is for the mapping's owner where they can mend it. */
  | { readonly kind: 'unavailable'; readonly problem: string | undefined };

export type Invoke = (mapping: MappingRecord, event: Uint8Array, traceHeader?: string) => Promise<Invoked>;

export interface InvokerOptions {
  readonly frontend: Pick<Frontend, 'invoke'>;
  readonly uuid: () => string;
  readonly reportFault: (error: unknown, requestId: string) => void;
}

/** Never rejects. */
export function invoker({ frontend, uuid, reportFault }: InvokerOptions): Invoke {
  return async ({ accountId, region, functionName, qualifier }, payload, traceHeader) => {
    const requestId = uuid();
    try {
      const answer = await frontend.invoke({
        functionName,
        ...(qualifier !== undefined && { qualifier }),
        invocationType: 'RequestResponse',
        logType: 'None',
        payload,
        requestId,
        ...(traceHeader !== undefined && { traceId: traceHeader }),
        principal: { accountId, arn: `arn:aws:lambda:${region}:${accountId}:event-source-mapping` },
      });
      return answer.functionError === undefined
        ? { kind: 'answered', payload: answer.payload }
        : { kind: 'failed' };
    } catch (error) {
      if (!(error instanceof WireError)) {
        reportFault(error, requestId);
        return { kind: 'unavailable', problem: undefined };
      }
      return refusal(error);
    }
  };
}

/** It would be refused each time: the queue's own redrive policy is what ends it. */
const refusedAlways: ReadonlySet<string> = new Set(['RequestEntityTooLargeException']);
/** Nothing that the owner of the mapping could mend. */
const passing: ReadonlySet<string> = new Set(['ServiceException', 'ServiceUnavailableException']);

function refusal({ errorName, message }: WireError): Invoked {
  if (errorName === 'TooManyRequestsException') return { kind: 'throttled' };
  if (errorName === 'RecursiveInvocationException') return { kind: 'loops' };
  if (refusedAlways.has(errorName)) return { kind: 'failed' };
  return {
    kind: 'unavailable',
    problem: passing.has(errorName) ? undefined : `Function call failed: ${message}`,
  };
}
