/** One execution environment: carries out what its state machine decides. */
import type { Clock, Entropy } from '#platform';
import type { LogSink } from '#logs';
import type { StreamLimits } from '../stream/answer-buffer.ts';
import { EnvironmentLog } from '../telemetry/environment-log.ts';
import { logStreamName } from '../telemetry/lines.ts';
import { logFormatOf, passes } from '../telemetry/log-format.ts';
import { PlatformLog } from '../telemetry/platform-log.ts';
import type {
  CreateOutcome,
  EnvironmentSpec,
  FinishedRun,
  EnvironmentStatus,
  InvokeOutcome,
  InvokeRequest,
  StreamingOutcome,
  WorkerEvent,
} from '../worker.ts';
import { notStarted } from '../worker.ts';
import type { Extension, ShutdownReason } from '../extensions/state-types.ts';
import { Deadline } from './deadline.ts';
import { failurePayload, faultOf } from './failures.ts';
import { Household } from './household.ts';
import { Housing } from './housing.ts';
import type { Provision, ProvisionOutcome, Provisions } from './provision.ts';
import type { AnswerSays, RuntimeSays } from './runtime.ts';
import { initial, step } from './state.ts';
import { statusOf } from './status.ts';
import type { Effect, Event, Failure, State, Terms } from './state-types.ts';
import { termsOf } from './terms.ts';
import { TurnEnd } from './turn-end.ts';
import { Turn } from './turn.ts';

export interface EnvironmentParts {
  readonly provisioner: Provisions;
  readonly logs: LogSink;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly initLimitMs: number;
  readonly streamLimits: StreamLimits;
  readonly emit: (event: WorkerEvent) => void;
  readonly warn: (message: string, environmentId: string) => void;
  readonly onRan: ((run: FinishedRun) => void) | undefined;
}

const mebibyte = 1024 * 1024;

export class Environment {
  readonly spec: EnvironmentSpec;
  readonly #parts: EnvironmentParts;
  readonly #terms: Terms;
  readonly #log: EnvironmentLog;
  readonly #platformLog: PlatformLog;
  readonly #logStream: string;
  readonly #housing = new Housing();
  readonly #created = Promise.withResolvers<CreateOutcome>();
  readonly #gone = Promise.withResolvers<void>();
  #state: State = initial;
  readonly #deadline: Deadline;
  #turn: Turn | undefined;
  readonly #turnEnd: TurnEnd;
  /** As they stood when their sandbox was last killed. */
  #extensions: readonly Extension[] = [];

