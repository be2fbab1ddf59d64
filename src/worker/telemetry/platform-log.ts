/**
 * What the platform itself tells of an environment: when init began and how it went, its extensions, and what frames each invoke. In a log
 * of format text these are lines; in one of format JSON they are events, from a level on; and extensions that have subscribed get them
 * as events whatever the log's format. Where nobody wants events, none is made.
 */
import { runtimeVersionArn, runtimeVersionName } from '#metadata';
import type { Clock } from '#platform';
import { faultOf } from '../environment/failures.ts';
import type { AnswerSays } from '../environment/runtime.ts';
import type { Failure } from '../environment/state-types.ts';
import type { Extension } from '../extensions/state-types.ts';
import type { EnvironmentLog } from './environment-log.ts';
import { InvokeMarks } from './invoke-marks.ts';
import type { EnvironmentSpec, Initialization } from '../worker.ts';
import * as lines from './lines.ts';
import type { LogFormat } from './log-format.ts';
import { levelOf, told, type Phase, type PlatformEvent, type Status } from './platform-event.ts';
import type { TelemetryHub } from './subscriptions/hub.ts';
import type { Subscription } from './subscriptions/subscription.ts';

/** An invoke that is over. All times are milliseconds. */
export interface InvokeEnd {
  readonly requestId: string;
  readonly durationMs: number;
  readonly initMs?: number;
  readonly failure?: Failure;
  readonly memoryUsedBytes: number;
}

export interface InitFailure {
  readonly durationMs: number;
  readonly phase: Phase;
  readonly failure: Failure;
}

/** An invoke that begins. */
export interface InvokeStart {
  readonly requestId: string;
  readonly invokedArn: string;
  readonly traceId: string;
}

export interface PlatformLogParts {
  readonly log: EnvironmentLog;
  readonly clock: Clock;
  readonly format: LogFormat;
  readonly spec: EnvironmentSpec;
  readonly timeoutMs: number;
}

/** The init that runs. */
interface Init {
  readonly phase: Phase;
  /** Monotonic. */
  readonly startedMs: number;
  runtimeDone: boolean;
}

const levels = ['DEBUG', 'INFO', 'WARN'];

export class PlatformLog {
  readonly #parts: PlatformLogParts;
  #hub: TelemetryHub | undefined;
  #init: Init | undefined;
  #marks: InvokeMarks | undefined;

  constructor(parts: PlatformLogParts) {
    this.#parts = parts;
  }

