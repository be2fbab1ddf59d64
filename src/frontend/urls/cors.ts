/**
 * Cross-origin requests: preflights that a URL answers by itself, and the headers that it adds to every answer. What the URL's
 * configuration speaks of, it alone says: a function's own header of that name is replaced. Pure.
 */
import type { FunctionUrlCors } from '#metadata';
import type { WireRequest } from '#wire';
import { textOf } from './text.ts';

type Headers = Readonly<Record<string, string | string[]>>;

/** The answer's headers; undefined: not a preflight, or not for this URL to answer. */
export function preflightHeaders(
  cors: FunctionUrlCors | undefined,
  { method, headers }: WireRequest,
): Headers | undefined {
  const origin = single(headers['origin']);
  const asked = single(headers['access-control-request-method']);
  if (cors === undefined || method !== 'OPTIONS' || origin === undefined || asked === undefined) {
    return undefined;
  }
  const { allowMethods, allowHeaders, maxAgeSeconds } = cors;
  const answer = new Map<string, string>([['vary', 'Origin']]);
  const allowed = originOf(cors, origin);
  if (allowed === undefined) return Object.fromEntries(answer);
  answer.set('access-control-allow-origin', allowed);
  // With credentials a browser takes `*` for a name like any other; what was asked for always serves.
  const methods = allowMethods?.includes('*') === true ? [asked] : (allowMethods ?? []);
  if (methods.length > 0) answer.set('access-control-allow-methods', methods.join(','));
  const askedHeaders = single(headers['access-control-request-headers']);
  const names = allowHeaders?.includes('*') === true ? askedHeaders : allowHeaders?.join(',');
  if (names !== undefined && names !== '') answer.set('access-control-allow-headers', names);
  if (maxAgeSeconds !== undefined) answer.set('access-control-max-age', String(maxAgeSeconds));
  if (cors.allowCredentials === true) answer.set('access-control-allow-credentials', 'true');
  return Object.fromEntries([...answer].map(([name, value]): [string, string] => [name, carried(value)]));
}

/** The headers of an answer (names in lower case) to a request that has this Origin. */
export function withCors(
  cors: FunctionUrlCors | undefined,
  origin: string | string[] | undefined,
  headers: Headers,
): Headers {
  if (cors === undefined) return headers;
  const all = new Map(Object.entries(headers));
  const sender = single(origin);
  const allowed = sender === undefined ? undefined : originOf(cors, sender);
  const say = (configured: boolean, name: string, value: string | undefined): void => {
    if (!configured) return;
    all.delete(name);
    if (allowed !== undefined && value !== undefined && value !== '') all.set(name, carried(value));
  };
  const { allowOrigins, allowCredentials, allowMethods, allowHeaders, exposeHeaders, maxAgeSeconds } = cors;
  if (allowOrigins !== undefined) all.set('vary', varyOf(all.get('vary')));
  say(allowOrigins !== undefined, 'access-control-allow-origin', allowed);
  say(
    allowCredentials !== undefined,
    'access-control-allow-credentials',
    allowCredentials ? 'true' : undefined,
  );
  say(exposeHeaders !== undefined, 'access-control-expose-headers', exposeHeaders?.join(','));
  // These belong to preflights; elsewhere browsers do not look at them.
  say(allowMethods !== undefined, 'access-control-allow-methods', undefined);
  say(allowHeaders !== undefined, 'access-control-allow-headers', undefined);
  say(maxAgeSeconds !== undefined, 'access-control-max-age', undefined);
  return Object.fromEntries(all);
}

/** As it is to be answered: the origin itself, also where all are allowed. */
function originOf({ allowOrigins }: FunctionUrlCors, origin: string): string | undefined {
  const text = textOf(origin);
  return allowOrigins?.some((allowed) => allowed === '*' || allowed === text) === true ? text : undefined;
}

function varyOf(given: string | string[] | undefined): string {
  const sofar = given === undefined ? '' : String(given);
  if (sofar === '') return 'Origin';
  return /(?:^|,)\s*(?:\*|origin)\s*(?:,|$)/i.test(sofar) ? sofar : `${sofar}, Origin`;
}

/** What was configured or asked for, as bytes that a header may hold. */
function carried(value: string): string {
  return Buffer.from(value, 'utf8')
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '');
}

function single(value: string | string[] | undefined): string | undefined {
  const text = typeof value === 'string' ? value : value?.join(',');
  return text === '' ? undefined : text;
}
