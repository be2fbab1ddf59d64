/** The head of a request as the services see it, and what is wrong with a head before anyone looks at its meaning. */
import type { IncomingMessage } from 'node:http';
import { WireError } from '../error.ts';
import type { WireRequest } from '../service.ts';
import type { ListenerLimits } from './limits.ts';

export interface Head {
  readonly request: WireRequest;
  /** Every value of the headers that came more than once, by name; undefined when none did. */
  readonly repeated: ReadonlyMap<string, readonly string[]> | undefined;
  /** undefined: sent in chunks, so not known. 0: no body. */
  readonly contentLength: number | undefined;
}

/** Headers of which a second one would make it unclear what was asked, or what was signed. */
const onlyOnce =
  /^(?:host|authorization|date|expect|content-(?:type|length|encoding)|transfer-encoding|x-amz-.*|x-amzn-trace-id)$/;

/** AWS's name for a request that does not parse. */
export function malformed(message: string): WireError {
  return new WireError('SerializationException', message);
}

/** `encodings`: whether bodies may come encoded, to be handed on as they were sent. Of `plain` ones gzip is for the operation to refuse. */
export function readHead(
  message: IncomingMessage,
  limits: ListenerLimits,
  encodings: 'plain' | 'as-sent' = 'plain',
): Head | WireError {
  const url = message.url ?? '';
  if (!url.startsWith('/')) return malformed('The request target must be a path.');
  const headersCount = message.rawHeaders.length / 2;
  if (headersCount > limits.headersMax) return malformed(`More than ${limits.headersMax} headers.`);
  const { headers } = message;
  if (headers.host === undefined && message.httpVersion === '1.1')
    return malformed('The Host header is missing.');
  if (encodings === 'plain' && !['', 'gzip'].includes(encodingOf(headers))) return unsupportedEncoding();

  let names = 0;
  for (const _ in headers) names += 1;
  const repeated = names === headersCount ? undefined : repeatedHeaders(message);
  for (const name of repeated?.keys() ?? []) {
    if (onlyOnce.test(name)) return malformed(`The header ${name} was sent more than once.`);
  }

  const question = url.indexOf('?');
  return {
    request: {
      method: message.method ?? '',
      rawPath: question < 0 ? url : url.slice(0, question),
      rawQuery: question < 0 ? '' : url.slice(question + 1),
      headers,
    },
    repeated,
    contentLength: contentLengthOf(message),
  };
}

/** How a body is encoded; `` as it is. */
export function encodingOf(headers: WireRequest['headers']): string {
  const encoding = String(headers['content-encoding'] ?? '').toLowerCase();
  return encoding === 'identity' ? '' : encoding;
}

export function unsupportedEncoding(): WireError {
  return new WireError('UnsupportedMediaTypeException', 'Bodies with a Content-Encoding are not supported.');
}

function contentLengthOf({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  return headers['content-length'] === undefined ? 0 : Number(headers['content-length']);
}

function repeatedHeaders(message: IncomingMessage): ReadonlyMap<string, readonly string[]> {
  const repeated = new Map<string, readonly string[]>();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (values !== undefined && values.length > 1) repeated.set(name, values);
  }
  return repeated;
}