  constructor(spec: EnvironmentSpec, parts: EnvironmentParts) {
    const { clock, initLimitMs, logs } = parts;
    const { configuration, version } = spec.version;
    const { logGroup } = configuration;
    this.spec = spec;
    this.#parts = parts;
    this.#terms = termsOf(spec, initLimitMs);
    this.#logStream = logStreamName(clock.wallMs(), version, spec.environmentId);
    const format = logFormatOf(configuration);
    const log = new EnvironmentLog(logs, logGroup, this.#logStream, clock, (line) => {
      if (passes(line, format)) this.#logLine(line);
    });
    this.#log = log;
    const { timeoutMs } = this.#terms;
    this.#platformLog = new PlatformLog({ log, clock, format, spec, timeoutMs });
    this.#turnEnd = new TurnEnd(this.#platformLog);
    this.#deadline = new Deadline(clock, () => this.#pastDeadline());
    this.#start();
  }

  /** How its creation went. */
  get created(): Promise<CreateOutcome> {
    return this.#created.promise;
  }

  /** Resolves once nothing of it is left. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  invoke(request: InvokeRequest): Promise<InvokeOutcome> {
    return this.#take(request, false);
  }

  invokeStreaming(request: InvokeRequest): Promise<StreamingOutcome> {
    return this.#take(request, true);
  }

  /** The outcome of a turn that is not streaming is whole. */
  #take(request: InvokeRequest, streaming: false): Promise<InvokeOutcome>;
  #take(request: InvokeRequest, streaming: boolean): Promise<StreamingOutcome>;
  #take(request: InvokeRequest, streaming: boolean): Promise<StreamingOutcome> {
    const { pending } = this.#turnEnd;
    if (pending !== undefined) return pending.then(() => this.#take(request, streaming));
    if (this.#state.kind === 'stopping' || this.#state.kind === 'gone') return notStarted;
    const { promise, resolve } = Promise.withResolvers<StreamingOutcome>();
    // A second invoke would be a bug of ours: the machine refuses it before the first one's turn is lost.
    const turn = this.#turn;
    const { clock, streamLimits } = this.#parts;
    this.#turn = new Turn({ request, streaming, clock, streamLimits, resolve });
    try {
      if (request.wantsLogTail && turn === undefined) this.#log.startTail();
      this.#step({ kind: 'invoke' });
    } catch (error) {
      this.#turn = turn;
      return Promise.reject(error);
    }
    return promise;
  }

  destroy(): Promise<void> {
    if (this.#state.kind !== 'gone') this.#step({ kind: 'destroy' });
    return this.gone;
  }

  get status(): EnvironmentStatus['status'] {
    return statusOf(this.#state);
  }

  memoryUsedBytes(): number {
    return this.#housing.sandbox?.memoryUsedBytes() ?? 0;
  }

  #step(event: Event): void {
    const [state, effects] = step(this.#state, event, this.#parts.clock.monotonicMs(), this.#terms);
    this.#state = state;
    for (const effect of effects) this.#do(effect);
  }

  /**
   * Timers fire before what has arrived is read: after Lambkin itself stood still (stopped, suspended, starved), the answer may have been
   * there in time. It counts.
   */
  #pastDeadline(): void {
    const { sandbox } = this.#housing;
    const { dueMs } = this.#deadline;
    if (sandbox === undefined) return this.#step({ kind: 'deadline' });
    return sandbox.drain(() => {
      if (this.#deadline.dueMs === dueMs) this.#step({ kind: 'deadline' });
    });
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'start':
        return this.#start();
      case 'set-deadline':
        return this.#deadline.set(effect.delayMs);
      case 'clear-deadline':
        return this.#deadline.clear();
      case 'created':
      case 'refused':
      case 'impossible':
      case 'init-failed':
        this.#rest();
        return this.#created.resolve(effect);
      case 'init-report':
        return this.#platformLog.initFailed(effect, this.#extensions);
      case 'begin':
        return this.#begin();
      case 'send':
        return this.#send();
      case 'answer':
        return this.#turn?.give();
      case 'fail':
        return this.#fail(effect.failure);
      case 'not-started':
        this.#log.takeTail();
        this.#turn?.notStarted();
        this.#turn = undefined;
        return undefined;
      case 'report':
        return this.#report(effect);
      case 'idle':
        this.#rest();
        return this.#parts.emit({ kind: 'idle', environmentId: this.spec.environmentId });
      case 'kill':
        return this.#kill(effect.why);
      case 'gone':
        return this.#parts.emit({
          kind: 'gone',
          environmentId: this.spec.environmentId,
          reason: effect.reason,
        });
      default:
        return effect satisfies never;
    }
  }

  #start(): void {
    const { version, initialization } = this.spec;
    const provided = this.#parts.provisioner.provide(version, this.#logStream, initialization);
    this.#housing.start(provided, (outcome) => this.#provided(outcome));
  }

  /** Whether the provision was kept: it is not when nobody wants it any more. */
  #provided(outcome: ProvisionOutcome): boolean {
    const { kind } = this.#state;
    if (kind !== 'preparing' && kind !== 'reviving') return false;
    switch (outcome.kind) {
      case 'provided':
        this.#adopt(outcome.provision);
        return true;
      case 'entrypoint':
        this.#platformLog.initStarted(kind === 'preparing' ? 'init' : 'invoke', undefined, outcome.line);
        this.#step({ kind: 'failed', failure: outcome });
        return false;
      case 'refused':
      case 'impossible':
        this.#step(outcome);
        return false;
      default:
        return outcome satisfies never;
    }
  }

  #adopt(provision: Provision): void {
    const { sandbox } = provision;
    const mine = () => this.#housing.holds(provision);
    const { clock, entropy } = this.#parts;
    const household = new Household({
      spec: this.spec,
      provision,
      log: this.#log,
      platformLog: this.#platformLog,
      clock,
      entropy,
      ready: () => {
        if (mine()) this.#step({ kind: 'ready' });
      },
      failed: (failure) => {
        if (mine()) this.#failed({ kind: 'extension', ...failure });
      },
    });
    this.#housing.keep(provision, household);
    this.#platformLog.initStarted(this.#state.kind === 'preparing' ? 'init' : 'invoke', household.telemetry);
    this.#step({ kind: 'started' });
    sandbox.run(this.spec.version.configuration.memoryMb * mebibyte);
    sandbox.attach({
      says: (message) => this.#heard(message, mine()),
      output: (chunk, source) => this.#log.output(chunk, source),
      exited: (status) => {
        household.runtimeGone();
        if (mine()) this.#failed({ kind: 'exit', status });
      },
      outOfMemory: () => {
        if (mine()) this.#failed({ kind: 'out-of-memory' });
      },
    });
    household.begin();
  }

  #heard(message: RuntimeSays, mine: boolean): void {
    if (message.kind === 'log') return this.#logLine(message.text);
    if (!mine) return undefined;
    switch (message.kind) {
      case 'ready':
        this.#housing.settle();
        return this.#housing.household?.runtimeReady();
      case 'init-error':
        return this.#failed({ ...message, kind: 'reported' });
      case 'unsent':
        return this.#step({ kind: 'unsent' });
      case 'broken':
        return this.#broken(message.why);
      case 'response':
      case 'error':
      case 'too-large':
      case 'stream-start':
      case 'stream-chunk':
      case 'stream-end':
      case 'stream-failure':
        return this.#heardAnswer(message);
      default:
        return message satisfies never;
    }
  }

  #heardAnswer(message: AnswerSays): void {
    this.#platformLog.answering(message);
    // Without an invoke an answer is a bug of ours, since both links refuse it: the machine says so.
    const heard = this.#turn?.hear(message) ?? { kind: 'answered' };
    switch (heard.kind) {
      case 'answered':
        return this.#step({ kind: 'answered' });
      case 'nothing':
        return undefined;
      case 'broken':
        return this.#broken(heard.why);
      default:
        return heard satisfies never;
    }
  }

  #broken(why: string): void {
    this.#parts.warn(`the runtime broke its protocol: ${why}`, this.spec.environmentId);
    this.#failed({ kind: 'exit', status: { kind: 'signal', signal: 'SIGKILL' } });
  }

  #failed(failure: Failure): void {
    this.#step({ kind: 'failed', failure });
  }

  #begin(): void {
    if (this.#turn !== undefined) this.#platformLog.invokeStarted(this.#turn.request);
  }

  #send(): void {
    const { sandbox, household } = this.#housing;
    if (this.#turn === undefined || sandbox === undefined || !('turn' in this.#state)) return;
    const { request } = this.#turn;
    const { clock } = this.#parts;
    const leftMs = this.#state.turn.startedMs + this.#terms.timeoutMs - clock.monotonicMs();
    sandbox.run(this.spec.version.configuration.memoryMb * mebibyte);
    const call = { ...request, deadlineMs: Math.floor(clock.wallMs() + leftMs) };
    household?.invoke(call);
    sandbox.link.invoke(call);
  }

  #fail(failure: Failure): void {
    const requestId = this.#turn?.request.requestId ?? '';
    const payload = failurePayload(failure, requestId, this.#terms.timeoutMs);
    const { errorType } = faultOf(failure, this.#terms.timeoutMs);
    this.#turn?.fail({ kind: 'answered', payload, functionError: 'Unhandled', errorType });
  }

  #report(report: Extract<Effect, { readonly kind: 'report' }>): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn === undefined) return;
    const { invokedArn } = turn.request;
    const { durationMs, initMs } = report;
    this.#parts.onRan?.({ invokedArn, version: this.spec.version.version, durationMs, initMs });
    this.#turnEnd.write(turn, report, this.#housing.latest);
  }

  /** A line of the function, for its log and whoever has subscribed. */
  #logLine(text: string): void {
    this.#log.write(text);
    this.#housing.audience?.line(text);
  }

  /** Nothing is to be done in it until the next invoke. */
  #rest(): void {
    this.#housing.household?.rest();
    this.#housing.sandbox?.rest();
  }

  #kill(why: ShutdownReason): void {
    this.#extensions = this.#housing.household?.extensions ?? [];
    this.#housing.kill(why);
    if (this.#state.kind !== 'stopping') return;
    void this.#housing.reaped.then(() => this.#end());
  }

  async #end(): Promise<void> {
    await this.#turnEnd.pending;
    this.#log.endLines();
    this.#log.flush();
    this.#housing.forget();
    this.#step({ kind: 'reaped' });
    this.#deadline.end();
    this.#gone.resolve();
  }
}
