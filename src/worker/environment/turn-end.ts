/**
 * The end of an invoke in the log.
 *
 *   START, what the function prints, END and REPORT stand in the log in this order, and everything printed before an answer belongs to that
 *   answer's invoke. The answer itself waits for none of it, unless the caller wants the log's tail.
 *
 * So END and REPORT wait for the output that was written before them, and the next invoke waits for END and REPORT.
 */
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { PlatformLog } from '../telemetry/platform-log.ts';
import type { Effect } from './state-types.ts';
import type { Turn } from './turn.ts';

type Report = Extract<Effect, { readonly kind: 'report' }>;

export class TurnEnd {
  readonly #platformLog: PlatformLog;
  #pending: Promise<void> | undefined;

  constructor(platformLog: PlatformLog) {
    this.#platformLog = platformLog;
  }

  /** Set while the end of an invoke still waits for output that was written before it. */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  /** Writes END and REPORT, and ends the turn, once all is heard that was printed in `sandbox`: the last that there was, if any. */
  write(turn: Turn, { durationMs, initMs, failure }: Report, sandbox: Sandbox | undefined): void {
    const end = (): void => {
      this.#pending = undefined;
      const logTail = this.#platformLog.invokeEnded({
        requestId: turn.request.requestId,
        durationMs,
        memoryUsedBytes: sandbox?.memoryPeakBytes() ?? 0,
        ...(initMs !== undefined && { initMs }),
        ...(failure !== undefined && { failure }),
      });
      turn.end(logTail);
    };
    if (sandbox === undefined) return end();
    this.#pending = new Promise((resolve) => {
      sandbox.drain(() => {
        end();
        resolve();
      });
    });
  }
}
