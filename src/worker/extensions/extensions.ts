/**
 * The extensions of one sandbox: carries out what their state machine decides. It starts the external ones, answers the calls of all,
 * tells them of invokes, and sees the sandbox through its shutdown phase. Where there are none it does nothing and holds nothing up.
 */
import type { Cancel, Clock, Entropy } from '#platform';
import {
  externalShutdownMs,
  extensionErrorGraceMs,
  extensionsMax,
  internalShutdownMs,
  runtimeShutdownMs,
} from '../limits.ts';
import type { EventWaiter, RegisterCall, SideAnswer, SideApis } from '../runtime-api/side-apis.ts';
import type { Sandbox, Side } from '../sandbox/sandbox.ts';
import { exitText } from '../environment/failures.ts';
import type { ExitStatus } from '../environment/runtime.ts';
import * as answers from './answers.ts';
import { initial, isAlone, step } from './state.ts';
import type { Effect, Event, Extension, ShutdownReason, State, Terms } from './state-types.ts';
import { extensionVariables } from './variables.ts';

export interface ExtensionsListener {
  /** Every external extension has registered. */
  beginRuntime(): void;
  /** An internal one has registered: it lives in the runtime, or in what that has started. */
  internal(): void;
  /** The runtime, and everybody who has to be, is ready: after init, and again after each invoke. */
  ready(): void;
  failed(failure: { readonly errorType: string; readonly message: string }): void;
  /** What an external one printed. */
  output(name: string, chunk: Buffer, source: 'stdout' | 'stderr'): void;
  subscribe(api: 'logs' | 'telemetry', name: string, body: Uint8Array): SideAnswer;
}

export interface ExtensionsParts {
  readonly sandbox: Pick<Sandbox, 'spawn' | 'signal'>;
  /** File names in /opt/extensions. */
  readonly programs: readonly string[];
  /** Where /opt/extensions is for them; and the layers to be put there, where they are not found so. */
  readonly root: string;
  readonly opt?: string;
  readonly facts: answers.FunctionFacts;
  /** The function's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly listener: ExtensionsListener;
}

const terms: Terms = {
  extensionsMax,
  errorGraceMs: extensionErrorGraceMs,
  internalShutdownMs,
  externalShutdownMs,
  runtimeShutdownMs,
};

const startErrors: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  ENOEXEC: 'exec format error',
};

export class Extensions implements SideApis {
  readonly #parts: ExtensionsParts;
  readonly #sides = new Map<string, Side>();
  readonly #waiters = new Map<string, EventWaiter>();
  readonly #over = Promise.withResolvers<void>();
  #state: State;
  #time: Cancel | undefined;
  #invoke: answers.InvokeNotice | undefined;
  /** The answer to the call that the machine is taking. */
  #answer: SideAnswer | undefined;
  #withAccount = false;

  constructor(parts: ExtensionsParts) {
    this.#parts = parts;
    this.#state = initial(parts.programs.map((name) => ({ name, id: parts.entropy.uuid() })));
  }

  /** Starts the external ones. The runtime begins when they have registered, at once where there are none. */
  begin(): void {
    const { extensions } = this.#state;
    if (extensions.length === 0) return this.#parts.listener.beginRuntime();
    for (const [index, { id, name }] of extensions.entries()) {
      if (index < extensionsMax) void this.#launch(id, name);
      else {
        const message = `Extension limit (${extensionsMax}) reached`;
        this.#step({ kind: 'unlaunched', id, why: 'TooManyExtensions', message });
      }
    }
  }

  /** Those that there are, as they stand now. */
  get list(): readonly Extension[] {
    return this.#state.extensions;
  }

