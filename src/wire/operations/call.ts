/** What both protocols do around a handler: run it, and answer whatever it throws as an error of the service. */
import { WireError } from '../error.ts';
import type { Handler, ReportFault, RequestContext, Service, WireResponse } from '../service.ts';

/** For an operation that has no handler. Status 501: no client retries it. */
export function notImplemented(operation: string): WireError {
  return new WireError(
    'NotImplementedException',
    `The operation ${operation} is not implemented by Lambkin yet.`,
  );
}

/** Of a request whose body is longer than `bytesMax`. AWS's words, as Lambda says them. */
export function requestTooLarge(operation: string, bytesMax: number): WireError {
  return new WireError(
    'RequestEntityTooLargeException',
    `Request must be smaller than ${bytesMax} bytes for the ${operation} operation`,
  );
}

/** Never rejects. What is thrown and is no WireError is reported, and answered without its text. */
export async function answer(
  operation: string,
  context: RequestContext,
  handler: Handler | undefined,
  encodeError: Service['encodeError'],
  reportFault: ReportFault,
  run: (handler: Handler) => Promise<WireResponse>,
): Promise<WireResponse> {
  try {
    if (handler === undefined) throw notImplemented(operation);
    return await run(handler);
  } catch (error) {
    return refusal(operation, context, error, encodeError, reportFault);
  }
}

/** The answer to what a handler threw, or what stands around it. */
export function refusal(
  operation: string,
  { requestId }: RequestContext,
  error: unknown,
  encodeError: Service['encodeError'],
  reportFault: ReportFault,
): WireResponse {
  if (!(error instanceof WireError)) reportFault(error, operation, requestId);
  return encodeError(error, requestId);
}
