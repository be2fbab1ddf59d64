/**
 * From a request to the event that the function gets: payload format 2.0, as AWS's function URLs fill it. Pure.
 * Sources: the developer guide on function URLs, and the recorded events in the tests of aws/aws-lambda-go.
 */
import type { Principal } from '#identity';
import type { HostRequest } from '#wire';
import type { UrlHost } from './host.ts';
import { asciiOf, decodeQueryPart, textOf, utf8Of } from './text.ts';

export interface EventScene {
  readonly host: UrlHost;
  /** Whose function it is; told to functions of signed requests only. */
  readonly accountId: string;
  /** Of a request that had to be signed. */
  readonly principal: Principal | undefined;
  /** Epoch milliseconds. */
  readonly nowMs: number;
  readonly traceId: string;
}

/** JSON in UTF-8. */
export function eventOf(request: HostRequest, body: Uint8Array, scene: EventScene): Uint8Array {
  const { host, principal, nowMs } = scene;
  const { method, rawPath, rawQuery, headers } = request.request;
  const path = asciiOf(rawPath);
  const query = asciiOf(rawQuery);
  const parameters = parametersOf(query);
  const cookies = cookiesOf(headers['cookie']);
  const userAgent = headers['user-agent'];
  const event = {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    ...(cookies.length > 0 && { cookies }),
    headers: headersOf(request, scene),
    ...(parameters !== undefined && { queryStringParameters: parameters }),
    requestContext: {
      accountId: principal === undefined ? 'anonymous' : scene.accountId,
      apiId: host.urlId,
      ...(principal !== undefined && { authorizer: { iam: callerOf(principal) } }),
      domainName: host.domainName,
      domainPrefix: host.urlId,
      http: {
        method,
        path,
        protocol: request.protocol,
        sourceIp: request.sourceIp,
        userAgent: typeof userAgent === 'string' ? textOf(userAgent) : null,
      },
      requestId: request.requestId,
      routeKey: '$default',
      stage: '$default',
      time: timeOf(nowMs),
      timeEpoch: nowMs,
    },
    ...bodyOf(body, headers['content-type'], headers['content-encoding']),
  };
  return Buffer.from(JSON.stringify(event), 'utf8');
}

/** As AWS fills it for users and roles; what belongs to Cognito and Organizations is null. */
function callerOf(principal: Principal): object {
  const { accessKeyId, accountId, arn, userId } = principal;
  return {
    accessKey: accessKeyId,
    accountId,
    callerId: userId,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: arn,
    userId,
  };
}

/** Without the signature, which is nobody's business but the verifier's; with what a proxy in front would say. */
function headersOf(request: HostRequest, { host, principal, traceId }: EventScene): object {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(request.request.headers)) {
    if (value === undefined || (name === 'authorization' && principal !== undefined)) continue;
    const values = name === 'cookie' ? undefined : request.repeated?.get(name);
    headers.set(
      textOf(name),
      textOf(values?.join(',') ?? (typeof value === 'string' ? value : value.join(','))),
    );
  }
  const forwarded = headers.get('x-forwarded-for');
  headers.set('x-forwarded-for', forwarded ? `${forwarded}, ${request.sourceIp}` : request.sourceIp);
  headers.set('x-forwarded-port', host.port);
  headers.set('x-forwarded-proto', 'http');
  headers.set('x-amzn-trace-id', traceId);
  return Object.fromEntries(headers);
}

function cookiesOf(header: string | string[] | undefined): readonly string[] {
  if (header === undefined) return [];
  const text = typeof header === 'string' ? header : header.join(';');
  return text
    .split(';')
    .map((cookie) => textOf(cookie.trim()))
    .filter((cookie) => cookie !== '');
}

/** Names and values decoded; the values of a name that comes more than once are joined by commas. */
function parametersOf(query: string): object | undefined {
  if (query === '') return undefined;
  const parameters = new Map<string, string>();
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decodeQueryPart(equals < 0 ? part : part.slice(0, equals));
    const value = equals < 0 ? '' : decodeQueryPart(part.slice(equals + 1));
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : `${before},${value}`);
  }
  return parameters.size === 0 ? undefined : Object.fromEntries(parameters);
}

/** Media types that are handed on as text; every other body is Base64, as is text in another encoding than UTF-8. */
const textual = /^(?:text\/[^;]*|application\/(?:json|javascript|xml|[^;]*\+(?:json|xml)))\s*(?:;|$)/i;

function bodyOf(
  body: Uint8Array,
  contentType: string | string[] | undefined,
  contentEncoding: string | string[] | undefined,
): { readonly body?: string; readonly isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const isPlain = contentEncoding === undefined || contentEncoding === 'identity';
  if (isPlain && typeof contentType === 'string' && textual.test(contentType.trim())) {
    const text = utf8Of(body);
    if (text !== undefined) return { body: text, isBase64Encoded: false };
  }
  const { buffer, byteOffset, length } = body;
  return { body: Buffer.from(buffer, byteOffset, length).toString('base64'), isBase64Encoded: true };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `12/Mar/2020:19:03:58 +0000` */
function timeOf(epochMs: number): string {
  const date = new Date(epochMs);
  const day = String(date.getUTCDate()).padStart(2, '0');
  const time = date.toISOString().slice(11, 19);
  return `${day}/${months[date.getUTCMonth()] ?? ''}/${date.getUTCFullYear()}:${time} +0000`;
}
