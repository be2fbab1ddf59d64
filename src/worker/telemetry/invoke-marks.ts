/** When the parts of one invoke were, as its telemetry tells them. Made only where somebody wants to know. */
import type { Clock } from '#platform';
import type { AnswerSays } from '../environment/runtime.ts';
import { told, type PlatformEvent, type Span, type Status, type Tracing } from './platform-event.ts';

export class InvokeMarks {
  readonly #clock: Clock;
  readonly #requestId: string;
  readonly #traceId: string;
  readonly #startedMs: number;
  readonly #startedWallMs: number;
  /** The first byte of the answer, its last, and when the runtime was ready again; monotonic milliseconds. */
  #begunMs: number | undefined;
  #answeredMs: number | undefined;
  #doneMs: number | undefined;
  #producedBytes = 0;

  constructor(clock: Clock, requestId: string, traceId: string) {
    this.#clock = clock;
    this.#requestId = requestId;
    this.#traceId = traceId;
    this.#startedMs = clock.monotonicMs();
    this.#startedWallMs = clock.wallMs();
  }

  /** Whether the runtime's end of it was not told yet. */
  get isRunning(): boolean {
    return this.#doneMs === undefined;
  }

  get tracing(): { readonly tracing?: Tracing } {
    return this.#traceId === '' ? {} : { tracing: { type: 'X-Amzn-Trace-Id', value: this.#traceId } };
  }

  hear(message: AnswerSays): void {
    const now = this.#clock.monotonicMs();
    this.#begunMs ??= now;
    switch (message.kind) {
      case 'response':
      case 'error':
        this.#producedBytes = message.payload.length;
        this.#answeredMs ??= now;
        return;
      case 'too-large':
        this.#producedBytes = message.sizeBytes;
        this.#answeredMs ??= now;
        return;
      case 'stream-start':
        return;
      case 'stream-chunk':
        this.#producedBytes += message.bytes.length;
        return;
      case 'stream-end':
      case 'stream-failure':
        this.#answeredMs ??= now;
        return;
      default:
        message satisfies never;
    }
  }

  runtimeDone(ended: { readonly status: Status; readonly errorType?: string }): PlatformEvent {
    const now = this.#clock.monotonicMs();
    this.#doneMs = now;
    const spans: Span[] = [];
    if (this.#begunMs !== undefined) {
      spans.push(this.#span('responseLatency', this.#startedMs, this.#begunMs));
      spans.push(this.#span('responseDuration', this.#begunMs, this.#answeredMs ?? now));
    }
    if (this.#answeredMs !== undefined) spans.push(this.#span('runtimeOverhead', this.#answeredMs, now));
    return {
      type: 'platform.runtimeDone',
      record: {
        requestId: this.#requestId,
        ...ended,
        metrics: { durationMs: told(now - this.#startedMs), producedBytes: this.#producedBytes },
        ...(spans.length > 0 && { spans }),
        ...this.tracing,
      },
    };
  }

  /** What a report says besides: the time that extensions took after the runtime. */
  get report(): { readonly spans?: readonly Span[]; readonly tracing?: Tracing } {
    if (this.#doneMs === undefined) return this.tracing;
    return {
      spans: [this.#span('extensionOverhead', this.#doneMs, this.#clock.monotonicMs())],
      ...this.tracing,
    };
  }

  #span(name: string, fromMs: number, toMs: number): Span {
    const start = new Date(this.#startedWallMs + (fromMs - this.#startedMs)).toISOString();
    return { name, start, durationMs: told(toMs - fromMs) };
  }
}
