/**
 * What owners of functions are told of an event: the invocation record for destinations, and the dead letter with its attributes. The forms are
 * AWS's (its guide: capturing records of asynchronous invocations).
 */
import { functionArn, latestVersion } from '#metadata';
import type { QueuedEvent, Settlement } from './event.ts';
import { errorMessageBytesMax } from './limits.ts';

export type SettledEvent = QueuedEvent & { readonly settlement: Settlement };

/** The version or alias that the event was for, always named. */
export function invokedArnOf(event: QueuedEvent, region: string): string {
  return functionArn({ ...event, region }, event.qualifier ?? latestVersion);
}

/**
 * The record as JSON. Payloads that are JSON stand in it as they came; an answer that is none stands in it as a text. `timestampMs`: epoch
 * milliseconds.
 */
export function invocationRecord(event: SettledEvent, region: string, timestampMs: number): Uint8Array {
  const { settlement, answer } = event;
  const { condition, response } = settlement;
  const requestContext = {
    requestId: event.requestId,
    functionArn: invokedArnOf(event, region),
    condition,
    approximateInvokeCount: event.invokes,
  };
  const pieces = [
    `{"version":"1.0","timestamp":"${new Date(timestampMs).toISOString()}"`,
    `,"requestContext":${JSON.stringify(requestContext)},"requestPayload":`,
    event.payload.byteLength === 0 ? '{}' : event.payload,
  ];
  if (response !== undefined) pieces.push(`,"responseContext":${JSON.stringify(response)}`);
  if (response !== undefined && answer !== undefined) pieces.push(',"responsePayload":', asJson(answer));
  pieces.push('}');
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}

/** Attributes of a dead letter; all are texts, `ErrorCode` is a number in decimal digits. */
export interface DeadLetterAttributes {
  readonly RequestID: string;
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

export function deadLetterAttributes({ requestId, refusal, settlement }: SettledEvent): DeadLetterAttributes {
  const { response, errorMessage } = settlement;
  return {
    RequestID: requestId,
    ErrorCode: String(response?.statusCode ?? refusal?.statusCode ?? 200),
    // Messages of these services have no empty attributes.
    ErrorMessage: cut(errorMessage ?? settlement.condition) || settlement.condition,
  };
}

/** What a function's failure says of itself. */
export function errorMessageIn(answer: Uint8Array): string {
  const text = Buffer.from(answer).toString();
  try {
    const value: unknown = JSON.parse(text);
    const message =
      typeof value === 'object' && value !== null && 'errorMessage' in value && value.errorMessage;
    return cut(typeof message === 'string' ? message : text);
  } catch {
    return cut(text);
  }
}

/** At most as many bytes as an attribute may have, and no half of a character; control characters, which messages may not have, become spaces. */
function cut(text: string): string {
  const bytes = Buffer.from(text.slice(0, errorMessageBytesMax).toWellFormed());
  const kept = bytes.subarray(0, errorMessageBytesMax).toString();
  const whole = bytes.byteLength > errorMessageBytesMax ? kept.replace(/\uFFFD+$/, '') : kept;
  // eslint-disable-next-line no-control-regex
  return whole.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ' ');
}

function asJson(bytes: Uint8Array): string | Uint8Array {
  if (bytes.byteLength === 0) return 'null';
  try {
    JSON.parse(Buffer.from(bytes).toString());
    return bytes;
  } catch {
    return JSON.stringify(Buffer.from(bytes).toString());
  }
}
