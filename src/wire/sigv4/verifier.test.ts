/** Tests of the signature check: the SDK's signer is the oracle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { WireError } from '../error.ts';
import type { WireRequest } from '../service.ts';
import {
  bodyHash,
  type Draft,
  expired,
  findKey,
  longTerm,
  nowMs,
  region,
  services,
  sign,
  type Signing,
  temporary,
} from './fixtures/signed.ts';
import { type Examination, Verifier } from './verifier.ts';

const verifier = new Verifier({ findKey, region, services, nowMs: () => nowMs });

const draft: Draft = {
  method: 'POST',
  path: '/2015-03-31/functions/hello/invocations',
  query: { Qualifier: 'live' },
  headers: { 'content-type': 'application/json', 'x-amz-log-type': 'Tail' },
  body: Buffer.from('{"x":1}'),
};

/** undefined: accepted. */
function outcome(request: WireRequest, body: Uint8Array, by = verifier): WireError | undefined {
  const examination = by.examine(request);
  return examination.kind === 'refused' ? examination.error : examination.finish(bodyHash(body));
}

function refusal(request: WireRequest, body: Uint8Array = draft.body): { name: string; message: string } {
  const error = outcome(request, body);
  assert.ok(error instanceof WireError, 'the request should be refused');
  return { name: error.errorName, message: error.message };
}

const text = fc.oneof(
  fc.constantFrom('', 'a b', 'a+b', 'ä€😀', '%2F', '~-._', "!'()*", 'a=b&c', '/'),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);
const pathSegment = fc.oneof(
  fc.constantFrom(
    'functions',
    'my%2Ffn',
    '%20',
    'a+b',
    '',
    '.',
    'arn%3Aaws%3Alambda',
    '%E2%82%AC',
    '..',
    '~x',
    "it's",
  ),
  text.map(encodeURIComponent),
);
const headerValue = fc
  .oneof(
    fc.constantFrom('x', 'two  blanks', 'tab\there', 'ü ü'),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  )
  .map((value) => value.replace(/[\p{Cc}\p{Cs}\p{Zs}\p{Zl}\p{Zp}\uFEFF]/gu, ' ').replace(/^ +| +$/g, ''));
const drafts: fc.Arbitrary<Draft> = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH'),
  path: fc.array(pathSegment, { maxLength: 5 }).map((segments) => `/${segments.join('/')}`),
  query: fc
    .array(
      fc.tuple(
        // The SDK's signer loses a member named `__proto__`, and then sends what it did not sign.
        text.filter((name) => !/^x-amz-|^__proto__$/i.test(name)),
        fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })),
      ),
      {
        maxLength: 4,
      },
    )
    .map((pairs) => Object.fromEntries(pairs)),
  headers: fc.dictionary(
    fc.constantFrom('content-type', 'x-amz-client-context', 'x-amz-log-type', 'x-custom', 'accept'),
    headerValue,
    {
      maxKeys: 4,
    },
  ),
  body: fc.uint8Array({ maxLength: 40 }),
});
const signings: fc.Arbitrary<Signing> = fc.record({
  form: fc.constantFrom('header', 'query'),
  secrets: fc.constantFrom(longTerm, temporary),
  service: fc.constantFrom('lambda', 'logs'),
  declareHash: fc.boolean(),
});

test('what the SDK signs is accepted, in every form, for odd paths, queries and headers', async () => {
  await fc.assert(
    fc.asyncProperty(drafts, signings, async (draft, signing) => {
      const request = await sign(draft, signing);
      assert.equal(outcome(request, draft.body)?.message, undefined);
    }),
    { numRuns: 1500 },
  );
});

test('the examination says who signed, for which service, and whether the body is needed first', async () => {
  const declared = verifier.examine(
    await sign(draft, { form: 'header', secrets: temporary, service: 'logs' }),
  );
  assert.ok(declared.kind === 'proven');
  assert.equal(declared.principal.accessKeyId, temporary.accessKeyId);
  assert.equal(declared.service, 'logs');
  assert.equal(declared.needsBodyHash, true);
  const undeclared = verifier.examine(await sign(draft, { form: 'header', declareHash: false }));
  assert.equal(undeclared.kind, 'pending');
});

