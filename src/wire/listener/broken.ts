/** Answers to what is no request at all, written straight to the socket: bad HTTP, heads too large, senders too slow. */
import type { Duplex } from 'node:stream';
import { nodeHttp } from '#platform';
import { WireError } from '../error.ts';
import type { Service } from '../service.ts';
import { malformed } from './head.ts';

/** The answer that node:http's parse error calls for; undefined: the client is gone, there is nobody to answer. */
export function errorOfParser(code: string | undefined): WireError | undefined {
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ETIMEDOUT':
      return undefined;
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new WireError('RequestTimeoutException', 'The request was not received in time.');
    case 'HPE_HEADER_OVERFLOW':
      return malformed('The head of the request is too large.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return malformed('The chunk extensions of the request are too large.');
    case undefined:
    default:
      return malformed('The request is not valid HTTP.');
  }
}

/** Writes a whole HTTP answer and ends the connection. */
export function answerRaw(
  socket: Duplex,
  service: Service,
  error: WireError,
  requestId: string,
  wallMs: number,
): void {
  const { statusCode, headers, body } = service.encodeError(error, requestId);
  const lines = [`HTTP/1.1 ${statusCode} ${nodeHttp().STATUS_CODES[statusCode] ?? 'Error'}`];
  for (const [name, value] of Object.entries(headers)) {
    if (!/^(?:content-length|x-amzn-requestid|connection|date)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  lines.push(
    `x-amzn-RequestId: ${requestId}`,
    `Date: ${new Date(wallMs).toUTCString()}`,
    'Connection: close',
    `Content-Length: ${body?.length ?? 0}`,
  );
  socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.end(body ?? '');
}
