/**
 * Function URLs on the listener: every request to a host of theirs.
 *
 *     host ─▶ record ─▶ preflight? ─▶ answered by the URL
 *       │        ├─ NONE ────▶ permission ─▶ body ─────────────────┐
 *       │        └─ AWS_IAM ─▶ signature ──▶ body ─▶ permission ─┴─▶ event ─▶ invoke ─▶ answer, with the URL's CORS headers
 *       └─ unknown ─▶ 403
 *
 * Of a request that may not invoke, nothing is read but its head. The record is looked up again once the body is there: a URL that was
 * deleted or closed meanwhile is.
 */
import type { Principal } from '#identity';
import { type FunctionUrlRecord, latestVersion, type MetadataCache } from '#metadata';
import { type HostAnswer, type HostDecision, type HostRequest, type HostRoute, WireError } from '#wire';
import type { Frontend, InvokeInput } from '../frontend.ts';
import { tooLargeError } from '../refusals.ts';
import { preflightHeaders, withCors } from './cors.ts';
import { accessDenied, badGateway, encodeUrlError, notServed, unknownUrl } from './errors.ts';
import { eventOf } from './event.ts';
import { isUrlHost, localDomain, parseUrlHost, type UrlHost } from './host.ts';
import { bodyBytesMax } from './limits.ts';
import { mayInvoke, type PermissionOptions } from './permission.ts';
import { interpretResult } from './result.ts';
import { interpretStream } from './stream.ts';
import { urlTrace } from './trace.ts';

export interface UrlRouteOptions extends Omit<PermissionOptions, 'metadata'> {
  readonly frontend: Frontend;
  readonly metadata: Pick<MetadataCache, 'url' | 'policies' | 'resolve'>;
  readonly region: string;
  /** Where URLs stand besides `localhost`. */
  readonly domain?: string;
  /** Told of errors that are faults of ours; the client is told that there was one. */
  readonly reportFault: (error: unknown, operation: string, requestId: string) => void;
  /** Told of every request to a URL that there is, once its answer begins. */
  readonly onAnswered?: (outcome: UrlOutcome) => void;
  /** Monotonic milliseconds, for how long it took. */
  readonly monotonicMs?: () => number;
}

export interface UrlOutcome {
  readonly functionName: string;
  /** Alias of the URL, if it is one's. */
  readonly qualifier: string | undefined;
  readonly statusCode: number;
  readonly latencyMs: number;
}

/** The name that requests are signed for. */
const signingName = 'lambda';

export function createUrlRoute(options: UrlRouteOptions): HostRoute {
  const { metadata, region } = options;
  const domains = [localDomain, ...(options.domain === undefined ? [] : [options.domain.toLowerCase()])];

  return {
    serves: isUrlHost,
    encodeError: encodeUrlError,
    accept(request): HostDecision {
      const host = parseUrlHost(request.request.headers['host'] as string, domains);
      if (host === undefined || host.region !== region) {
        return { kind: 'refused', error: notServed(region, domains) };
      }
      const url = metadata.url(host.urlId);
      if (url === undefined) return { kind: 'refused', error: unknownUrl() };
      const told = teller(options, url);
      const preflight = preflightHeaders(url.cors, request.request);
      if (preflight !== undefined) {
        told(200);
        return { kind: 'answered', answer: { statusCode: 200, headers: preflight, body: undefined } };
      }
      if (url.authType === 'NONE' && !mayInvoke(options, url, request, undefined)) {
        told(403);
        return { kind: 'refused', error: accessDenied() };
      }
      return {
        kind: 'operation',
        signedFor: url.authType === 'AWS_IAM' ? signingName : undefined,
        bodyBytesMax,
        bodyTooLarge() {
          told(413);
          return tooLargeError();
        },
        async call(body, principal) {
          const answer = await call({ options, host, request, body, principal }, url);
          told(answer.statusCode);
          return answer;
        },
      };
    },
  };
}

/** Tells of one request. */
function teller(
  { onAnswered, monotonicMs }: UrlRouteOptions,
  { functionName, qualifier }: FunctionUrlRecord,
): (statusCode: number) => void {
  const startMs = monotonicMs?.() ?? 0;
  return (statusCode) =>
    onAnswered?.({
      functionName,
      qualifier: qualifier === latestVersion ? undefined : qualifier,
      statusCode,
      latencyMs: (monotonicMs?.() ?? 0) - startMs,
    });
}

interface Call {
  readonly options: UrlRouteOptions;
  readonly host: UrlHost;
  readonly request: HostRequest;
  readonly body: Uint8Array;
  readonly principal: Principal | undefined;
}

async function call(call: Call, accepted: FunctionUrlRecord): Promise<HostAnswer> {
  const { options, host, request, principal } = call;
  const url = options.metadata.url(host.urlId);
  let answer: HostAnswer;
  try {
    if (url === undefined) throw unknownUrl();
    // The URL began to ask for signatures while the body was on its way.
    if (url.authType !== accepted.authType) throw accessDenied();
    const isOpen = url.authType === 'NONE'; // and was asked for its permission
    if (!isOpen && (principal === undefined || !mayInvoke(options, url, request, principal))) {
      throw accessDenied();
    }
    answer = await invoke(call, url);
  } catch (error) {
    if (!(error instanceof WireError)) options.reportFault(error, 'InvokeFunctionUrl', request.requestId);
    answer = encodeUrlError(error, request.requestId);
  }
  const headers = withCors(url?.cors, request.request.headers['origin'], lowerCase(answer.headers));
  return { ...answer, headers };
}

async function invoke({ options, host, request, body, principal }: Call, url: FunctionUrlRecord) {
  const { frontend, nowMs } = options;
  const { accountId, functionName, qualifier } = url;
  const now = nowMs();
  const traceId = urlTrace(request.request.headers['x-amzn-trace-id'], request.requestId, now);
  const input: InvokeInput = {
    functionName,
    ...(qualifier !== latestVersion && { qualifier }),
    invocationType: 'RequestResponse',
    logType: 'None',
    payload: eventOf(request, body, { host, accountId, principal, nowMs: now, traceId }),
    requestId: request.requestId,
    traceId,
    // The function runs in its own account, whoever asked.
    principal: { accountId, arn: principal?.arn ?? 'anonymous' },
  };
  if (url.invokeMode === 'RESPONSE_STREAM') {
    const streamed = await frontend.invokeStreaming({ ...input, invocationType: 'RequestResponse' });
    return traced(await interpretStream(streamed), streamed.traceId);
  }
  const { payload, functionError, traceId: ranAs } = await frontend.invoke(input);
  const result = functionError === undefined ? interpretResult(payload) : undefined;
  return traced(result?.kind === 'answer' ? result : badGateway(), ranAs);
}

function traced({ statusCode, headers, body }: HostAnswer, traceId: string | undefined): HostAnswer {
  const all = traceId === undefined ? headers : { ...headers, 'x-amzn-trace-id': traceId };
  return { statusCode, headers: all, body };
}

/** Without the request's id, which the listener says. */
function lowerCase(headers: HostAnswer['headers']): HostAnswer['headers'] {
  const all = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return Object.fromEntries(all.filter(([name]) => name !== 'x-amzn-requestid'));
}