test('an unsigned payload needs no hash', async () => {
  const headers = { ...draft.headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  for (const form of ['header', 'query'] as const) {
    const examination = verifier.examine(await sign({ ...draft, headers }, { form }));
    assert.ok(examination.kind === 'proven', form);
    assert.equal(examination.needsBodyHash, false);
    assert.equal(examination.finish(''), undefined);
  }
});

test('every single change to a signed request is refused', async () => {
  await fc.assert(
    fc.asyncProperty(drafts, signings, fc.nat(), async (draft, signing, at) => {
      const request = await sign(draft, signing);
      assert.equal(outcome(request, draft.body), undefined);
      for (const [what, changed] of mutations(request, at)) {
        assert.ok(outcome(changed, draft.body), `${what} was accepted: ${JSON.stringify(changed)}`);
      }
      assert.ok(outcome(request, Buffer.concat([draft.body, Buffer.from('x')])), 'another body was accepted');
      assert.equal(outcome(request, draft.body), undefined, 'the original is accepted still');
    }),
    { numRuns: 300 },
  );
});

function* mutations(request: WireRequest, at: number): Generator<[string, WireRequest]> {
  yield ['another method', { ...request, method: request.method === 'GET' ? 'POST' : 'GET' }];
  yield ['a longer path', { ...request, rawPath: `${request.rawPath.replace(/\/+$/, '')}/x` }];
  yield ['another query', { ...request, rawQuery: `${request.rawQuery}&zz=1` }];
  for (const name of Object.keys(request.headers)) {
    if (/^(user-agent|x-amzn-trace-id)$/.test(name)) continue;
    const value = String(request.headers[name]);
    yield [`${name} removed`, { ...request, headers: without(request.headers, name) }];
    const position = value.length === 0 ? 0 : at % value.length;
    // A blank may be one of several, which count as one.
    if (!/[ \t]/.test(value[position] ?? '') || value.length === 0) {
      yield [
        `${name} changed`,
        { ...request, headers: { ...request.headers, [name]: flip(value, position) } },
      ];
    }
  }
  yield [
    'a new x-amz- header',
    { ...request, headers: { ...request.headers, 'x-amz-invocation-type': 'Event' } },
  ];
  const parameters = request.rawQuery.split('&').filter((part) => part.startsWith('X-Amz-'));
  for (const parameter of parameters) {
    const rest = request.rawQuery.split('&').filter((part) => part !== parameter);
    yield [`${parameter} removed`, { ...request, rawQuery: rest.join('&') }];
    yield [`${parameter} twice`, { ...request, rawQuery: `${request.rawQuery}&${parameter}` }];
    const position = parameter.indexOf('=') + 1;
    yield [`${parameter} changed`, { ...request, rawQuery: [...rest, flip(parameter, position)].join('&') }];
  }
}

function without(headers: WireRequest['headers'], name: string): WireRequest['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));
}

/** Puts another character in the place of one; letters change by more than their case. */
function flip(value: string, position: number): string {
  const character = value[position] === '7' ? '8' : '7';
  return value.slice(0, position) + character + value.slice(position + 1);
}

test("a wrong secret, an unknown key, a wrong or absent or superfluous token: AWS's names", async () => {
  const wrongSecret = { ...longTerm, secretAccessKey: 'x'.repeat(40) };
  assert.equal(
    refusal(await sign(draft, { form: 'header', secrets: wrongSecret })).name,
    'InvalidSignatureException',
  );
  const invalidToken = {
    name: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  };
  for (const secrets of [
    { ...longTerm, accessKeyId: 'AKIANOBODYKNOWSTHIS1' },
    { ...temporary, sessionToken: 'another' },
    { accessKeyId: temporary.accessKeyId, secretAccessKey: temporary.secretAccessKey },
    { ...longTerm, sessionToken: 'superfluous' },
  ]) {
    for (const form of ['header', 'query'] as const) {
      assert.deepEqual(refusal(await sign(draft, { form, secrets })), invalidToken);
    }
  }
  assert.deepEqual(refusal(await sign(draft, { form: 'header', secrets: expired })), {
    name: 'ExpiredTokenException',
    message: 'The security token included in the request is expired',
  });
});

test('a request without any signature is asked for one', () => {
  const bare = { method: 'GET', rawPath: '/', rawQuery: '', headers: { host: 'h' } };
  const missing = { name: 'MissingAuthenticationTokenException', message: 'Missing Authentication Token' };
  assert.deepEqual(refusal(bare), missing);
  assert.deepEqual(refusal({ ...bare, headers: { host: 'h', authorization: 'Bearer abc' } }), missing);
});

test('five minutes of skew are accepted in both directions, and no more', async () => {
  const at = (offsetMs: number) => sign(draft, { form: 'header', signingMs: nowMs + offsetMs });
  assert.equal(outcome(await at(-300_000), draft.body), undefined);
  assert.equal(outcome(await at(300_000), draft.body), undefined);
  assert.deepEqual(refusal(await at(-301_000)), {
    name: 'InvalidSignatureException',
    message:
      'Signature expired: 20260131T115459Z is now earlier than 20260131T115500Z (20260131T120000Z - 5 min.)',
  });
  assert.deepEqual(refusal(await at(301_000)), {
    name: 'InvalidSignatureException',
    message:
      'Signature not yet current: 20260131T120501Z is still later than 20260131T120500Z (20260131T120000Z + 5 min.)',
  });
});

test('a presigned request is valid for as long as it says, at most a week', async () => {
  const signed = (signingMs: number, expiresIn: number) =>
    sign(draft, { form: 'query', signingMs, expiresIn });
  assert.equal(outcome(await signed(nowMs - 600_000, 600), draft.body), undefined);
  assert.equal(outcome(await signed(nowMs - 604_800_000, 604_800), draft.body), undefined);
  assert.deepEqual(refusal(await signed(nowMs - 601_000, 600)), {
    name: 'InvalidSignatureException',
    message: 'Signature expired: 20260131T115959Z is now earlier than 20260131T120000Z',
  });
  const request = await signed(nowMs, 600);
  for (const value of ['0', '-1', '604801', '1e3', '']) {
    const rawQuery = request.rawQuery.replace('X-Amz-Expires=600', `X-Amz-Expires=${value}`);
    assert.equal(refusal({ ...request, rawQuery }).name, 'IncompleteSignatureException', value);
  }
});

test('the credential scope must be of this region, service, day and version', async () => {
  const request = await sign(draft, { form: 'header', region: 'eu-west-1', service: 's3' });
  assert.deepEqual(refusal(request), {
    name: 'InvalidSignatureException',
    message:
      "Credential should be scoped to a valid region, not 'eu-west-1'. " +
      "Credential should be scoped to correct service: 'lambda'. " +
      "'s3' is not served at this endpoint: tell its client where it is by --endpoint-url or AWS_ENDPOINT_URL_<SERVICE>. ",
  });
  const examination: Examination = verifier.examine(request);
  assert.equal(examination.kind === 'refused' ? examination.service : '', 's3');
});

test('a global service may be signed for its own region as well as for ours, and no other service may', async () => {
  const global = new Verifier({
    findKey,
    region,
    services: [...services, 'iam'],
    signingRegions: new Map([['iam', ['eu-west-1']]]),
    nowMs: () => nowMs,
  });
  const signed = (to: string, service: string) => sign(draft, { form: 'header', region: to, service });
  assert.equal(outcome(await signed('eu-west-1', 'iam'), draft.body, global), undefined);
  assert.equal(outcome(await signed(region, 'iam'), draft.body, global), undefined);
  for (const [to, service] of [
    ['eu-west-2', 'iam'],
    ['eu-west-1', services[0] ?? ''],
  ] as const) {
    const error = outcome(await signed(to, service), draft.body, global);
    assert.equal(error?.errorName, 'InvalidSignatureException');
  }
});

function refusalOf(authorization: string): { name: string; message: string } {
  const headers = { host: 'h', authorization, 'x-amz-date': '20260131T120000Z' };
  return refusal({ method: 'GET', rawPath: '/', rawQuery: '', headers });
}

test('an incomplete Authorization header is told what it lacks', () => {
  assert.deepEqual(refusalOf('AWS4-HMAC-SHA256 Credential=a/b/c/d/e'), {
    name: 'IncompleteSignatureException',
    message:
      "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. " +
      'Authorization=AWS4-HMAC-SHA256',
  });
  assert.match(
    refusalOf('AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0').message,
    /exactly 5 slash-delimited/,
  );
  assert.match(
    refusalOf('AWS4-HMAC-SHA1 Credential=a').message,
    /Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'/,
  );
  assert.match(refusalOf('AWS4-HMAC-SHA256 nonsense').message, /missing equal-sign/);
  assert.match(refusalOf('AWS4-HMAC-SHA256 Signature=1, Signature=2').message, /Duplicate/);
  assert.match(refusalOf('AWS4-HMAC-SHA256').message, /requires 'Credential'/);
});

test('the host and every x-amz- header must be signed', async () => {
  const request = await sign(draft, { form: 'header' });
  const extra = { ...request, headers: { ...request.headers, 'x-amz-invocation-type': 'Event' } };
  assert.equal(
    refusal(extra).message,
    "'x-amz-invocation-type' must be a 'SignedHeader' in the AWS Authorization.",
  );
  const authorization = String(request.headers['authorization']).replace('host;', '');
  const hostless = { ...request, headers: { ...request.headers, authorization } };
  assert.equal(
    refusal(hostless).message,
    "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
  );
});

test('repeated headers are signed as one, joined by commas', async () => {
  const request = await sign({ ...draft, headers: { 'x-custom': 'a,b  c' } }, { form: 'header' });
  const arrived = { ...request, headers: { ...request.headers, 'x-custom': 'a, b  c' } };
  const examination = verifier.examine(arrived, new Map([['x-custom', ['a', 'b  c']]]));
  assert.equal(examination.kind, 'proven');
});

test('a key that is revoked, or whose secret changes, stops working at once', async () => {
  let secret: string | undefined = longTerm.secretAccessKey;
  const changing = new Verifier({
    region,
    services,
    nowMs: () => nowMs,
    findKey(accessKeyId) {
      const key = findKey(accessKeyId);
      return key === undefined || secret === undefined ? undefined : { ...key, secretAccessKey: secret };
    },
  });
  const request = await sign(draft, { form: 'header' });
  assert.equal(outcome(request, draft.body, changing), undefined);
  secret = 'another secret';
  assert.equal(outcome(request, draft.body, changing)?.errorName, 'InvalidSignatureException');
  secret = undefined;
  assert.equal(outcome(request, draft.body, changing)?.errorName, 'UnrecognizedClientException');
});

test('a Date header serves where there is no X-Amz-Date', async () => {
  const request = await sign(draft, { form: 'header' });
  const withDate = (date: string) => ({
    ...request,
    headers: { ...without(request.headers, 'x-amz-date'), date },
  });
  // The signature covers x-amz-date, so it must fail; but the date itself is understood.
  assert.match(refusal(withDate('Sat, 31 Jan 2026 12:00:00 GMT')).message, /does not match the signature/);
  assert.match(
    refusal(withDate('Sat, 31 Jan 2026 11:00:00 GMT')).message,
    /^Signature expired: 20260131T110000Z/,
  );
  assert.match(refusal(withDate('yesterday')).message, /basic format/);
});

test('no text in any place makes it throw', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ maxLength: 60 }),
      fc.string({ maxLength: 30 }),
      (authorization, rawQuery, date) => {
        for (const prefix of [
          '',
          'AWS4-HMAC-SHA256 ',
          'AWS4-HMAC-SHA256 Credential=a/20260131/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=',
        ]) {
          const headers = { host: 'h', 'x-amz-date': date, authorization: prefix + authorization };
          assert.equal(
            verifier.examine({ method: 'GET', rawPath: `/${date}`, rawQuery, headers }).kind,
            'refused',
          );
        }
        const presigned = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=${date}&${rawQuery}`;
        assert.equal(
          verifier.examine({ method: 'GET', rawPath: '/', rawQuery: presigned, headers: { host: 'h' } }).kind,
          'refused',
        );
      },
    ),
  );
});
