/**
 * The event frontend: from a decoded, authorised Invoke of type Event to an event that is durable. It shares nothing with the synchronous frontend
 * but what they both look at: no slot, no environment, no wait for a function. What it checks it checks before anything is stored.
 */
import type { Frontend } from '#frontend';
import { checkJson, decodeClientContext, refusals, resolverOf } from '#frontend';
import type { MetadataCache } from '#metadata';
import type { Clock, Entropy, Queue, Random } from '#platform';
import { StoreUnavailableError } from '#platform';
import { eventTooLarge, WireError } from '#wire';
import type { Depths } from './depths.ts';
import { encodeEvent, functionKeyOf, type QueuedEvent } from './event.ts';
import { type Limits, payloadBytesMax, traceCharsMax } from './limits.ts';
import type { EventMetrics } from './metrics.ts';
import type { Placement } from './placement.ts';
import { Sending } from './sending.ts';

/** As for a synchronous invoke; what says how to answer has no meaning here. */
export type EventInput = Omit<Parameters<Frontend['invoke']>[0], 'invocationType' | 'logType'>;

/** What the event frontend is doing now. */
export interface Accepting {
  /** Events that are on their way to the store. */
  count: number;
}

export interface AcceptOptions {
  readonly region: string;
  readonly metadata: MetadataCache;
  readonly queue: Pick<Queue, 'send'>;
  readonly placement: Placement;
  readonly depths: Depths;
  readonly metrics: EventMetrics;
  readonly accepting: Accepting;
  readonly limits: Pick<Limits, 'acceptsMax'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly entropy: Entropy;
  /** The clock of events' ages, epoch milliseconds. */
  readonly nowMs: () => number;
  /** Called for each event that has become durable. */
  readonly onSent: (shard: string, functionKey: string) => void;
}

const rootPattern = /(?:^|;)\s*Root=1-[0-9a-f]{8}-[0-9a-f]{24}(?:;|$)/i;
const printable = /^[\x20-\x7e]*$/;
/** Bytes of entropy drawn at once, so that most traces cost no call of their own. */
const poolBytes = 20 * 128;
const hexPerTrace = 40;

export type Accept = (input: EventInput) => Promise<{ readonly traceId: string }>;

export function eventFrontend(options: AcceptOptions): Accept {
  const { region, metadata, queue, placement, depths, metrics, accepting, limits, random, nowMs } = options;
  const traceOf = traces(options);
  const sending = new Sending(queue);

  return async (input) => {
    const found = resolverOf(metadata, region, input)();
    if (found.kind !== 'found') throw refusals.notFoundError(`Function not found: ${found.arn}`);
    check(input);
    const { state } = found.version;
    if (state !== 'Active' && state !== 'Pending') throw refusals.stateError(found.version);
    if (accepting.count >= limits.acceptsMax) throw refusals.throttledError('CallerRateLimitExceeded', 1);
    const { functionName, functionId } = found.function;
    const qualifier = qualifierIn(found.invokedArn);
    const event: QueuedEvent = {
      requestId: input.requestId,
      accountId: input.principal.accountId,
      functionName,
      functionId,
      ...(qualifier !== undefined && { qualifier }),
      callerArn: input.principal.arn,
      acceptedAtMs: nowMs(),
      traceId: traceOf(input.traceId),
      ...(input.clientContext !== undefined &&
        input.clientContext !== '' && { clientContext: input.clientContext }),
      invokes: 0,
      refusals: 0,
      payload: input.payload,
    };
    const functionKey = functionKeyOf(event);
    const shard = placement.choose(functionKey, depths.of, random.next());
    accepting.count += 1;
    // Counted before it is there, so that those who come at the same time see each other.
    depths.add(shard, 1);
    try {
      await sending.send(shard, encodeEvent(event));
    } catch (error) {
      depths.add(shard, -1);
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (error.reason === 'overloaded') throw refusals.throttledError('CallerRateLimitExceeded', 1);
      throw new WireError('ServiceException', `The event could not be stored: ${error.message}`);
    } finally {
      accepting.count -= 1;
    }
    metrics.received(functionKey);
    options.onSent(shard, functionKey);
    return { traceId: event.traceId };
  };
}

function check({ payload, clientContext }: EventInput): void {
  if (payload.byteLength > payloadBytesMax) throw eventTooLarge(payload.byteLength, payloadBytesMax);
  if (payload.byteLength > 0) {
    const result = checkJson(payload);
    if (result.kind === 'invalid') throw refusals.invalidJsonError(result.problem);
  }
  if (clientContext !== undefined && clientContext !== '') decodeClientContext(clientContext);
}

/** `arn:aws:lambda:<region>:<account>:function:<name>[:<qualifier>]` */
const qualifierIn = (invokedArn: string): string | undefined => invokedArn.split(':')[7];

/**
 * What a client sent where that is a trace, else a new one, not sampled: every attempt is part of the same. The invoke itself is counted in it when
 * it happens.
 */
function traces({ clock, entropy }: AcceptOptions): (sent: string | undefined) => string {
  let pool = '';
  let used = 0;
  return (sent) => {
    if (isTrace(sent)) return sent;
    if (used + hexPerTrace > pool.length) {
      pool = Buffer.from(entropy.bytes(poolBytes)).toString('hex');
      used = 0;
    }
    const hex = pool.slice(used, used + hexPerTrace);
    used += hexPerTrace;
    const seconds = Math.floor(clock.wallMs() / 1_000)
      .toString(16)
      .padStart(8, '0');
    return `Root=1-${seconds}-${hex.slice(0, 24)};Parent=${hex.slice(24)};Sampled=0`;
  };
}

function isTrace(sent: string | undefined): sent is string {
  return sent !== undefined && sent.length <= traceCharsMax && rootPattern.test(sent) && printable.test(sent);
}