  /** `hub`: that of the sandbox in which it runs, where there is one. `line`: why there is none. */
  initStarted(phase: Phase, hub: TelemetryHub | undefined, line?: string): void {
    const { clock, spec } = this.#parts;
    const { functionName, version, configuration } = spec.version;
    const { runtime, memoryMb } = configuration;
    const initializationType = this.#initializationType;
    this.#hub = hub;
    this.#init = { phase, startedMs: clock.monotonicMs(), runtimeDone: false };
    // An image has no version of a runtime that the service knows.
    const managed =
      configuration.packageType === 'Zip'
        ? { runtimeVersion: runtimeVersionName(runtime), runtimeVersionArn: runtimeVersionArn(spec.version) }
        : undefined;
    const started = managed && lines.initStartLine(managed.runtimeVersion, managed.runtimeVersionArn);
    this.#tell(phase === 'init' ? started : undefined, () => ({
      type: 'platform.initStart',
      record: {
        initializationType,
        phase,
        ...managed,
        functionName,
        functionVersion: version,
        instanceId: spec.environmentId,
        instanceMaxMemory: memoryMb * 1024 * 1024,
      },
    }));
    if (line !== undefined) this.#parts.log.write(line);
  }

  /** The runtime is ready for its first invoke; extensions may still be busy. */
  runtimeInitialised(): void {
    if (this.#init !== undefined) this.#initRuntimeDone(this.#init, { status: 'success' });
  }

  /** Init went well. */
  initEnded(extensions: readonly Extension[]): void {
    const init = this.#init;
    this.#init = undefined;
    this.#hub?.close();
    this.#extensions(extensions);
    if (init === undefined) return;
    const { phase, startedMs } = init;
    const durationMs = told(this.#parts.clock.monotonicMs() - startedMs);
    const initializationType = this.#initializationType;
    const { log } = this.#parts;
    const isAhead = initializationType !== 'on-demand';
    this.#tell(isAhead ? lines.initReportLine(durationMs, phase, undefined) : undefined, () => ({
      type: 'platform.initReport',
      record: { initializationType, phase, status: 'success', metrics: { durationMs } },
    }));
    // Nobody may come for a long time.
    if (isAhead) log.flush();
  }

  initFailed({ durationMs, phase, failure }: InitFailure, extensions: readonly Extension[]): void {
    const initializationType = this.#initializationType;
    const { log, timeoutMs } = this.#parts;
    log.endLines();
    const { status } = faultOf(failure, timeoutMs);
    const ended = endOf(status);
    if (this.#init !== undefined) this.#initRuntimeDone(this.#init, ended);
    this.#init = undefined;
    this.#extensions(extensions);
    this.#tell(lines.initReportLine(durationMs, phase, status), () => ({
      type: 'platform.initReport',
      record: { initializationType, phase, ...ended, metrics: { durationMs: told(durationMs) } },
    }));
    if (initializationType !== 'on-demand') log.flush();
  }

  subscribed(name: string, { api, types }: Subscription): void {
    this.#tell(lines.subscriptionLine(api, name, types), () => ({
      type: api === 'logs' ? 'platform.logsSubscription' : 'platform.telemetrySubscription',
      record: { name, state: 'Subscribed', types: types.map(lines.capital) },
    }));
  }

  invokeStarted({ requestId, invokedArn, traceId }: InvokeStart): void {
    const { clock, spec } = this.#parts;
    const { version } = spec.version;
    this.#marks = this.#wanted ? new InvokeMarks(clock, requestId, traceId) : undefined;
    this.#tell(lines.startLine(requestId, version), () => ({
      type: 'platform.start',
      record: { requestId, functionArn: invokedArn, version, ...this.#marks?.tracing },
    }));
  }

  /** What the runtime says of its answer: when, and how long it is. */
  answering(message: AnswerSays): void {
    this.#marks?.hear(message);
  }

  /** The runtime waits for the next invoke; extensions may still be busy. */
  runtimeDone(): void {
    const marks = this.#marks;
    if (marks !== undefined) this.#tell(undefined, () => marks.runtimeDone({ status: 'success' }));
  }

  /** Everything that was printed in it stands before. Returns the log's tail, if it was asked for. */
  invokeEnded({
    requestId,
    durationMs,
    initMs,
    failure,
    memoryUsedBytes,
  }: InvokeEnd): Uint8Array | undefined {
    const { log, clock, format, spec, timeoutMs } = this.#parts;
    const { memoryMb } = spec.version.configuration;
    log.endLines();
    const fault = failure === undefined ? undefined : faultOf(failure, timeoutMs);
    const status = fault?.status;
    const ended = endOf(status);
    const marks = this.#marks;
    this.#marks = undefined;
    if (marks?.isRunning === true) this.#tell(undefined, () => marks.runtimeDone(ended));
    const text =
      failure?.kind === 'timeout'
        ? lines.timeoutLine(new Date(clock.wallMs()).toISOString(), requestId, timeoutMs)
        : fault !== undefined && failure?.kind !== 'reported'
          ? lines.faultLine(requestId, fault.message, fault.errorType)
          : undefined;
    if (text !== undefined) this.#tell(text, () => ({ type: 'platform.fault', record: text.trimEnd() }));
    this.#tell(lines.endLine(requestId), () => ({ type: 'platform.end', record: { requestId } }));
    const report = { requestId, durationMs, initMs, memoryMb, memoryUsedBytes, status };
    this.#tell(format.kind === 'text' ? lines.reportLine(report) : undefined, () => ({
      type: 'platform.report',
      record: { requestId, metrics: lines.metricsOf(report), ...ended, ...marks?.report },
    }));
    log.flush();
    return log.takeTail();
  }

  get #initializationType(): Initialization {
    return this.#parts.spec.initialization ?? 'on-demand';
  }

  get #wanted(): boolean {
    return this.#parts.format.kind === 'json' || this.#hub?.wanted === true;
  }

  #initRuntimeDone(init: Init, ended: Ended): void {
    if (init.runtimeDone) return;
    init.runtimeDone = true;
    const { phase } = init;
    const initializationType = this.#initializationType;
    this.#tell(undefined, () => ({
      type: 'platform.initRuntimeDone',
      record: { initializationType, phase, ...ended },
    }));
  }

  #extensions(extensions: readonly Extension[]): void {
    for (const extension of extensions) {
      const { name, standing: state, events, errorType } = extension;
      this.#tell(lines.extensionLine(extension), () => ({
        type: 'platform.extension',
        record: { name, state, events, ...(errorType !== undefined && { errorType }) },
      }));
    }
  }

  /** `text`: the line for a log of that format, where there is one. */
  #tell(text: string | undefined, make: () => PlatformEvent): void {
    const { log, clock, format } = this.#parts;
    if (format.kind === 'text' && text !== undefined) log.write(text);
    if (!this.#wanted) return;
    const event = make();
    this.#hub?.platform(event);
    if (format.kind === 'text') return;
    const level = levelOf(event);
    if (level === undefined || levels.indexOf(level) < levels.indexOf(format.systemLevel)) return;
    log.write(JSON.stringify({ time: new Date(clock.wallMs()).toISOString(), ...event }));
  }
}

type Ended = { readonly status: Status; readonly errorType?: string };

function endOf(status: lines.ReportStatus | undefined): Ended {
  if (status === undefined) return { status: 'success' };
  if (status.kind === 'timeout') return { status: 'timeout' };
  const { errorType } = status;
  return { status: errorType.startsWith('Sandbox.') ? 'failure' : 'error', errorType };
}
