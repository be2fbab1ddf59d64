/**
 * An event as it stands in its queue:
 *
 *     ┌─────────┬──────────────┬─────────┬──────────────────────────┐
 *     │ 4 bytes │ header, JSON │ payload │ answer (once it has one) │
 *     └─────────┴──────────────┴─────────┴──────────────────────────┘
 *       length of the header, big-endian; the payload's is in the header
 *
 * The payload is never parsed on its way to the function. An event that is tried again is written anew, with what has become of it.
 */
import { assert } from '#lib/assert';
import { queuedBytesMax } from './limits.ts';

export type Condition =
  | 'Success'
  | 'RetriesExhausted'
  | 'EventAgeExceeded'
  /** No concurrency is reserved for the function: nothing is tried. */
  | 'ZeroReservedConcurrency';

/** What the last attempt came to, as far as a destination is told. */
export interface Response {
  readonly statusCode: number;
  readonly executedVersion?: string;
  readonly functionError?: string;
}

/** An event that is done with, but for what its owner is still to be told. */
export interface Settlement {
  readonly condition: Condition;
  readonly response?: Response;
  /** Of what a dead letter says about the error. */
  readonly errorMessage?: string;
  /** Of the function that ran or was to run. */
  readonly roleArn: string;
  /** The trace as the function got it, for what is invoked because of it. */
  readonly traceId: string;
  /** ARNs to which nothing has been delivered yet. */
  readonly deadLetter?: string;
  readonly destination?: string;
  /** By the clock of events' ages. */
  readonly settledAtMs: number;
  /** Tries of delivery so far. */
  readonly deliveries: number;
}

export interface QueuedEvent {
  /** The same for every attempt. */
  readonly requestId: string;
  readonly accountId: string;
  readonly functionName: string;
  /** Of the function that was meant: another one of the same name, made later, gets none of its events. */
  readonly functionId: string;
  /** As invoked: version, alias, or nothing. */
  readonly qualifier?: string;
  /** Who invoked. */
  readonly callerArn: string;
  /** Epoch milliseconds of a clock that does not jump while the process lives. */
  readonly acceptedAtMs: number;
  readonly traceId: string;
  /** Base64, as sent. */
  readonly clientContext?: string;
  /** Attempts that reached the function. */
  readonly invokes: number;
  /** Throttles and service errors since the last of them. */
  readonly refusals: number;
  /** The last of these, in the API's words. */
  readonly refusal?: { readonly statusCode: number; readonly message: string };
  readonly settlement?: Settlement;
  readonly payload: Uint8Array;
  /** What the function answered; of a settled event. */
  readonly answer?: Uint8Array;
}

type Header = Omit<QueuedEvent, 'payload' | 'answer'> & {
  /** The version of the format. */
  readonly v: 1;
  readonly payloadBytes: number;
  readonly hasAnswer: boolean;
};

const lengthBytes = 4;
const decoder = new TextDecoder();

export function encodeEvent(event: QueuedEvent): Uint8Array {
  const { payload, answer, ...rest } = event;
  const header: Header = {
    v: 1,
    ...rest,
    payloadBytes: payload.byteLength,
    hasAnswer: answer !== undefined,
  };
  const head = JSON.stringify(header);
  const headBytes = Buffer.byteLength(head);
  const payloadAt = lengthBytes + headBytes;
  const answerAt = payloadAt + payload.byteLength;
  // One allocation, as this is done for every event while somebody waits.
  const body = Buffer.allocUnsafe(answerAt + (answer?.byteLength ?? 0));
  body.writeUInt32BE(headBytes);
  body.write(head, lengthBytes);
  body.set(payload, payloadAt);
  if (answer !== undefined) body.set(answer, answerAt);
  return body;
}

/** Throws an Error for what no release up to this one has written. */
export function decodeEvent(body: Uint8Array): QueuedEvent {
  assert(body.byteLength > lengthBytes, 'an event has a header');
  const headEnd = lengthBytes + new DataView(body.buffer, body.byteOffset).getUint32(0);
  const header = JSON.parse(decoder.decode(body.subarray(lengthBytes, headEnd))) as Header;
  const { v, payloadBytes, hasAnswer, ...rest } = header;
  assert(v === 1, `the event was written by a later release (its form is ${String(v)})`);
  const payloadEnd = headEnd + payloadBytes;
  assert(payloadEnd <= body.byteLength, 'an event is whole');
  return {
    ...rest,
    payload: body.subarray(headEnd, payloadEnd),
    ...(hasAnswer && { answer: body.subarray(payloadEnd) }),
  };
}

/** Whether the event can be put back into a queue. */
export function fitsQueue({ payload, answer }: QueuedEvent): boolean {
  const headerBytesMax = 16 * 1024;
  return payload.byteLength + (answer?.byteLength ?? 0) + headerBytesMax <= queuedBytesMax;
}

/** What stands for the function where events are counted and placed. */
export function functionKeyOf({
  accountId,
  functionName,
}: Pick<QueuedEvent, 'accountId' | 'functionName'>): string {
  return `${accountId}/${functionName}`;
}
