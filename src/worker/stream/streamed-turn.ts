/** The answer to one invoke as it comes in chunks: handed on to a caller who takes it so, or collected for one who does not. */
import type { Clock } from '#platform';
import { oversized, tooLargePayload } from '../environment/failures.ts';
import type { More } from '../environment/runtime.ts';
import { streamOverrunBytesMax } from '../limits.ts';
import type { AnswerStream, InvokeOutcome } from '../worker.ts';
import { AnswerBuffer, type StreamLimits } from './answer-buffer.ts';
import { CollectedAnswer } from './collected-answer.ts';

/** A whole answer, or how a streamed one ended. */
export type Answer = Extract<InvokeOutcome, { readonly kind: 'answered' }> & { readonly errorType?: string };

export type Taken =
  | { readonly kind: 'taken' }
  /** The answer has become too long; what follows counts no more. */
  | { readonly kind: 'too-large'; readonly answer: Answer }
  /** The writer did not wait for room. */
  | { readonly kind: 'overrun' };

type Into =
  | { readonly kind: 'stream'; readonly buffer: AnswerBuffer; readonly bytesMax: number }
  | { readonly kind: 'whole'; readonly collected: CollectedAnswer };

const taken: Taken = { kind: 'taken' };
const nothing = new Uint8Array(0);

export class StreamedTurn {
  readonly #into: Into;

  private constructor(into: Into) {
    this.#into = into;
  }

  static asItComes(
    contentType: string,
    clock: Clock,
    limits: StreamLimits,
    started: (stream: AnswerStream) => void,
  ): StreamedTurn {
    const buffer = new AnswerBuffer(contentType, clock, limits);
    started(buffer);
    return new StreamedTurn({ kind: 'stream', buffer, bytesMax: limits.streamBytesMax });
  }

  static collected(): StreamedTurn {
    return new StreamedTurn({ kind: 'whole', collected: new CollectedAnswer() });
  }

  push(bytes: Uint8Array, more: More): Taken {
    if (this.#into.kind === 'whole') {
      const { collected } = this.#into;
      collected.push(bytes);
      more(collected.isTooLarge ? 'discarded' : 'wanted');
      return taken;
    }
    const { buffer, bytesMax } = this.#into;
    if (!buffer.push(bytes)) return { kind: 'too-large', answer: tooLarge(buffer.sizeBytes, bytesMax) };
    if (buffer.heldBytes > streamOverrunBytesMax) return { kind: 'overrun' };
    buffer.whenRoom(more);
    return taken;
  }

  /** The runtime has ended its stream. */
  answer(failure: { readonly errorType: string; readonly payload: Uint8Array } | undefined): Answer {
    // What came after the limit was thrown away, and perhaps cut.
    const { kind } = this.#into;
    if (kind === 'whole' && this.#into.collected.isTooLarge) return tooLarge(this.#into.collected.sizeBytes);
    if (failure !== undefined) {
      const { errorType, payload } = failure;
      return { kind: 'answered', functionError: 'Unhandled', errorType, payload };
    }
    return { kind: 'answered', payload: kind === 'stream' ? nothing : this.#into.collected.payload };
  }

  /** Ends the stream that the caller has; false: it has none and waits for the answer. */
  finish({ functionError, errorType, payload }: Answer, logTail: Uint8Array | undefined): boolean {
    if (this.#into.kind === 'whole') return false;
    this.#into.buffer.end({
      ...(functionError !== undefined && {
        failure: { errorType: errorType ?? 'Runtime.Unknown', payload },
      }),
      ...(logTail !== undefined && { logTail }),
    });
    return true;
  }
}

function tooLarge(sizeBytes: number, bytesMax?: number): Answer {
  const payload = tooLargePayload(sizeBytes, bytesMax);
  return { kind: 'answered', payload, functionError: 'Unhandled', errorType: oversized };
}
