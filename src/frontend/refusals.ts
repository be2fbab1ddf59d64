/** The API errors of an invoke, in AWS's words where they are known. */
import type { Assigned } from '#assignment';
import type { ThrottleReason } from '#counting';
import type { VersionRecord } from '#metadata';
import type { Principal } from '#identity';
import { WireError } from '#wire';
import { requestBytesMax } from './limits.ts';

export function throttledError(
  reason: ThrottleReason | 'CallerRateLimitExceeded',
  retryAfterSeconds: number,
): WireError {
  return new WireError('TooManyRequestsException', 'Rate Exceeded.', {
    Reason: reason,
    retryAfterSeconds: String(retryAfterSeconds),
  });
}

export function notFoundError(message: string): WireError {
  return new WireError('ResourceNotFoundException', message);
}

export function foreignAccountError({ arn }: Pick<Principal, 'arn'>, functionArn: string): WireError {
  return new WireError(
    'AccessDeniedException',
    `User: ${arn} is not authorized to perform: lambda:InvokeFunction on resource: ${functionArn} because no resource-based policy allows the lambda:InvokeFunction action`,
  );
}

export function invalidParameterError(message: string): WireError {
  return new WireError('InvalidParameterValueException', message);
}

export function tooLargeError(): WireError {
  return new WireError(
    // The name seen on the wire; the model calls it RequestTooLargeException.
    'RequestEntityTooLargeException',
    `Request must be smaller than ${requestBytesMax} bytes for the InvokeFunction operation`,
  );
}

export function recursionError(): WireError {
  return new WireError(
    'RecursiveInvocationException',
    "Lambda has detected your function being invoked in a recursive loop with other AWS resources and stopped your function's invocation.",
  );
}

export function invalidJsonError(problem: string): WireError {
  return new WireError(
    'InvalidRequestContentException',
    `Could not parse request body into json: Could not parse payload into json: ${problem}`,
  );
}

/** Of a version that cannot be invoked in the state that it is in. */
export function stateError({ state }: VersionRecord): WireError {
  return new WireError(
    'ResourceConflictException',
    `The operation cannot be performed at this time. The function is currently in the following state: ${state}`,
  );
}

export function notServedError(what: string): WireError {
  return new WireError('NotImplementedException', `${what} is not implemented by Lambkin yet.`);
}

export function unavailableError(message: string): WireError {
  return new WireError('ServiceException', `No execution environment is available: ${message}`);
}

/** The version can start nowhere; AWS has an error of its own for few of the reasons. */
export function impossibleError({
  errorType,
  message,
}: Extract<Assigned, { kind: 'impossible' }>): WireError {
  switch (errorType) {
    case 'InvalidRuntime':
    case 'InvalidRuntimeException':
      return new WireError('InvalidRuntimeException', message);
    case 'KMSAccessDeniedException':
      return new WireError('KMSAccessDeniedException', message);
    case 'InvalidZipFile':
    case 'InvalidZipFileException':
      return new WireError('InvalidZipFileException', message);
    default:
      return new WireError('ServiceException', `${errorType}: ${message}`);
  }
}
