/** From a function's streamed answer to the HTTP answer: its head is in the stream itself, or is that of any stream. */
import type { StreamedAnswer } from '../frontend.ts';
import { BodyCut, type HostAnswer } from '#wire';
import { answerHeadOf, defaultContentType } from './answer-head.ts';
import { badGateway } from './errors.ts';
import { preludeContentType, splitPrelude } from './prelude.ts';

const streamContentType = 'application/octet-stream';

/** Resolves as soon as the head is known. */
export async function interpretStream(answer: StreamedAnswer): Promise<HostAnswer> {
  if (answer.failure !== undefined) return malformed(answer);
  const bytes = answer.body[Symbol.asyncIterator]();
  if (answer.form === 'stream' && answer.contentType?.toLowerCase().startsWith(preludeContentType)) {
    return withPrelude(answer, bytes);
  }
  const contentType =
    answer.form === 'whole' ? defaultContentType : (answer.contentType ?? streamContentType);
  const head = answerHeadOf({ statusCode: 200, headers: { 'content-type': contentType } });
  return head === undefined ? malformed(answer) : { ...head, body: rest(answer, bytes) };
}

async function withPrelude(answer: StreamedAnswer, bytes: AsyncIterator<Uint8Array>): Promise<HostAnswer> {
  let sofar: Uint8Array = new Uint8Array(0);
  for (;;) {
    const next = await bytes.next();
    if (next.done === true) return malformed(answer);
    sofar = sofar.length === 0 ? next.value : Buffer.concat([sofar, next.value]);
    const prelude = splitPrelude(sofar);
    if (prelude.kind === 'malformed') return malformed(answer);
    if (prelude.kind === 'incomplete') continue;
    const head = answerHeadOf(prelude.given, streamContentType);
    return head === undefined ? malformed(answer) : { ...head, body: rest(answer, bytes, prelude.rest) };
  }
}

function malformed(answer: StreamedAnswer): HostAnswer {
  answer.cancel();
  return badGateway();
}

/** Ends with BodyCut where the function failed on the way, so that the client does not take a part for the whole. */
function rest(
  answer: StreamedAnswer,
  bytes: AsyncIterator<Uint8Array>,
  first?: Uint8Array,
): AsyncIterable<Uint8Array> {
  let pending = first !== undefined && first.length > 0 ? first : undefined;
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        if (pending !== undefined) {
          const value = pending;
          pending = undefined;
          return { done: false, value };
        }
        const next = await bytes.next();
        if (next.done !== true) return next;
        const { failure } = await answer.ended;
        if (failure !== undefined) throw new BodyCut(failure.errorType);
        return { done: true, value: undefined };
      },
      /** Also of one that was never read: the function must not wait for a reader who does not come. */
      return() {
        answer.cancel();
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
}
