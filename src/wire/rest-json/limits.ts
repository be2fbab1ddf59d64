/** How many bytes of body each operation of Lambda takes, and what AWS says of more. */
import { WireError } from '../error.ts';
import { requestTooLarge } from '../operations/call.ts';
import type { WireRequest } from '../service.ts';

const mebibyte = 2 ** 20;

/** Bytes: what a synchronous invoke takes. */
export const invokeBodyBytesMax = 6 * mebibyte;
/** Bytes: what the payload of an event may have. */
export const eventBodyBytesMax = mebibyte;
/** Bytes: an archive of 50 MiB as base64; AWS's own figure. */
export const codeBodyBytesMax = 69_905_067;
/** Bytes: durable executions carry payloads of 6 MiB within JSON, where escaping may double them. */
export const durableBodyBytesMax = 13 * mebibyte;
/** Bytes: every other operation. */
export const bodyBytesMax = mebibyte;

const limits: ReadonlyMap<string, number> = new Map([
  ['Invoke', invokeBodyBytesMax],
  ['InvokeWithResponseStream', invokeBodyBytesMax],
  ['InvokeAsync', eventBodyBytesMax],
  ['CreateFunction', codeBodyBytesMax],
  ['UpdateFunctionCode', codeBodyBytesMax],
  ['PublishLayerVersion', codeBodyBytesMax],
  ['CheckpointDurableExecution', durableBodyBytesMax],
  ['StopDurableExecution', durableBodyBytesMax],
  ['SendDurableExecutionCallbackSuccess', durableBodyBytesMax],
  ['SendDurableExecutionCallbackFailure', durableBodyBytesMax],
]);

export function bodyBytesMaxOf(operation: string, headers: WireRequest['headers'] = {}): number {
  return isEvent(operation, headers) ? eventBodyBytesMax : (limits.get(operation) ?? bodyBytesMax);
}

function isEvent(operation: string, headers: WireRequest['headers']): boolean {
  return operation === 'Invoke' && headers['x-amz-invocation-type'] === 'Event';
}

export function bodyTooLarge(operation: string, headers: WireRequest['headers'] = {}): WireError {
  const bytesMax = bodyBytesMaxOf(operation, headers);
  const bytes = headers['content-length'];
  // How long a body without a length would be is not found out.
  if (isEvent(operation, headers) && typeof bytes === 'string') {
    return eventTooLarge(bytes, bytesMax);
  }
  // AWS names the permission here, and both invokes need lambda:InvokeFunction.
  const name =
    operation === 'Invoke' || operation === 'InvokeWithResponseStream' ? 'InvokeFunction' : operation;
  return requestTooLarge(name, bytesMax);
}

/** Of the payload of an event. AWS's words, as in github.com/ASFHyP3/hyp3/issues/2241. */
export function eventTooLarge(bytes: number | string, bytesMax: number): WireError {
  return new WireError(
    'RequestEntityTooLargeException',
    `${bytes} byte payload is too large for the Event invocation type (limit ${bytesMax} bytes)`,
  );
}