  /** The runtime waits for an invoke. */
  runtimeReady(): void {
    // A function without extensions pays for nothing more than this look.
    if (isAlone(this.#state) && this.#state.phase !== 'initialising') return this.#parts.listener.ready();
    return this.#step({ kind: 'runtime-ready' });
  }

  runtimeGone(): void {
    this.#step({ kind: 'runtime-gone' });
  }

  invoke(notice: answers.InvokeNotice): void {
    if (isAlone(this.#state)) return;
    this.#invoke = notice;
    this.#step({ kind: 'invoke' });
  }

  /** The shutdown phase; the sandbox may be killed when it resolves. */
  shutdown(reason: ShutdownReason): Promise<void> {
    this.#step({ kind: 'shutdown', reason });
    return this.#over.promise;
  }

  register({ name, features, body }: RegisterCall): SideAnswer {
    const read = answers.readEvents(body);
    if ('wrong' in read) return answers.invalidFormat(read.wrong);
    this.#withAccount = features.includes('accountId');
    return this.#call({ kind: 'register', name, id: this.#parts.entropy.uuid(), events: read.events }, name);
  }

  next(extensionId: string, waiter: EventWaiter): SideAnswer | undefined {
    this.#answer = undefined;
    const before = this.#waiters.get(extensionId);
    this.#waiters.set(extensionId, waiter);
    this.#step({ kind: 'next', id: extensionId }, extensionId);
    const answer = this.#takeAnswer();
    if (answer !== undefined) {
      // Refused: a call that waits goes on waiting.
      if (before === undefined) this.#waiters.delete(extensionId);
      else this.#waiters.set(extensionId, before);
    }
    return answer;
  }

  abandon(extensionId: string, waiter: EventWaiter): void {
    if (this.#waiters.get(extensionId) !== waiter) return;
    this.#waiters.delete(extensionId);
    this.#step({ kind: 'abandoned', id: extensionId });
  }

  reportError(of: 'init' | 'exit', extensionId: string, errorType: string): SideAnswer {
    return this.#call(
      { kind: 'error', of, id: extensionId, errorType: errorType.slice(0, 256) },
      extensionId,
    );
  }

  subscribe(api: 'logs' | 'telemetry', extensionId: string, body: Uint8Array): SideAnswer {
    const extension = this.#state.extensions.find(({ id }) => id === extensionId);
    if (extension === undefined) return answers.refusalOf({ kind: 'unknown' }, extensionId);
    return this.#parts.listener.subscribe(api, extension.name, body);
  }

  async #launch(id: string, name: string): Promise<void> {
    const { sandbox, root, opt, environment, listener } = this.#parts;
    const outcome = await sandbox.spawn({
      command: `${root}/extensions/${name}`,
      env: extensionVariables(environment),
      ...(opt !== undefined && { opt }),
      output: (chunk, source) => listener.output(name, chunk, source),
      exited: (status) =>
        this.#step({
          kind: 'exited',
          id,
          how: howOf(status),
          clean: status.kind === 'code' && status.code === 0,
        }),
    });
    if (outcome.kind === 'started') {
      this.#sides.set(id, outcome.side);
      // Told to go while it was being started.
      if (this.#state.phase === 'over') outcome.side.kill();
      return;
    }
    const { code } = outcome;
    const message = `fork/exec /opt/extensions/${name}: ${startErrors[code] ?? code}`;
    const why = code === 'EACCES' || code === 'EPERM' ? 'PermissionDenied' : 'UnknownError';
    this.#step({ kind: 'unlaunched', id, why, message });
  }

  #call(event: Event, whom: string): SideAnswer {
    this.#answer = undefined;
    this.#step(event, whom);
    return this.#takeAnswer() ?? answers.internalError;
  }

  #takeAnswer(): SideAnswer | undefined {
    const answer = this.#answer;
    this.#answer = undefined;
    return answer;
  }

  #step(event: Event, whom = ''): void {
    const [state, effects] = step(this.#state, event, this.#parts.clock.monotonicMs(), terms);
    this.#state = state;
    for (const effect of effects) this.#do(effect, event, whom);
  }

  #do(effect: Effect, event: Event, whom: string): void {
    const { listener, sandbox, clock } = this.#parts;
    switch (effect.kind) {
      case 'accept':
        if (event.kind === 'register' && event.id === effect.id) listener.internal();
        this.#answer =
          event.kind === 'register'
            ? answers.registration(this.#parts.facts, effect.id, this.#withAccount)
            : answers.accepted;
        return undefined;
      case 'refuse':
        this.#answer = answers.refusalOf(effect.refusal, whom);
        return undefined;
      case 'begin-runtime':
        return listener.beginRuntime();
      case 'deliver':
        return this.#deliver(effect);
      case 'all-ready':
      case 'all-done':
        return listener.ready();
      case 'fail':
        return listener.failed({ errorType: effect.errorType, message: effect.message });
      case 'terminate-runtime':
        return sandbox.signal('SIGTERM');
      case 'kill-runtime':
        return sandbox.signal('SIGKILL');
      case 'kill':
        return this.#sides.get(effect.id)?.kill();
      case 'set-time':
        this.#time?.();
        this.#time = clock.after(effect.delayMs, () => this.#step({ kind: 'time' }));
        return undefined;
      case 'clear-time':
        this.#time?.();
        this.#time = undefined;
        return undefined;
      case 'over':
        return this.#over.resolve();
      default:
        return effect satisfies never;
    }
  }

  #deliver({ id, event }: Effect & { kind: 'deliver' }): void {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    const { clock, entropy } = this.#parts;
    const { shutdown } = this.#state;
    if (event === 'INVOKE') {
      if (this.#invoke !== undefined) waiter?.deliver(answers.invokeEvent(this.#invoke, entropy.uuid()));
      return;
    }
    if (shutdown === undefined) return;
    const leftMs = Math.max(0, shutdown.endsAtMs - clock.monotonicMs());
    const deadlineMs = Math.floor(clock.wallMs() + leftMs);
    waiter?.deliver(answers.shutdownEvent(shutdown.reason, deadlineMs, entropy.uuid()));
  }
}

/** As the service's own log says it. */
function howOf(status: ExitStatus): string {
  return status.kind === 'code' && status.code === 0 ? 'exit code 0' : exitText(status);
}
