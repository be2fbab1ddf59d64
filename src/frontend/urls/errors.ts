/** What a URL answers where there is no answer of the function. */
import { encodeRestJsonError, type HostAnswer, WireError, type WireResponse } from '#wire';

/** AWS's words; who may not invoke learns nothing of why. */
const forbidden =
  'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html';

/** No such URL, or nothing behind it. */
export function notFound(): WireError {
  return new WireError('ResourceNotFoundException', 'Not Found');
}

export function accessDenied(): WireError {
  return new WireError('AccessDeniedException', forbidden);
}

/** Of a function that failed, or whose answer is none. */
export function badGateway(): HostAnswer & { readonly body: Uint8Array } {
  return {
    statusCode: 502,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'InternalServerErrorException' },
    body: Buffer.from('Internal Server Error'),
  };
}

/** In the form of the API, but for what is told to people with a browser: their `Message` has a capital. */
export function encodeUrlError(error: unknown, requestId: string): WireResponse {
  const isMissing = error instanceof WireError && error.errorName === 'MissingAuthenticationTokenException';
  const told = isMissing ? accessDenied() : error;
  const response = encodeRestJsonError(told, requestId);
  if (!(told instanceof WireError) || !capital.has(told.errorName)) return response;
  return { ...response, body: Buffer.from(JSON.stringify({ Message: told.message })) };
}

const capital: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'ResourceNotFoundException',
  'RequestEntityTooLargeException',
]);
