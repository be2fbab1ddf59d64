/**
 * Invokes as they happen, of one `{FunctionName, Resource, ExecutedVersion}`. This is the path of every invoke: numbers are added to, nothing else.
 *
 *     began ─┬─ throttled                (no environment may be started)
 *            └─ done(failed?) ── ended   ran(duration): once the worker has seen the end of it
 *     throttled                          (no slot)
 */
import { ownNamespace } from './known.ts';
import { binary, Measure } from './measure.ts';
import { type Emit, Quiet } from './series.ts';
import { type Source, sourceOf } from './source.ts';

/** Invokes under way at once, of a function or of all. */
export class Concurrency {
  readonly #samples = new Measure('plain');
  running = 0;

  began(): void {
    this.running += 1;
    this.#samples.add(this.running);
  }

  ended(): void {
    this.running -= 1;
  }

  /** A minute ends, in which perhaps none began. */
  sample(): void {
    if (this.running > 0) this.#samples.add(this.running);
  }

  fold(emit: Emit, source: Source, metric: 'ConcurrentExecutions' | 'UnreservedConcurrentExecutions'): void {
    if (!this.#samples.isEmpty) emit(source, metric, 'Count', this.#samples.take());
  }
}

/** All that the function's versions and aliases have in common. */
export class FunctionInvokes {
  readonly source: Source;
  readonly concurrency = new Concurrency();
  readonly starts = new Measure('spread');
  readonly ownSource: Source;
  /** Series of its versions and aliases. */
  series = 0;

  constructor(source: Source) {
    this.source = source;
    this.ownSource = sourceOf(ownNamespace, source.dimensions);
  }

  fold(emit: Emit): void {
    this.concurrency.fold(emit, this.source, 'ConcurrentExecutions');
    if (!this.starts.isEmpty) emit(this.ownSource, 'InitDuration', 'Milliseconds', this.starts.take());
  }
}

export interface AccountInvokes {
  readonly all: Concurrency;
  readonly unreserved: Concurrency;
}

export class InvokeSeries {
  readonly ofFunction: FunctionInvokes;
  readonly #account: AccountInvokes;
  readonly #sources: readonly Source[];
  readonly #durations = new Measure('spread');
  #invocations = 0;
  #errors = 0;
  #throttles = 0;
  /** Under way in this series. */
  #running = 0;
  readonly quiet = new Quiet();

  constructor(ofFunction: FunctionInvokes, account: AccountInvokes, sources: readonly Source[]) {
    this.ofFunction = ofFunction;
    this.#account = account;
    this.#sources = sources;
  }

  get isIdle(): boolean {
    return this.#running === 0;
  }

  throttled(): void {
    this.#throttles += 1;
  }

  /** A slot is taken; `ended` must follow. */
  began(isReserved: boolean): void {
    this.#running += 1;
    this.ofFunction.concurrency.began();
    this.#account.all.began();
    if (!isReserved) this.#account.unreserved.began();
  }

  ended(isReserved: boolean): void {
    this.#running -= 1;
    this.ofFunction.concurrency.ended();
    this.#account.all.ended();
    if (!isReserved) this.#account.unreserved.ended();
  }

  /** The function has run. */
  done(hasFailed: boolean): void {
    this.#invocations += 1;
    if (hasFailed) this.#errors += 1;
  }

  ran(durationMs: number, initMs: number | undefined): void {
    this.#durations.add(durationMs);
    if (initMs !== undefined) this.ofFunction.starts.add(initMs);
  }

  fold(emit: Emit): void {
    const invocations = this.#invocations;
    const throttles = this.#throttles;
    const isQuiet = invocations + throttles === 0 && this.#durations.isEmpty;
    if (isQuiet) return;
    this.quiet.broken();
    const errors = this.#errors;
    const durations = this.#durations.isEmpty ? undefined : this.#durations.take();
    this.#invocations = 0;
    this.#errors = 0;
    this.#throttles = 0;
    for (const source of this.#sources) {
      if (invocations > 0) {
        emit(source, 'Invocations', 'Count', binary(invocations, invocations));
        emit(source, 'Errors', 'Count', binary(invocations, errors));
      }
      if (invocations + throttles > 0) {
        emit(source, 'Throttles', 'Count', binary(invocations + throttles, throttles));
      }
      if (durations !== undefined) emit(source, 'Duration', 'Milliseconds', durations);
    }
  }
}
