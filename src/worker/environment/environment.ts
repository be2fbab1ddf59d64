/**
 * One execution environment: carries out what its state machine decides. What happens in order:
 *
 *   START, what the function prints, END and REPORT stand in the log in this order, and everything printed before an answer belongs to that
 *   answer's invoke. The answer itself waits for none of it, unless the caller wants the log's tail.
 */
import type { Cancel, Clock } from '#platform';
import type { LogSink } from '#logs';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { EnvironmentLog } from '../telemetry/environment-log.ts';
import * as lines from '../telemetry/lines.ts';
import type {
  CreateOutcome,
  EnvironmentSpec,
  EnvironmentStatus,
  InvokeOutcome,
  InvokeRequest,
  WorkerEvent,
} from '../worker.ts';
import { failurePayload, faultOf, tooLargePayload } from './failures.ts';
import type { Provision, Provisioner } from './provisioner.ts';
import type { RuntimeSays } from './runtime.ts';
import { aheadInitLimitMs } from '../limits.ts';
import { initial, step } from './state.ts';
import type { Effect, Event, Failure, State, Terms } from './state-types.ts';

export interface EnvironmentParts {
  readonly provisioner: Pick<Provisioner, 'provide'>;
  readonly logs: LogSink;
  readonly clock: Clock;
  readonly initLimitMs: number;
  readonly emit: (event: WorkerEvent) => void;
  readonly warn: (message: string, environmentId: string) => void;
}

type Answer = Extract<InvokeOutcome, { readonly kind: 'answered' }>;

/** The invoke at hand. */
interface Turn {
  readonly request: InvokeRequest;
  readonly resolve: (outcome: InvokeOutcome) => void;
  answer?: Answer;
}

const mebibyte = 1024 * 1024;

export class Environment {
  readonly spec: EnvironmentSpec;
  readonly #parts: EnvironmentParts;
  readonly #terms: Terms;
  readonly #log: EnvironmentLog;
  readonly #logStream: string;
  readonly #created = Promise.withResolvers<CreateOutcome>();
  readonly #gone = Promise.withResolvers<void>();
  #state: State = initial;
  #provision: Provision | undefined;
  /** The provision that is being made; undefined in it: it was adopted, or there is none. */
  #starting: Promise<Provision | undefined> = Promise.resolve(undefined);
  /** The sandbox that was killed last: its output still counts for the report of its end. */
  #last: Sandbox | undefined;
  /** Ends when all sandboxes that were killed are gone. */
  #reaping: Promise<void> = Promise.resolve();
  #deadline: Cancel | undefined;
  #turn: Turn | undefined;
  /** What the runtime answered last; read by the effects of the same step. */
  #said: Answer | undefined;
  /** Set while the end of an invoke still waits for output that was written before it. */
  #closing: Promise<void> | undefined;

