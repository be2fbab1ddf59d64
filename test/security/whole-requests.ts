/** Requests that are whole HTTP and wrong in what they say: each has one answer, and the connection lives on. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Chooser } from './chooser.ts';
import { rootKey } from './hostile-contract.ts';

export interface WholeRequest {
  readonly text: string;
  /** Whether an answer's status is a right one. */
  readonly right: (status: number) => boolean;
}

export interface Template {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Draft {
  readonly method: string;
  readonly path: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly secret?: string;
  readonly accessKeyId?: string;
  readonly token?: string;
  readonly region?: string;
  readonly service?: string;
  readonly offsetMs?: number;
  readonly presigned?: boolean;
}

const denied = (status: number): boolean => status === 403 || status === 400;
const refused = (status: number): boolean => status >= 400 && status < 500;
/** Genuine requests may also reach an operation that is not there yet. */
const refusedOrNotImplemented = (status: number): boolean => refused(status) || status === 501;

const invoke: Draft = {
  method: 'POST',
  path: '/2015-03-31/functions/hello/invocations',
  headers: { 'x-amz-log-type': 'Tail' },
  body: '{"x":1}',
};
const create: Draft = {
  method: 'POST',
  path: '/2015-03-31/functions',
  headers: { 'content-type': 'application/json' },
};
const unsignedPayload = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };

