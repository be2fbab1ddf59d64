/** What a request that does not prove its sender is answered: AWS's error names and words. */
import { WireError } from '../error.ts';

export const algorithm = 'AWS4-HMAC-SHA256';
export const terminator = 'aws4_request';

export function missingToken(): WireError {
  return new WireError('MissingAuthenticationTokenException', 'Missing Authentication Token');
}

export function incomplete(message: string): WireError {
  return new WireError('IncompleteSignatureException', message);
}

export function invalid(message: string): WireError {
  return new WireError('InvalidSignatureException', message);
}

/** The signature is not the one that this request, key and secret make. */
export function mismatch(): WireError {
  return invalid(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
      'and signing method. Consult the service documentation for details.',
  );
}

/** The access key does not exist, or the session token is not the one that belongs to it. */
export function unrecognized(): WireError {
  return new WireError(
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
  );
}

export function expiredToken(): WireError {
  return new WireError('ExpiredTokenException', 'The security token included in the request is expired');
}

export function unsigned(header: string): WireError {
  const name = header === 'host' ? "'Host' or ':authority'" : `'${header}'`;
  return invalid(`${name} must be a 'SignedHeader' in the AWS Authorization.`);
}

export function unsupportedAlgorithm(given: string): WireError {
  return incomplete(`Unsupported AWS 'algorithm': '${excerpt(given)}' (only ${algorithm} for now). `);
}

const excerptCharactersMax = 100;

/** What a client sent, short enough to send back. */
export function excerpt(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, '?');
  return printable.length <= excerptCharactersMax
    ? printable
    : `${printable.slice(0, excerptCharactersMax)}...`;
}
