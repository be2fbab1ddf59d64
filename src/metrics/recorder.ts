/**
 * The recorder: what happens is added up in memory, and handed on (`fold`) at the end of every minute and before anything is read. What is folded belongs to
 * the minute that was current at the last fold; so a clock that jumps makes no minute count twice.
 */
import { Lru } from '#lib/lru';
import { type AccountInvokes, Concurrency, FunctionInvokes, InvokeSeries } from './invokes.ts';
import { lambdaNamespace, queueNamespace } from './known.ts';
import { idleMinutesMax, invokeSeriesMax, seriesPerSlice } from './limits.ts';
import { type Emit, Series } from './series.ts';
import { type Source, sourceOf } from './source.ts';

/** Without dimensions: all functions together. */
export const accountSource: Source = sourceOf(lambdaNamespace, {});

/** Series by invoked ARN, then by version. The version that ran last is found without a second look. */
interface Invoked {
  last: InvokeSeries;
  lastVersion: string;
  readonly versions: Map<string, InvokeSeries>;
}

export class Recorder {
  readonly #account: AccountInvokes = { all: new Concurrency(), unreserved: new Concurrency() };
  readonly #invoked = new Map<string, Invoked>();
  readonly #functions = new Map<string, FunctionInvokes>();
  /** Of everything that is rarer than an invoke, by its own key. */
  readonly #series = new Lru<string, Series>(invokeSeriesMax);
  /** Where invokes count when there are too many series. */
  readonly #others = new InvokeSeries(
    new FunctionInvokes(sourceOf(lambdaNamespace, { FunctionName: '_others' })),
    this.#account,
    [accountSource],
  );
  #seriesCount = 0;

  /** On the path of every invoke. */
  invokes(invokedArn: string, executedVersion: string): InvokeSeries {
    const known = this.#invoked.get(invokedArn);
    if (known !== undefined && known.lastVersion === executedVersion) return known.last;
    return this.#otherVersion(known, invokedArn, executedVersion);
  }

  /** Of a function, whoever invokes it. */
  ofFunction(functionName: string): Series {
    return this.#seriesOf(`function/${functionName}`, () => [
      sourceOf(lambdaNamespace, { FunctionName: functionName }),
      accountSource,
    ]);
  }

  /** Of one of a function's versions or aliases; of an alias, by the version that ran where that is told. */
  ofResource(functionName: string, qualifier: string | undefined, version = qualifier): Series {
    const FunctionName = functionName;
    const Resource = qualifier === undefined ? functionName : `${functionName}:${qualifier}`;
    return this.#seriesOf(`resource/${Resource} ${version ?? ''}`, () => [
      sourceOf(lambdaNamespace, { FunctionName }),
      sourceOf(lambdaNamespace, { FunctionName, Resource }),
      ...(version === undefined || version === qualifier
        ? []
        : [sourceOf(lambdaNamespace, { FunctionName, Resource, ExecutedVersion: version })]),
      accountSource,
    ]);
  }

  /** What one of a function's versions or aliases has for itself: not to be added to those of others. */
  ofResourceAlone(functionName: string, qualifier: string): Series {
    const Resource = `${functionName}:${qualifier}`;
    return this.#seriesOf(`alone/${Resource}`, () => [
      sourceOf(lambdaNamespace, { FunctionName: functionName, Resource }),
    ]);
  }

  ofFunctionAlone(functionName: string): Series {
    return this.#seriesOf(`alone/${functionName}`, () => [
      sourceOf(lambdaNamespace, { FunctionName: functionName }),
    ]);
  }

  ofMapping(uuid: string): Series {
    return this.#seriesOf(`mapping/${uuid}`, () => [
      sourceOf(lambdaNamespace, { EventSourceMappingUUID: uuid }),
    ]);
  }

  ofQueue(queueName: string): Series {
    return this.#seriesOf(`queue/${queueName}`, () => [sourceOf(queueNamespace, { QueueName: queueName })]);
  }

  /** Invokes under way, by function. */
  running(): ReadonlyMap<string, number> {
    return new Map([...this.#functions].map(([name, { concurrency }]) => [name, concurrency.running]));
  }

  /** A minute ends: what is under way is seen once more, and what was quiet for long is forgotten. */
  endMinute(): void {
    this.#account.all.sample();
    this.#account.unreserved.sample();
    for (const each of this.#functions.values()) each.concurrency.sample();
    for (const [arn, invoked] of this.#invoked) {
      const { versions } = invoked;
      for (const [version, series] of versions) {
        if (series.quiet.endMinute() < idleMinutesMax || !series.isIdle) continue;
        versions.delete(version);
        if (invoked.lastVersion === version) invoked.lastVersion = '';
        this.#seriesCount -= 1;
        series.ofFunction.series -= 1;
      }
      if (versions.size === 0) this.#invoked.delete(arn);
    }
    for (const [name, each] of this.#functions) {
      if (each.series === 0 && each.concurrency.running === 0) this.#functions.delete(name);
    }
    for (const [key, series] of this.#series.entries()) {
      if (series.quiet.endMinute() >= idleMinutesMax) this.#series.delete(key);
    }
  }

  /** Hands on what was recorded, a slice at a time (`pause` waits between two): thousands of functions must not hold up an invoke. */
  async fold(emit: Emit, pause: () => Promise<void>): Promise<void> {
    this.#account.all.fold(emit, accountSource, 'ConcurrentExecutions');
    this.#account.unreserved.fold(emit, accountSource, 'UnreservedConcurrentExecutions');
    this.#others.fold(emit);
    const all: { fold(emit: Emit): void }[] = [...this.#functions.values()];
    for (const { versions } of this.#invoked.values()) all.push(...versions.values());
    for (const [, each] of this.#series.entries()) all.push(each);
    for (const [index, each] of all.entries()) {
      if (index % seriesPerSlice === seriesPerSlice - 1) await pause();
      each.fold(emit);
    }
  }

  #seriesOf(key: string, sources: () => readonly Source[]): Series {
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const series = new Series(sources());
    this.#series.set(key, series);
    return series;
  }

  #otherVersion(known: Invoked | undefined, invokedArn: string, executedVersion: string): InvokeSeries {
    const found = known?.versions.get(executedVersion);
    if (known !== undefined && found !== undefined) {
      known.last = found;
      known.lastVersion = executedVersion;
      return found;
    }
    if (this.#seriesCount >= invokeSeriesMax) return this.#others;
    const series = this.#newSeries(invokedArn, executedVersion);
    this.#seriesCount += 1;
    if (known !== undefined) {
      known.versions.set(executedVersion, series);
      known.last = series;
      known.lastVersion = executedVersion;
      return series;
    }
    const versions = new Map([[executedVersion, series]]);
    this.#invoked.set(invokedArn, { last: series, lastVersion: executedVersion, versions });
    return series;
  }

  #newSeries(invokedArn: string, ExecutedVersion: string): InvokeSeries {
    const [functionName = '', qualifier] = invokedArn.split(':').slice(6);
    const FunctionName = functionName;
    const Resource = qualifier === undefined ? functionName : `${functionName}:${qualifier}`;
    let ofFunction = this.#functions.get(functionName);
    if (ofFunction === undefined) {
      ofFunction = new FunctionInvokes(sourceOf(lambdaNamespace, { FunctionName }));
      this.#functions.set(functionName, ofFunction);
    }
    ofFunction.series += 1;
    const isAlias = qualifier !== undefined && qualifier !== ExecutedVersion;
    const sources = [
      ofFunction.source,
      sourceOf(lambdaNamespace, { FunctionName, Resource }),
      ...(isAlias ? [sourceOf(lambdaNamespace, { FunctionName, Resource, ExecutedVersion })] : []),
      accountSource,
    ];
    return new InvokeSeries(ofFunction, this.#account, sources);
  }
}
