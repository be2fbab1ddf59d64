/** Events of function URLs: what AWS's are, for any request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { checkJson } from '../json-check.ts';
import { someRequest, someScene } from './fixtures/requests.ts';
import { eventOf } from './event.ts';

const encoder = new TextEncoder();
const none = new Uint8Array(0);

function parsed(bytes: Uint8Array): Record<string, unknown> {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as Record<string, unknown>;
}

test('a plain request has no body, cookies or query parameters in its event', () => {
  const event = parsed(eventOf(someRequest({ rawPath: '/my/path' }), none, someScene()));
  assert.deepEqual(event, {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/my/path',
    rawQueryString: '',
    headers: {
      host: 'abc.lambda-url.us-east-1.localhost:9000',
      'user-agent': 'agent',
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-port': '9000',
      'x-forwarded-proto': 'http',
      'x-amzn-trace-id': 'Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e',
    },
    requestContext: {
      accountId: 'anonymous',
      apiId: 'abc',
      domainName: 'abc.lambda-url.us-east-1.localhost',
      domainPrefix: 'abc',
      http: {
        method: 'GET',
        path: '/my/path',
        protocol: 'HTTP/1.1',
        sourceIp: '10.0.0.1',
        userAgent: 'agent',
      },
      requestId: 'cc56aaaa-46db-4ae0-8d4d-a47e00000000',
      routeKey: '$default',
      stage: '$default',
      time: '12/Mar/2020:19:03:58 +0000',
      timeEpoch: Date.UTC(2020, 2, 12, 19, 3, 58),
    },
    isBase64Encoded: false,
  });
});

test('the caller of a signed request is told, its signature is not', () => {
  const request = someRequest({ headers: { authorization: 'AWS4-HMAC-SHA256 …', 'x-amz-date': 'd' } });
  const principal = {
    kind: 'user',
    accountId: '000000000000',
    arn: 'arn:aws:iam::000000000000:user/u',
    accessKeyId: 'AKIA',
    userId: 'AIDA',
  } as const;
  const event = parsed(eventOf(request, none, someScene({ principal })));
  const context = event['requestContext'] as Record<string, unknown>;
  assert.equal(context['accountId'], '000000000000');
  assert.deepEqual(context['authorizer'], {
    iam: {
      accessKey: 'AKIA',
      accountId: '000000000000',
      callerId: 'AIDA',
      cognitoIdentity: null,
      principalOrgId: null,
      userArn: 'arn:aws:iam::000000000000:user/u',
      userId: 'AIDA',
    },
  });
  const headers = event['headers'] as Record<string, unknown>;
  assert.equal(headers['authorization'], undefined);
  assert.equal(headers['x-amz-date'], 'd');
});

test('an authorization that is not ours to check is handed on', () => {
  const event = parsed(eventOf(someRequest({ headers: { authorization: 'Bearer x' } }), none, someScene()));
  assert.equal((event['headers'] as Record<string, unknown>)['authorization'], 'Bearer x');
});

test('queries are decoded, and the values of one name joined', () => {
  for (const [rawQuery, expected] of [
    ['a=1&a=2&b=3', { a: '1,2', b: '3' }],
    ['a', { a: '' }],
    ['a=b=c', { a: 'b=c' }],
    ['x=a+b%20c', { x: 'a b c' }],
    ['%C3%A9=%E2%82%AC', { é: '€' }],
    ['x=%zz%', { x: '%zz%' }],
    ['x=%ff', { x: '\u00ff' }],
    ['=v', { '': 'v' }],
    ['&&', undefined],
  ] as const) {
    const event = parsed(eventOf(someRequest({ rawQuery }), none, someScene()));
    assert.deepEqual(event['queryStringParameters'], expected, rawQuery);
    assert.equal(event['rawQueryString'], rawQuery);
  }
  const event = parsed(eventOf(someRequest({ rawQuery: '__proto__=x' }), none, someScene()));
  assert.equal(JSON.stringify(event['queryStringParameters']), '{"__proto__":"x"}');
});

test('cookies stand by themselves and among the headers; repeated headers are joined by commas', () => {
  const request = someRequest({
    headers: { cookie: 'a=1; b=2', 'x-many': 'p, q' },
    repeated: new Map([['x-many', ['p', 'q']]]),
  });
  const event = parsed(eventOf(request, none, someScene()));
  assert.deepEqual(event['cookies'], ['a=1', 'b=2']);
  const headers = event['headers'] as Record<string, unknown>;
  assert.equal(headers['cookie'], 'a=1; b=2');
  assert.equal(headers['x-many'], 'p,q');
});

test('bodies of textual types are text; all others, and what is no UTF-8, are Base64', () => {
  const bytes = encoder.encode('{"é":1}');
  for (const [contentType, isText] of [
    ['application/json', true],
    ['application/json; charset=utf-8', true],
    ['Text/Plain;charset=UTF-8', true],
    ['application/xml', true],
    ['application/javascript', true],
    ['application/problem+json', true],
    ['application/x-www-form-urlencoded', false],
    ['multipart/form-data; boundary=text/plain', false],
    ['application/octet-stream', false],
    ['image/png', false],
    ['application/jsonx', false],
    ['', false],
    [undefined, false],
  ] as const) {
    const headers = contentType === undefined ? {} : { 'content-type': contentType };
    const event = parsed(eventOf(someRequest({ headers }), bytes, someScene()));
    assert.equal(event['isBase64Encoded'], !isText, contentType);
    const expected = isText ? '{"é":1}' : Buffer.from(bytes).toString('base64');
    assert.equal(event['body'], expected, contentType);
  }
  const headers = { 'content-type': 'text/plain' };
  const latin1 = parsed(eventOf(someRequest({ headers }), Buffer.from([0xe9]), someScene()));
  assert.deepEqual([latin1['body'], latin1['isBase64Encoded']], ['6Q==', true]);
  const zipped = { 'content-type': 'text/plain', 'content-encoding': 'gzip' };
  assert.equal(
    parsed(eventOf(someRequest({ headers: zipped }), bytes, someScene()))['isBase64Encoded'],
    true,
  );
});

const latin1 = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 30 })
  .map((codes) => String.fromCharCode(...codes));

test('any request makes an event that is JSON in UTF-8 and gives the body back', () => {
  fc.assert(
    fc.property(
      latin1,
      latin1,
      fc.dictionary(latin1, latin1),
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom('text/plain', 'application/json', 'image/png'),
      (path, rawQuery, headers, body, contentType) => {
        const request = someRequest({
          rawPath: `/${path}`,
          rawQuery,
          headers: { ...headers, 'content-type': contentType },
        });
        const bytes = eventOf(request, body, someScene());
        assert.deepEqual(checkJson(bytes), { kind: 'valid' });
        const event = parsed(bytes);
        const text = (event['body'] as string | undefined) ?? '';
        const given = Buffer.from(text, event['isBase64Encoded'] === true ? 'base64' : 'utf8');
        assert.deepEqual(new Uint8Array(given), body);
        assert.match(event['rawPath'] as string, /^\/[\x21-\x7e]*$/);
      },
    ),
  );
});