/** Templates are signed once, since the SDK's signer is slow; what is sent is made from them. */
export async function makeTemplates(): Promise<Templates> {
  const bad: Draft[] = [
    { ...invoke, secret: 'not-the-secret-of-the-root-key' },
    { ...invoke, accessKeyId: 'AKIANOBODYKNOWSTHIS1' },
    { ...invoke, token: 'not a token' },
    { ...invoke, region: 'eu-west-1' },
    { ...invoke, service: 's3' },
    { ...invoke, offsetMs: -400_000 },
    { ...invoke, offsetMs: 400_000 },
    { ...invoke, headers: { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' } },
    { ...invoke, headers: { 'x-amz-content-sha256': '0'.repeat(64) } },
    { ...invoke, presigned: true, offsetMs: -4_000_000 },
    { ...invoke, presigned: true, secret: 'not-the-secret-of-the-root-key' },
  ];
  const paths = [
    '/',
    '//',
    '/2015-03-31/functions/%00',
    '/2015-03-31/functions/%c0%af/invocations',
    '/2015-03-31/functions/../functions',
    '/2015-03-31/functions/%',
    `/2015-03-31/functions/${'%25'.repeat(2000)}`,
    `/2015-03-31/functions/${'a'.repeat(5000)}`,
    '/2015-03-31/functions/%zz/invocations',
    '/2015-03-31/event-source-mappings/x',
    '/2016-08-19/account-settings/',
    `/${'a/'.repeat(3000)}`,
    '/2015-03-31/functions/arn:aws:lambda/invocations',
    '/%2e%2e/%2e%2e/etc/passwd',
  ];
  const genuine: Draft[] = [
    { ...invoke, headers: { ...unsignedPayload, 'x-amz-invocation-type': 'Sometimes' } },
    { ...invoke, headers: { ...unsignedPayload, 'x-amz-client-context': 'a'.repeat(6000) } },
    { ...invoke, headers: unsignedPayload, query: { Qualifier: '\u0000' } },
    ...paths.flatMap((path) =>
      ['GET', 'POST', 'DELETE', 'PATCH', 'PROPFIND'].map((method) => ({
        method,
        path,
        headers: unsignedPayload,
      })),
    ),
    { method: 'GET', path: '/2015-03-31/functions', query: { MaxItems: '1e9', Marker: '%' } },
  ];
  return {
    good: await signed(invoke),
    presigned: await signed({ ...invoke, presigned: true, body: '' }),
    anyBody: await signed({ ...create, headers: { ...create.headers, ...unsignedPayload } }),
    bad: await Promise.all(bad.map(signed)),
    genuine: await Promise.all(genuine.map(signed)),
  };
}

export interface Templates {
  readonly good: Template;
  readonly presigned: Template;
  /** A genuine CreateFunction whose body is not signed. */
  readonly anyBody: Template;
  readonly bad: readonly Template[];
  readonly genuine: readonly Template[];
}

/** Makes one request that must be refused. */
export function wholeRequest(choose: Chooser, templates: Templates): WholeRequest {
  const { good, presigned, anyBody, bad, genuine } = templates;
  switch (choose.below(8)) {
    case 0:
      return { text: write(bad[choose.below(bad.length)] ?? good), right: denied };
    case 1:
      return { text: write({ ...good, body: `${good.body}${choose.below(10)}` }), right: denied };
    case 2: {
      const authorization = choose.of(['', 'AWS4-HMAC-SHA256', good.headers['authorization'] ?? '']);
      let damaged = headerSafe(choose.damage(choose.damage(`${authorization}!`)));
      // White space around a value is no part of it: where the damage made nothing but that of the mark, there is none.
      if (withoutSpace(damaged) === withoutSpace(authorization)) damaged += '!';
      return {
        text: write({ ...good, headers: { ...good.headers, authorization: damaged } }),
        right: denied,
      };
    }
    case 3: {
      const names = Object.keys(good.headers).filter((name) => name !== 'host');
      const missing = names[choose.below(names.length)];
      const headers = Object.fromEntries(Object.entries(good.headers).filter(([name]) => name !== missing));
      return { text: write({ ...good, headers }), right: denied };
    }
    case 4: {
      const target = targetSafe(`${presigned.target}&x=${choose.damage('1')}`);
      return { text: write({ ...presigned, target }), right: denied };
    }
    case 5:
      return { text: write({ ...anyBody, body: wrongJson(choose) }), right: refused };
    case 6:
      return { text: write(genuine[choose.below(genuine.length)] ?? good), right: refusedOrNotImplemented };
    default: {
      const target = `/${targetSafe(choose.damage(choose.bytes(choose.below(60))))}`;
      const method = choose.of(['GET', 'PUT', 'OPTIONS', 'TRACE', 'PURGE', 'M-SEARCH', 'SEARCH', 'REPORT']);
      return { text: write({ method, target, headers: { host: 'h' }, body: '' }), right: denied };
    }
  }
}

/** Bodies of CreateFunction that are no JSON, or JSON of the wrong shape. */
function wrongJson(choose: Chooser): string {
  const value = choose.of([
    'null',
    '[]',
    '{}',
    '1e999',
    '-0',
    '"\\ud800"',
    '{"__proto__":1}',
    'true',
    '"' + 'x'.repeat(300) + '"',
    '[[]]',
    '{"a":{}}',
  ]);
  const member = choose.of([
    'FunctionName',
    'Code',
    'Role',
    'Timeout',
    'Environment',
    'Layers',
    'VpcConfig',
    '__proto__',
    'constructor',
  ]);
  return choose.of([
    value,
    `{"${member}":${value}}`,
    `{"FunctionName":"f","Role":"arn:aws:iam::000000000000:role/r","Code":{"ZipFile":"AA=="},"${member}":${value}`,
    `{"Code":{"ZipFile":${value}},"${member}":${value}}`,
    '['.repeat(1 + choose.below(5000)),
    '{"a":'.repeat(1 + choose.below(2000)),
    choose.bytes(choose.below(80)),
    '',
  ]);
}

export function write({ method, target, headers, body }: Template): string {
  const lines = Object.entries({ ...headers, 'content-length': String(body.length) });
  return `${method} ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

const withoutSpace = (text: string): string => text.replace(/[\t ]/g, '');
const headerSafe = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?');
const targetSafe = (text: string): string => text.replace(/[^\x21-\x7e]/g, '?');

async function signed(draft: Draft): Promise<Template> {
  const signer = new SignatureV4({
    credentials: {
      accessKeyId: draft.accessKeyId ?? rootKey.accessKeyId,
      secretAccessKey: draft.secret ?? rootKey.secretAccessKey,
      ...(draft.token === undefined ? {} : { sessionToken: draft.token }),
    },
    region: draft.region ?? 'us-east-1',
    service: draft.service ?? 'lambda',
    sha256: Sha256,
  });
  const request = {
    method: draft.method,
    protocol: 'http:',
    hostname: 'h',
    path: draft.path,
    query: draft.query ?? {},
    headers: { host: 'h', ...draft.headers },
    body: draft.body ?? '',
  };
  const signingDate = new Date(Date.now() + (draft.offsetMs ?? 0));
  const result =
    draft.presigned === true
      ? await signer.presign(request, { signingDate })
      : await signer.sign(request, { signingDate });
  const query = Object.entries(result.query ?? {}).map(
    ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
  );
  return {
    method: result.method,
    target: query.length === 0 ? result.path : `${result.path}?${query.join('&')}`,
    headers: result.headers,
    body: draft.body ?? '',
  };
}
