/** The answers of the Runtime API 2018-06-01, as runtimes expect them word for word, and what is read out of their requests. */
import { responseBytesMax } from '../limits.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

/** An error as these APIs tell it. */
export function failure(status: number, errorType: string, errorMessage: string): ApiAnswer {
  return { status, body: JSON.stringify({ errorMessage, errorType }) };
}

export const accepted: ApiAnswer = { status: 202, body: '{"status":"OK"}\n' };
export const invalidRequestId = failure(400, 'InvalidRequestID', 'Invalid request ID');
export const invalidResponseMode = failure(
  400,
  'InvalidFunctionResponseMode',
  'Invalid function response mode',
);
export const truncated = failure(400, 'TruncatedHTTPRequest', 'HTTP request detected as truncated');
export const tooLarge = failure(
  413,
  'RequestEntityTooLarge',
  `Exceeded maximum allowed payload size (${responseBytesMax} bytes).`,
);
export const invokeTimeout = failure(410, 'InvokeTimeout', 'Invoke timeout');

export function invalidTransition(from: string, to: string): ApiAnswer {
  return failure(
    403,
    'InvalidStateTransition',
    `State transition from ${from} to ${to} failed for runtime. Error: State transition is not allowed`,
  );
}

/** A type that a runtime reported, as it may appear in logs. */
export function reportedErrorType(header: string | undefined): string {
  const type = header ?? '';
  if (/^(Runtime|Function)\.[A-Z][a-zA-Z]+$/.test(type)) return type;
  return type.startsWith('Function.') ? 'Function.Unknown' : 'Runtime.Unknown';
}
