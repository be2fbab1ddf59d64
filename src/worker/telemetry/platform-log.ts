/** What the platform itself writes into an environment's log: when init began and how it failed, and what frames each invoke. */
import type { Clock } from '#platform';
import { faultOf } from '../environment/failures.ts';
import type { Failure } from '../environment/state-types.ts';
import type { EnvironmentLog } from './environment-log.ts';
import * as lines from './lines.ts';

/** An invoke that is over. All times are milliseconds. */
export interface InvokeEnd {
  readonly requestId: string;
  readonly durationMs: number;
  readonly initMs?: number;
  readonly failure?: Failure;
  readonly memoryUsedBytes: number;
}

export interface PlatformLogParts {
  readonly log: EnvironmentLog;
  readonly clock: Clock;
  readonly version: string;
  readonly runtime: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
}

export class PlatformLog {
  readonly #parts: PlatformLogParts;

  constructor(parts: PlatformLogParts) {
    this.#parts = parts;
  }

  initStarted(): void {
    this.#parts.log.write(lines.initStartLine(this.#parts.runtime));
  }

  /** To be told of an init that failed, and of every one of an environment that is initialised ahead (without a failure: it went well). */
  initEnded(durationMs: number, phase: 'init' | 'invoke', failure: Failure | undefined): void {
    const { log, timeoutMs } = this.#parts;
    log.endLines();
    const status = failure && faultOf(failure, timeoutMs).status;
    log.write(lines.initReportLine(durationMs, phase, status));
    // Nobody may come for a long time.
    log.flush();
  }

  invokeStarted(requestId: string): void {
    this.#parts.log.write(lines.startLine(requestId, this.#parts.version));
  }

  /** Everything that was printed in it stands before. Returns the log's tail, if it was asked for. */
  invokeEnded({
    requestId,
    durationMs,
    initMs,
    failure,
    memoryUsedBytes,
  }: InvokeEnd): Uint8Array | undefined {
    const { log, clock, memoryMb, timeoutMs } = this.#parts;
    log.endLines();
    const fault = failure === undefined ? undefined : faultOf(failure, timeoutMs);
    if (failure?.kind === 'timeout') {
      log.write(lines.timeoutLine(new Date(clock.wallMs()).toISOString(), requestId, timeoutMs));
    } else if (fault !== undefined && failure?.kind !== 'reported') {
      log.write(lines.faultLine(requestId, fault.message, fault.errorType));
    }
    log.write(lines.endLine(requestId));
    const status = fault?.status;
    log.write(lines.reportLine({ requestId, durationMs, initMs, memoryMb, memoryUsedBytes, status }));
    log.flush();
    return log.takeTail();
  }
}
