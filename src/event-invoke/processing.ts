/**
 * From an event that was received to what is to be done with its message. The function is looked up anew for every attempt: what holds is its
 * configuration of now, and that of the qualifier that was invoked.
 */
import type { Frontend } from '#frontend';
import { unreachable } from '#lib/assert';
import { latestVersion, type MetadataCache, type Resolution } from '#metadata';
import { attempt, type ReportFault } from './attempt.ts';
import { type Condition, functionKeyOf, type QueuedEvent, type Settlement } from './event.ts';
import type { EventMetrics } from './metrics.ts';
import { errorMessageIn, type SettledEvent } from './record.ts';
import { type Attempt, isTooOld, judge, type RetryPolicy } from './retry.ts';
import type { Effect, Settling } from './settling.ts';

export interface ProcessingOptions {
  readonly frontend: Pick<Frontend, 'invoke'>;
  readonly metadata: Pick<MetadataCache, 'resolve' | 'eventInvoke'>;
  readonly settling: Pick<Settling, 'settle'>;
  readonly metrics: EventMetrics;
  /** The clock of events' ages, epoch milliseconds. */
  readonly nowMs: () => number;
  readonly reportFault: ReportFault;
}

export interface Processed {
  readonly effect: Effect;
  /** What the queue manager counts. `none`: the function was not asked. */
  readonly outcome: Attempt['kind'] | 'none';
}

type Found = Extract<Resolution, { readonly kind: 'found' }>;

interface Policy extends RetryPolicy {
  readonly onSuccess?: string | undefined;
  readonly onFailure?: string | undefined;
}

export function processing(options: ProcessingOptions): (event: QueuedEvent) => Promise<Processed> {
  const { frontend, metadata, settling, metrics, nowMs, reportFault } = options;

  return async (event) => {
    if (event.settlement !== undefined) {
      return { effect: await settling.settle(event as SettledEvent), outcome: 'none' };
    }
    const { accountId, functionName, qualifier } = event;
    const found = metadata.resolve(accountId, functionName, qualifier);
    if (found.kind !== 'found' || found.function.functionId !== event.functionId) return drop(event, 'none');
    const policy: Policy = metadata.eventInvoke(accountId, functionName, qualifier ?? latestVersion) ?? {};
    const now = nowMs();
    if (found.function.reservedConcurrency === 0) {
      const refusal = { statusCode: 429, message: 'The function has no reserved concurrency.' };
      const refused = { ...event, refusal };
      return {
        effect: await settle(refused, 'ZeroReservedConcurrency', undefined, found, policy),
        outcome: 'none',
      };
    }
    if (isTooOld(event, policy, now)) {
      return { effect: await settle(event, 'EventAgeExceeded', undefined, found, policy), outcome: 'none' };
    }
    metrics.age(functionKeyOf(event), Math.max(0, now - event.acceptedAtMs));
    const made = await attempt(frontend, event, reportFault);
    const verdict = judge(event, made, policy, nowMs());
    switch (verdict.kind) {
      case 'dropped':
        return drop(event, made.kind);
      case 'settled':
        return { effect: await settle(event, verdict.condition, made, found, policy), outcome: made.kind };
      case 'again': {
        const { delayMs, invokes, refusals } = verdict;
        const { refusal: _, ...rest } = event;
        const tried = { ...rest, invokes, refusals, ...refusalOf(made) };
        return { effect: { kind: 'again', event: tried, delayMs }, outcome: made.kind };
      }
      default:
        return unreachable(verdict);
    }
  };

  function drop(event: QueuedEvent, outcome: Processed['outcome']): Processed {
    metrics.dropped(functionKeyOf(event));
    return { effect: { kind: 'delete' }, outcome };
  }

  async function settle(
    event: QueuedEvent,
    condition: Condition,
    made: Attempt | undefined,
    { version }: Found,
    { onSuccess, onFailure }: Policy,
  ): Promise<Effect> {
    const succeeded = condition === 'Success';
    if (!succeeded) metrics.dropped(functionKeyOf(event));
    const destination = succeeded ? onSuccess : onFailure;
    const deadLetter = succeeded ? undefined : deadLetterOf(version.configuration.kept['DeadLetterConfig']);
    if (destination === undefined && deadLetter === undefined) return { kind: 'delete' };
    const ran = made !== undefined && 'payload' in made;
    const settlement: Settlement = {
      condition,
      ...(made !== undefined && responseOf(made)),
      ...errorOf(event, made),
      roleArn: version.configuration.role,
      traceId: ran ? made.traceId : event.traceId,
      ...(deadLetter !== undefined && { deadLetter }),
      ...(destination !== undefined && { destination }),
      settledAtMs: nowMs(),
      deliveries: 0,
    };
    const invokes = event.invokes + (ran ? 1 : 0);
    return settling.settle({ ...event, invokes, settlement, ...(ran && { answer: made.payload }) });
  }
}

const deadLetterOf = (config: unknown): string | undefined => {
  const arn = typeof config === 'object' && config !== null && 'TargetArn' in config && config.TargetArn;
  return typeof arn === 'string' && arn !== '' ? arn : undefined;
};

function refusalOf(made: Attempt): Pick<QueuedEvent, 'refusal'> {
  if (made.kind !== 'refused') return {};
  return { refusal: { statusCode: made.statusCode, message: made.message } };
}

function responseOf(made: Attempt): Pick<Settlement, 'response'> {
  switch (made.kind) {
    case 'succeeded':
      return { response: { statusCode: 200, executedVersion: made.executedVersion } };
    case 'failed': {
      const { executedVersion, functionError } = made;
      return { response: { statusCode: 200, executedVersion, functionError } };
    }
    case 'refused':
    case 'rejected':
      return { response: { statusCode: made.statusCode } };
    case 'gone':
      return {};
    default:
      return unreachable(made);
  }
}

function errorOf(event: QueuedEvent, made: Attempt | undefined): Pick<Settlement, 'errorMessage'> {
  if (made?.kind === 'failed') return { errorMessage: errorMessageIn(made.payload) };
  const message = made !== undefined && 'message' in made ? made.message : event.refusal?.message;
  return message === undefined ? {} : { errorMessage: message };
}
