/**
 * A client of function URLs for tests. It finds a host below `localhost` by itself, as browsers and curl do and many systems' name
 * services do not, and shows an answer as it came: names, values, pieces, and whether its end was its end.
 */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface UrlRequest {
  readonly method?: string;
  /** Path and query as they are sent, without the slash that the URL ends with. */
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** In chunks, so that the length is not told beforehand. */
  readonly chunked?: boolean;
  readonly sign?: Signing;
}

export interface Signing {
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly region: string;
  /** The signing name; `lambda`. */
  readonly service?: string;
}

export interface UrlAnswer {
  readonly statusCode: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly text: string;
  /** As they arrived. */
  readonly pieces: readonly string[];
  /** false: the connection was cut before the end of the body. */
  readonly isWhole: boolean;
}

/** The whole answer. */
export async function fetchUrl(url: string, request: UrlRequest = {}): Promise<UrlAnswer> {
  const { message } = await openUrl(url, request);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message) chunks.push(chunk as Buffer);
  } catch {
    // cut: `complete` says so
  }
  const body = Buffer.concat(chunks);
  return {
    statusCode: message.statusCode ?? 0,
    headers: message.headers,
    body,
    text: body.toString('utf8'),
    pieces: chunks.map(String),
    isWhole: message.complete,
  };
}

/** The head of the answer, with the body still to come. */
export async function openUrl(
  url: string,
  request: UrlRequest = {},
): Promise<{ readonly sent: ClientRequest; readonly message: IncomingMessage }> {
  const { method = 'GET', target = '', body = '', chunked = false } = request;
  const { protocol, hostname, port, host } = new URL(url);
  const headers = await headersOf(request, new URL(`${url}${target}`), host);
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost');
  const length = chunked
    ? { 'transfer-encoding': 'chunked' }
    : { 'content-length': String(Buffer.byteLength(body)) };
  const sent = (protocol === 'https:' ? requestHttps : requestHttp)({
    host: isLocal ? '127.0.0.1' : hostname,
    servername: hostname,
    port,
    method,
    path: `/${target}`,
    headers: { ...headers, ...(body === '' ? {} : length) },
    agent: false,
  });
  sent.on('error', () => undefined); // of a connection that ends while the body is being sent
  sent.end(body);
  const [message] = (await once(sent, 'response')) as [IncomingMessage];
  return { sent, message };
}

async function headersOf(
  request: UrlRequest,
  url: URL,
  host: string,
): Promise<Record<string, string | string[]>> {
  const { method = 'GET', headers = {}, body = '', sign } = request;
  const all: Record<string, string | string[]> = { host };
  for (const [name, value] of Object.entries(headers))
    all[name] = typeof value === 'string' ? value : [...value];
  if (sign === undefined) return all;
  const { credentials, region, service = 'lambda' } = sign;
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256 });
  const query: Record<string, string[]> = {};
  for (const [name, value] of url.searchParams) (query[name] ??= []).push(value);
  const signed = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query,
    headers: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, String(value)])),
    body,
  });
  return { ...all, ...signed.headers };
}
