/**
 * The invoke at hand: who asked, what the runtime has answered so far, and what the caller is told.
 *
 *   response | error | too-large ──────────────────────────────────────▶ answered
 *   stream-start ─▶ stream-chunk* ─▶ stream-end | stream-failure ───────▶ answered
 *                        └ the answer became too long ──────────────────▶ answered; what follows is thrown away
 */
import type { Clock } from '#platform';
import type { StreamLimits } from '../stream/answer-buffer.ts';
import { StreamedTurn, type Answer } from '../stream/streamed-turn.ts';
import type { InvokeRequest, StreamingOutcome } from '../worker.ts';
import { tooLargePayload } from './failures.ts';
import type { AnswerSays, More } from './runtime.ts';

export interface TurnParts {
  readonly request: InvokeRequest;
  /** Whether the caller takes the answer as it comes. */
  readonly streaming: boolean;
  readonly clock: Clock;
  readonly streamLimits: StreamLimits;
  readonly resolve: (outcome: StreamingOutcome) => void;
}

export type Heard =
  /** The answer is complete: to be given once the environment has taken note. */
  | { readonly kind: 'answered' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'broken'; readonly why: string };

const answered: Heard = { kind: 'answered' };
const nothing: Heard = { kind: 'nothing' };

export class Turn {
  readonly request: InvokeRequest;
  readonly #parts: TurnParts;
  /** What it was answered, once that is certain. */
  #answer: Answer | undefined;
  /** Of an answer that comes in chunks. */
  #streamed: StreamedTurn | undefined;

  constructor(parts: TurnParts) {
    this.request = parts.request;
    this.#parts = parts;
  }

  hear(message: AnswerSays): Heard {
    switch (message.kind) {
      case 'response':
        return this.#answered({ kind: 'answered', payload: message.payload });
      case 'error':
        return this.#answered({ kind: 'answered', payload: message.payload, functionError: 'Unhandled' });
      case 'too-large': {
        const payload = tooLargePayload(message.sizeBytes);
        return this.#answered({ kind: 'answered', payload, functionError: 'Unhandled' });
      }
      case 'stream-start':
        this.#startStream(message.contentType);
        return nothing;
      case 'stream-chunk':
        return this.#takeChunk(message.bytes, message.more);
      case 'stream-end':
        return this.#endStream(undefined);
      case 'stream-failure':
        return this.#endStream(message);
      default:
        return message satisfies never;
    }
  }

  /** The answer is what the runtime said; now, or with the log's tail. */
  give(): void {
    if (this.#answer !== undefined && !this.request.wantsLogTail) this.#finish(this.#answer, undefined);
  }

  /** The answer is this, whatever the runtime had said. */
  fail(answer: Answer): void {
    this.#answer = answer;
    this.give();
  }

  notStarted(): void {
    this.#parts.resolve({ kind: 'not-started' });
  }

  /** Its log is complete. */
  end(logTail: Uint8Array | undefined): void {
    if (this.#answer !== undefined && logTail !== undefined) this.#finish(this.#answer, logTail);
  }

  #answered(answer: Answer): Heard {
    this.#answer = answer;
    return answered;
  }

  #startStream(contentType: string): void {
    const { streaming, clock, streamLimits, resolve } = this.#parts;
    this.#streamed = streaming
      ? StreamedTurn.asItComes(contentType, clock, streamLimits, (stream) =>
          resolve({ kind: 'streaming', stream }),
        )
      : StreamedTurn.collected();
  }

  #takeChunk(bytes: Uint8Array, more: More): Heard {
    if (this.#streamed === undefined || this.#answer !== undefined) {
      more('discarded');
      return nothing;
    }
    const taken = this.#streamed.push(bytes, more);
    switch (taken.kind) {
      case 'taken':
        return nothing;
      case 'too-large':
        more('discarded');
        return this.#answered(taken.answer);
      case 'overrun':
        return { kind: 'broken', why: 'it sent more of its stream than it was given room for' };
      default:
        return taken satisfies never;
    }
  }

  #endStream(failure: { readonly errorType: string; readonly payload: Uint8Array } | undefined): Heard {
    if (this.#streamed === undefined || this.#answer !== undefined) return nothing;
    return this.#answered(this.#streamed.answer(failure));
  }

  /** Tells the caller the answer, or how the stream that it has already ended. */
  #finish(answer: Answer, logTail: Uint8Array | undefined): void {
    if (this.#streamed?.finish(answer, logTail) === true) return;
    const { payload, functionError } = answer;
    this.#parts.resolve({
      kind: 'answered',
      payload,
      ...(functionError !== undefined && { functionError }),
      ...(logTail !== undefined && { logTail }),
    });
  }
}
