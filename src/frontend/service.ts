/**
 * The frontend: from a decoded Invoke to its answer. It holds no state of its own; every decision about slots and
 * environments is counting's and assignment's.
 *
 *     check the request ─▶ resolve the version ─▶ slot ─▶ environment ─▶ worker ─▶ answer
 *                                                  │          ▲             │
 *                                                  │          └─ not started (at most 4 tries of a generation)
 *                                                  └─ given back in any case, once
 *
 * A client that goes away changes nothing: its invoke runs to its end, as on AWS.
 */
import { unreachable } from '#lib/assert';
import type { Assignment } from '#assignment';
import type { Admission, Counting, Granted, SlotRequest } from '#counting';
import type { MetadataCache, Resolution } from '#metadata';
import type { Clock, Entropy } from '#platform';
import type { InvokeOutcome, InvokeRequest, StreamingOutcome, Worker } from '#worker';
import { decodeClientContext } from './client-context.ts';
import type { Frontend, InvokeAnswer, InvokeInput, StreamedAnswer, StreamingInput } from './frontend.ts';
import { checkJson } from './json-check.ts';
import { attemptsMax, replacementsMs, requestBytesMax } from './limits.ts';
import { PendingVersions } from './pending.ts';
import {
  impossibleError,
  invalidJsonError,
  notFoundError,
  notServedError,
  recursionError,
  stateError,
  throttledError,
  tooLargeError,
  unavailableError,
} from './refusals.ts';
import { functionHashOf } from './lineage.ts';
import { resolverOf } from './resolver.ts';
import { dryRun, streamedAnswer, wholeAnswer } from './streamed-answer.ts';
import { traceSource } from './trace.ts';

export interface FrontendOptions {
  /** Functions of other regions are not reachable here. */
  readonly region: string;
  readonly metadata: MetadataCache;
  readonly counting: Counting;
  readonly assignment: Assignment;
  readonly workers: (workerId: string) => Worker | undefined;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Counts invokes, by the ARN as it was invoked and the version that runs. */
  readonly watch?: (invokedArn: string, version: string) => InvokeWatch;
}

/** Told of invokes as they happen: on the path of each of them, so it neither throws nor waits. */
export interface InvokeWatch {
  /** It was refused for want of concurrency: in place of `began`, or after it. */
  throttled(): void;
  /** It has its slot, of its function's reservation or not. */
  began(isReserved: boolean): void;
  /** The function has run. */
  done(hasFailed: boolean): void;
  /** Once after each `began`. */
  ended(isReserved: boolean): void;
}

type Found = Extract<Resolution, { kind: 'found' }>;

type NotStarted = Extract<InvokeOutcome, { kind: 'not-started' }>;
type Started<O extends StreamingOutcome> = Exclude<O, NotStarted>;
/** How the payload is handed to a worker. */
type Call<O extends StreamingOutcome> = (
  worker: Worker,
  environmentId: string,
  request: InvokeRequest,
) => Promise<O>;

const whole: Call<InvokeOutcome> = (worker, environmentId, request) => worker.invoke(environmentId, request);
const streaming: Call<StreamingOutcome> = (worker, environmentId, request) =>
  worker.invokeStreaming(environmentId, request);

/** An invoke without payload hands the function an empty object. */
const emptyEvent = new TextEncoder().encode('{}');
const noPayload = new Uint8Array(0);

