/**
 * A streamed answer as the events of InvokeWithResponseStream: a PayloadChunk for each piece of the body, then one InvokeComplete.
 *
 * A failure is told by InvokeComplete alone, also where the function failed before its first byte: ErrorCode is what Invoke says in
 * X-Amz-Function-Error, ErrorDetails the JSON that it has as payload. What came before stays good.
 */
import type { Output } from '#wire';
import type { StreamedAnswer, StreamEnd } from './frontend.ts';

const errorCode = 'Unhandled';

export function responseEvents(answer: StreamedAnswer): AsyncIterable<Output> {
  return {
    [Symbol.asyncIterator]() {
      const bytes = answer.body[Symbol.asyncIterator]();
      let over = false;
      return {
        async next() {
          if (over) return { done: true, value: undefined };
          const piece = await bytes.next();
          if (piece.done !== true) return { done: false, value: { PayloadChunk: { Payload: piece.value } } };
          over = true;
          return { done: false, value: { InvokeComplete: completion(await answer.ended) } };
        },
        /** Nobody reads on. Not the body's own `return`, which would wait for a piece that is on its way. */
        return() {
          over = true;
          answer.cancel();
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };
}

function completion({ failure, logResult }: StreamEnd): Output {
  return {
    ...(failure !== undefined && {
      ErrorCode: errorCode,
      ErrorDetails: Buffer.from(failure.details).toString(),
    }),
    LogResult: logResult,
  };
}