  constructor(spec: EnvironmentSpec, parts: EnvironmentParts) {
    const { configuration, version } = spec.version;
    this.spec = spec;
    this.#parts = parts;
    const timeoutMs = configuration.timeoutSeconds * 1000;
    this.#terms =
      spec.initialization === 'provisioned-concurrency'
        ? { initLimitMs: aheadInitLimitMs(timeoutMs), isAhead: true, timeoutMs }
        : { initLimitMs: parts.initLimitMs, timeoutMs };
    this.#logStream = lines.logStreamName(parts.clock.wallMs(), version, spec.environmentId);
    this.#log = new EnvironmentLog(parts.logs, configuration.logGroup, this.#logStream, parts.clock);
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

  async invoke(request: InvokeRequest): Promise<InvokeOutcome> {
    if (this.#closing !== undefined) await this.#closing;
    if (this.#state.kind === 'stopping' || this.#state.kind === 'gone') return { kind: 'not-started' };
    const { promise, resolve } = Promise.withResolvers<InvokeOutcome>();
    // A second invoke would be a bug of ours: the machine refuses it before the first one's turn is lost.
    const turn = this.#turn;
    this.#turn = { request, resolve };
    try {
      if (request.wantsLogTail && turn === undefined) this.#log.startTail();
      this.#step({ kind: 'invoke' });
    } catch (error) {
      this.#turn = turn;
      throw error;
    }
    return promise;
  }

  destroy(): Promise<void> {
    if (this.#state.kind !== 'gone') this.#step({ kind: 'destroy' });
    return this.gone;
  }

  get status(): EnvironmentStatus['status'] {
    switch (this.#state.kind) {
      case 'preparing':
      case 'initialising':
        return 'starting';
      case 'idle':
      case 'uninitialised':
        return 'idle';
      case 'reviving':
      case 'invoking':
      case 'finishing':
        return 'busy';
      case 'stopping':
      case 'gone':
        return 'stopping';
      default:
        return this.#state satisfies never;
    }
  }

  memoryUsedBytes(): number {
    return this.#provision?.sandbox.memoryUsedBytes() ?? 0;
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
    const { sandbox } = this.#provision ?? {};
    const deadline = this.#deadline;
    if (sandbox === undefined) return this.#step({ kind: 'deadline' });
    return sandbox.drain(() => {
      if (this.#deadline === deadline) this.#step({ kind: 'deadline' });
    });
  }

  #do(effect: Effect): void {
    switch (effect.kind) {
      case 'start':
        return this.#start();
      case 'set-deadline':
        this.#deadline?.();
        this.#deadline = this.#parts.clock.after(effect.delayMs, () => this.#pastDeadline());
        return undefined;
      case 'clear-deadline':
        this.#deadline?.();
        this.#deadline = undefined;
        return undefined;
      case 'created':
      case 'refused':
      case 'impossible':
      case 'init-failed':
        this.#provision?.sandbox.rest();
        return this.#created.resolve(effect);
      case 'init-report':
        return this.#writeInitReport(effect.durationMs, effect.phase, effect.failure);
      case 'begin':
        return this.#begin();
      case 'send':
        return this.#send();
      case 'answer':
        return this.#answer(this.#said);
      case 'fail':
        return this.#fail(effect.failure);
      case 'not-started':
        this.#log.takeTail();
        this.#turn?.resolve({ kind: 'not-started' });
        this.#turn = undefined;
        return undefined;
      case 'report':
        return this.#report(effect);
      case 'idle':
        this.#provision?.sandbox.rest();
        return this.#parts.emit({ kind: 'idle', environmentId: this.spec.environmentId });
      case 'kill':
        return this.#kill();
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
    this.#starting = this.#provide();
  }

  /** Adopts the provision, or returns it when nobody wants it any more. */
  async #provide(): Promise<Provision | undefined> {
    const outcome = await this.#parts.provisioner.provide(
      this.spec.version,
      this.#logStream,
      this.spec.initialization,
    );
    const wanted = this.#state.kind === 'preparing' || this.#state.kind === 'reviving';
    if (!wanted) return outcome.kind === 'provided' ? outcome.provision : undefined;
    if (this.#state.kind === 'preparing' && (outcome.kind === 'provided' || outcome.kind === 'entrypoint')) {
      this.#log.write(lines.initStartLine(this.spec.version.configuration.runtime));
    }
    switch (outcome.kind) {
      case 'provided':
        this.#adopt(outcome.provision);
        return undefined;
      case 'entrypoint':
        this.#step({ kind: 'failed', failure: outcome });
        return undefined;
      case 'refused':
      case 'impossible':
        this.#step(outcome);
        return undefined;
      default:
        return outcome satisfies never;
    }
  }

  #adopt(provision: Provision): void {
    const { sandbox, init } = provision;
    this.#provision = provision;
    const mine = () => this.#provision === provision;
    this.#step({ kind: 'started' });
    sandbox.link.init(init);
    sandbox.run(this.spec.version.configuration.memoryMb * mebibyte);
    sandbox.attach({
      says: (message) => this.#heard(message, mine()),
      output: (chunk, source) => this.#log.output(chunk, source),
      exited: (status) => {
        if (mine()) this.#failed({ kind: 'exit', status });
      },
      outOfMemory: () => {
        if (mine()) this.#failed({ kind: 'out-of-memory' });
      },
    });
  }

  #heard(message: RuntimeSays, mine: boolean): void {
    if (message.kind === 'log') return this.#log.write(message.text);
    if (!mine) return undefined;
    switch (message.kind) {
      case 'ready':
        this.#provision?.settle();
        return this.#step({ kind: 'ready' });
      case 'init-error':
        return this.#failed({ ...message, kind: 'reported' });
      case 'response':
        this.#said = { kind: 'answered', payload: message.payload };
        return this.#step({ kind: 'answered' });
      case 'error':
        this.#said = { kind: 'answered', payload: message.payload, functionError: 'Unhandled' };
        return this.#step({ kind: 'answered' });
      case 'too-large': {
        const payload = tooLargePayload(message.sizeBytes);
        this.#said = { kind: 'answered', payload, functionError: 'Unhandled' };
        return this.#step({ kind: 'answered' });
      }
      case 'unsent':
        return this.#step({ kind: 'unsent' });
      case 'broken':
        this.#parts.warn(`the runtime broke its protocol: ${message.why}`, this.spec.environmentId);
        return this.#failed({ kind: 'exit', status: { kind: 'signal', signal: 'SIGKILL' } });
      default:
        return message satisfies never;
    }
  }

  #failed(failure: Failure): void {
    this.#step({ kind: 'failed', failure });
  }