export function createFrontend(options: FrontendOptions): Frontend {
  const { region, metadata, counting, assignment, workers, clock, entropy } = options;
  const pending = new PendingVersions(metadata, clock);
  const traceOf = traceSource(clock, entropy);

  return { invoke, invokeStreaming };

  async function invoke(input: InvokeInput): Promise<InvokeAnswer> {
    if (input.invocationType === 'Event') throw notServedError('The invocation type Event');
    const resolve = resolverOf(metadata, region, input);
    let found = foundIn(resolve());
    const request = requestOf(input, found);
    if (input.invocationType === 'DryRun') return { statusCode: 204, payload: noPayload };
    if (found.version.state === 'Pending') found = foundIn(await pending.settled(resolve));
    const slot = slotOf(input, found);
    const seen = watched(found);
    const granted = admitted(await counting.acquire(slot), slot, seen);
    try {
      const { outcome, executedVersion } = await run(found, resolve, request, whole, seen);
      seen?.done(outcome.functionError !== undefined);
      return answerOf(outcome, executedVersion, request.traceId);
    } finally {
      release(slot, granted, seen);
    }
  }

  /** The slot is held until the function has ended, whether anybody still reads its answer or not. */
  async function invokeStreaming(input: StreamingInput): Promise<StreamedAnswer> {
    const resolve = resolverOf(metadata, region, input);
    let found = foundIn(resolve());
    const request = requestOf(input, found);
    if (input.invocationType === 'DryRun') return dryRun();
    if (found.version.state === 'Pending') found = foundIn(await pending.settled(resolve));
    const slot = slotOf(input, found);
    const seen = watched(found);
    const granted = admitted(await counting.acquire(slot), slot, seen);
    let held: Promise<unknown> | undefined;
    try {
      const { outcome, executedVersion } = await run(found, resolve, request, streaming, seen);
      const ran = { executedVersion, traceId: request.traceId };
      if (outcome.kind === 'answered') {
        seen?.done(outcome.functionError !== undefined);
        return wholeAnswer(outcome, ran);
      }
      held = outcome.stream.ended.then(({ failure }) => seen?.done(failure !== undefined));
      return streamedAnswer(outcome.stream, ran);
    } finally {
      if (held === undefined) release(slot, granted, seen);
      else void held.then(() => release(slot, granted, seen));
    }
  }

  function watched({ invokedArn, version }: Found): InvokeWatch | undefined {
    return options.watch?.(invokedArn, version.version);
  }

  function release(slot: SlotRequest, granted: Granted, seen: InvokeWatch | undefined): void {
    counting.release(slot, granted);
    seen?.ended(slot.reservedConcurrency !== undefined);
  }

  /** Tries until a runtime has taken the payload; after that the outcome is final. */
  async function run<O extends StreamingOutcome>(
    first: Found,
    resolve: () => Resolution,
    request: InvokeRequest,
    call: Call<O>,
    seen: InvokeWatch | undefined,
  ): Promise<{ readonly outcome: Started<O>; readonly executedVersion: string }> {
    let found = first;
    const replacementsEndMs = clock.monotonicMs() + replacementsMs;
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      if (found.version.state !== 'Active') throw stateError(found.version);
      const { version } = found;
      const assigned = await assignment.assign(version);
      switch (assigned.kind) {
        case 'assigned': {
          const { environmentId, workerId } = assigned;
          const outcome = await handOver(workerId, environmentId, request, call);
          if (isStarted(outcome)) return { outcome, executedVersion: version.version };
          break;
        }
        case 'retired':
          break;
        case 'throttled':
          seen?.throttled();
          throw throttledError(assigned.reason, assigned.retryAfterSeconds);
        case 'unavailable':
          throw unavailableError(assigned.message);
        case 'impossible':
          throw impossibleError(assigned);
        default:
          unreachable(assigned);
      }
      // The function may have been updated or deleted since: the next try runs what is there now.
      found = foundIn(resolve());
      if (found.version.state === 'Pending') found = foundIn(await pending.settled(resolve));
      // What an update takes away is no failure: the invoke has all its tries with the new version.
      const isReplaced = found.version.generation !== version.generation;
      if (isReplaced && clock.monotonicMs() < replacementsEndMs) attempt = 0;
    }
    throw unavailableError(`${attemptsMax} environments ended before they could take the invoke`);
  }

  async function handOver<O extends StreamingOutcome>(
    workerId: string,
    environmentId: string,
    request: InvokeRequest,
    call: Call<O>,
  ): Promise<O | NotStarted> {
    const worker = workers(workerId);
    const lost = (reason: string): void =>
      assignment.workerEvent(workerId, { kind: 'gone', environmentId, reason });
    if (worker === undefined) {
      lost('its worker is not known');
      return { kind: 'not-started' };
    }
    try {
      const outcome = await call(worker, environmentId, request);
      // The worker's own `gone` may have come already, or never will when it has forgotten the environment.
      if (outcome.kind === 'not-started') lost('it was gone before its invoke');
      return outcome;
    } catch (error) {
      // Nobody knows whether the function ran: it must not run again, and the environment not serve again.
      lost('its worker failed');
      worker.destroy(environmentId).catch(() => undefined);
      throw unavailableError(`the worker failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  function requestOf(
    input: StreamingInput | InvokeInput,
    { function: invoked, invokedArn }: Found,
  ): InvokeRequest {
    const { payload, clientContext } = input;
    if (payload.length > requestBytesMax) throw tooLargeError();
    if (payload.length > 0) {
      const check = checkJson(payload);
      if (check.kind === 'invalid') throw invalidJsonError(check.problem);
    }
    const hash = functionHashOf(invoked.functionId);
    const chain = traceOf(input.traceId, hash, invoked.recursiveLoop ?? 'Terminate');
    if (chain.kind === 'loops') throw recursionError();
    const request = {
      requestId: input.requestId,
      payload: payload.length === 0 ? emptyEvent : payload,
      invokedArn,
      traceId: chain.trace,
      wantsLogTail: input.logType === 'Tail',
    };
    return clientContext === undefined || clientContext === ''
      ? request
      : { ...request, clientContext: decodeClientContext(clientContext) };
  }
}

function admitted(admission: Admission, slot: SlotRequest, seen: InvokeWatch | undefined): Granted {
  if (admission.kind === 'throttled') {
    seen?.throttled();
    throw throttledError(admission.reason, admission.retryAfterSeconds);
  }
  seen?.began(slot.reservedConcurrency !== undefined);
  return admission;
}

function slotOf({ principal }: StreamingInput | InvokeInput, found: Found): SlotRequest {
  const { functionName, reservedConcurrency } = found.function;
  const { version } = found.version;
  return { accountId: principal.accountId, functionName, reservedConcurrency, version };
}

function isStarted<O extends StreamingOutcome>(outcome: O | NotStarted): outcome is Started<O> {
  return outcome.kind !== 'not-started';
}

function foundIn(resolution: Resolution): Found {
  if (resolution.kind === 'found') return resolution;
  throw notFoundError(`Function not found: ${resolution.arn}`);
}

function answerOf(
  outcome: Extract<InvokeOutcome, { kind: 'answered' }>,
  executedVersion: string,
  traceId: string,
): InvokeAnswer {
  const { payload, functionError, logTail } = outcome;
  return {
    statusCode: 200,
    executedVersion,
    traceId,
    payload,
    ...(functionError !== undefined && { functionError }),
    ...(logTail !== undefined && { logResult: Buffer.from(logTail).toString('base64') }),
  };
}
