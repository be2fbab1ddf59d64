/** What a URL answers where there is no answer of the function. */
import { encodeRestJsonError, type HostAnswer, WireError, type WireResponse } from '#wire';

/** AWS's words; who may not invoke learns nothing of why. */
const forbidden =
  'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html';

/** A host that could be a URL's, of a region or domain that is not served here: most likely a mistake of who set it up. */
export function notServed(region: string, domains: readonly string[]): WireError {
  const hosts = domains.map((domain) => `<id>.lambda-url.${region}.${domain}`).join(' and ');
  return new WireError('ResourceNotFoundException', `Function URLs are served here at ${hosts}.`);
}

/** No such URL, or nothing behind it any more. AWS answers 403 with a Message of null, as to who must not know. */
export function unknownUrl(): WireError {
  return new WireError('AccessDeniedException', '');
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
  return {
    ...response,
    body: Buffer.from(JSON.stringify({ Message: told.message === '' ? null : told.message })),
  };
}

const capital: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'ResourceNotFoundException',
  'RequestEntityTooLargeException',
]);