  #begin(): void {
    if (this.#turn === undefined) return;
    this.#log.write(lines.startLine(this.#turn.request.requestId, this.spec.version.version));
  }

  #send(): void {
    const { sandbox } = this.#provision ?? {};
    if (this.#turn === undefined || sandbox === undefined || !('turn' in this.#state)) return;
    const { request } = this.#turn;
    const { clock } = this.#parts;
    const leftMs = this.#state.turn.startedMs + this.#terms.timeoutMs - clock.monotonicMs();
    sandbox.run(this.spec.version.configuration.memoryMb * mebibyte);
    sandbox.link.invoke({
      requestId: request.requestId,
      payload: request.payload,
      invokedArn: request.invokedArn,
      traceId: request.traceId,
      deadlineMs: Math.floor(clock.wallMs() + leftMs),
      ...(request.clientContext === undefined ? {} : { clientContext: request.clientContext }),
    });
  }

  #fail(failure: Failure): void {
    const requestId = this.#turn?.request.requestId ?? '';
    const payload = failurePayload(failure, requestId, this.#terms.timeoutMs);
    this.#answer({ kind: 'answered', payload, functionError: 'Unhandled' });
  }

  /** Gives the caller its answer, now or with the log's tail. */
  #answer(answer: Answer | undefined): void {
    const turn = this.#turn;
    this.#said = undefined;
    if (turn === undefined || answer === undefined) return;
    turn.answer = answer;
    if (!turn.request.wantsLogTail) turn.resolve(answer);
  }

  #report(effect: Extract<Effect, { readonly kind: 'report' }>): void {
    const turn = this.#turn;
    this.#turn = undefined;
    if (turn === undefined) return;
    const sandbox = this.#provision?.sandbox ?? this.#last;
    const close = (): void => {
      this.#closing = undefined;
      this.#writeEnd(turn, effect, sandbox?.memoryPeakBytes() ?? 0);
    };
    if (sandbox === undefined) return close();
    this.#closing = new Promise((resolve) => {
      sandbox.drain(() => {
        close();
        resolve();
      });
    });
  }

  #writeEnd(turn: Turn, effect: Extract<Effect, { readonly kind: 'report' }>, memoryUsedBytes: number): void {
    const { requestId } = turn.request;
    const log = this.#log;
    log.endLines();
    const fault = effect.failure === undefined ? undefined : faultOf(effect.failure, this.#terms.timeoutMs);
    if (effect.failure?.kind === 'timeout') {
      const isoTime = new Date(this.#parts.clock.wallMs()).toISOString();
      log.write(lines.timeoutLine(isoTime, requestId, this.#terms.timeoutMs));
    } else if (fault !== undefined && effect.failure?.kind !== 'reported') {
      log.write(lines.faultLine(requestId, fault.message, fault.errorType));
    }
    log.write(lines.endLine(requestId));
    log.write(
      lines.reportLine({
        requestId,
        durationMs: effect.durationMs,
        initMs: effect.initMs,
        memoryMb: this.spec.version.configuration.memoryMb,
        memoryUsedBytes,
        status: fault?.status,
      }),
    );
    log.flush();
    const logTail = log.takeTail();
    if (turn.answer !== undefined && logTail !== undefined) turn.resolve({ ...turn.answer, logTail });
  }

  #writeInitReport(durationMs: number, phase: 'init' | 'invoke', failure: Failure | undefined): void {
    this.#log.endLines();
    const status = failure && faultOf(failure, this.#terms.timeoutMs).status;
    this.#log.write(lines.initReportLine(durationMs, phase, status));
    // Nobody may come for a long time.
    if (this.#terms.isAhead === true) this.#log.flush();
  }

  #kill(): void {
    const provision = this.#provision;
    this.#provision = undefined;
    this.#last = provision?.sandbox;
    const killed = this.#killed(provision);
    this.#reaping = Promise.all([this.#reaping, killed]).then(() => undefined);
    if (this.#state.kind !== 'stopping') return;
    void this.#reaping.then(() => this.#end());
  }

  async #killed(provision: Provision | undefined): Promise<void> {
    const killed = provision ?? (await this.#starting);
    killed?.settle();
    await killed?.sandbox.kill();
    killed?.release();
  }

  async #end(): Promise<void> {
    await this.#closing;
    this.#log.endLines();
    this.#log.flush();
    this.#last = undefined;
    this.#step({ kind: 'reaped' });
    this.#gone.resolve();
  }
}
