/** Requests to URLs, from their head to their answer, with a frontend that says what it was asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Principal } from '#identity';
import { unreachable } from '#lib/assert';
import type { FunctionUrlRecord } from '#metadata';
import { type HostAnswer, type HostDecision, WireError } from '#wire';
import type { Frontend, InvokeAnswer, InvokeInput } from '../frontend.ts';
import { throttledError } from '../refusals.ts';
import {
  permissions,
  publicStatements,
  someArn,
  someUrl,
  someUser,
  statement,
} from './fixtures/permissions.ts';
import { someRequest } from './fixtures/requests.ts';
import { createUrlRoute } from './route.ts';

const latest = '$LATEST';
const everybody = { [latest]: publicStatements() };

function world(
  given: {
    readonly url?: Partial<FunctionUrlRecord>;
    readonly statements?: Readonly<Record<string, readonly object[]>>;
    readonly invoke?: (input: InvokeInput) => Promise<InvokeAnswer>;
    readonly domain?: string;
  } = {},
) {
  const asked: InvokeInput[] = [];
  const faults: unknown[] = [];
  const urls = new Map([['abc', someUrl(given.url)]]);
  const { authorizer, metadata, nowMs } = permissions(given.statements ?? everybody);
  const frontend: Frontend = {
    invoke: (input) => {
      asked.push(input);
      return given.invoke?.(input) ?? Promise.resolve({ statusCode: 200, payload: Buffer.from('{"a":1}') });
    },
    invokeStreaming: (input) => {
      asked.push(input);
      const body = (async function* () {
        yield Buffer.from('streamed');
      })();
      return Promise.resolve({
        statusCode: 200,
        form: 'stream',
        traceId: 'Root=t',
        body,
        ended: Promise.resolve({}),
        cancel() {},
      });
    },
  };
  const route = createUrlRoute({
    frontend,
    metadata: { ...metadata, url: (urlId) => urls.get(urlId) },
    authorizer,
    nowMs,
    region: 'us-east-1',
    reportFault: (error) => faults.push(error),
    ...(given.domain !== undefined && { domain: given.domain }),
  });
  return { route, asked, faults, urls };
}

type World = ReturnType<typeof world>;
type Given = NonNullable<Parameters<typeof someRequest>[0]>;

/** Status and text of whatever the request comes to. */
async function ask(
  { route }: World,
  request: Given = {},
  principal?: Principal,
): Promise<readonly [number, string]> {
  const decision = route.accept(someRequest(request));
  const { statusCode, body } = await settled({ route }, decision, principal);
  assert.ok(body === undefined || body instanceof Uint8Array);
  return [statusCode, Buffer.from(body ?? '').toString()];
}

function settled(
  { route }: Pick<World, 'route'>,
  decision: HostDecision,
  principal?: Principal,
): Promise<HostAnswer> {
  switch (decision.kind) {
    case 'refused':
      return Promise.resolve(route.encodeError(decision.error, 'r'));
    case 'answered':
      return Promise.resolve(decision.answer);
    case 'operation':
      return decision.call(Buffer.from(''), principal);
    default:
      return unreachable(decision);
  }
}

const hostOf = (host: string): Given => ({ headers: { host } });
const forbidden =
  /^\{"Message":"Forbidden\. For troubleshooting Function URL authorization issues, see: https:/;

test('a request to an open URL invokes its function and gets its result', async () => {
  const here = world();
  assert.deepEqual(await ask(here, { method: 'PUT', rawPath: '/x', rawQuery: 'a=b' }), [200, '{"a":1}']);
  const [input] = here.asked;
  assert.deepEqual(
    [input?.functionName, input?.qualifier, input?.invocationType, input?.principal],
    ['f', undefined, 'RequestResponse', { accountId: '000000000000', arn: 'anonymous' }],
  );
  const event = JSON.parse(Buffer.from(input?.payload ?? '').toString()) as Record<string, unknown>;
  assert.deepEqual([event['rawPath'], event['rawQueryString'], event['version']], ['/x', 'a=b', '2.0']);
});

test('the URL of an alias invokes the alias', async () => {
  const statements = { live: publicStatements(`${someArn}:live`) };
  const here = world({ url: { qualifier: 'live' }, statements });
  await ask(here);
  assert.equal(here.asked[0]?.qualifier, 'live');
});

test('hosts: any letter case, a settable domain, and nothing else', async () => {
  const here = world({ domain: 'Fn.Example.com' });
  for (const host of ['ABC.Lambda-Url.us-east-1.LOCALHOST', 'abc.lambda-url.us-east-1.fn.example.com:80']) {
    assert.equal((await ask(here, hostOf(host)))[0], 200);
  }
  assert.deepEqual(await ask(here, hostOf('other.lambda-url.us-east-1.localhost')), [
    403,
    '{"Message":null}',
  ]);
  for (const host of [
    'abc.lambda-url.eu-west-1.localhost',
    'abc.lambda-url.us-east-1.example.com',
    'abc.lambda-url.us-east-1.localhost:port',
    'x.abc.lambda-url.us-east-1.localhost',
    '.lambda-url.us-east-1.localhost',
    '__proto__.lambda-url..localhost',
  ]) {
    assert.equal(here.route.serves(host), true);
    const [statusCode, body] = await ask(here, hostOf(host));
    assert.equal(statusCode, 404);
    assert.match(
      body,
      /"Message":"Function URLs are served here at <id>\.lambda-url\.us-east-1\.localhost and /,
    );
  }
  assert.equal(here.asked.length, 2);
});

test('who may not invoke an open URL is refused by the head alone', async () => {
  const here = world({ statements: {} });
  assert.equal(here.route.accept(someRequest()).kind, 'refused');
  const [statusCode, body] = await ask(here);
  assert.equal(statusCode, 403);
  assert.match(body, forbidden);
});

test('a URL of AWS_IAM wants a signature for lambda, and permission for the signer', async () => {
  const ada = { AWS: someUser.arn };
  const statements = {
    [latest]: ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'].map((action) =>
      statement(action, someArn, undefined, ada),
    ),
  };
  const here = world({ url: { authType: 'AWS_IAM' }, statements });
  const decision = here.route.accept(someRequest());
  assert.equal(decision.kind === 'operation' && decision.signedFor, 'lambda');
  assert.equal((await ask(here, {}, someUser))[0], 200);
  assert.equal(here.asked[0]?.principal.arn, someUser.arn);
  const [statusCode, body] = await ask(world({ url: { authType: 'AWS_IAM' }, statements: {} }), {}, someUser);
  assert.equal(statusCode, 403);
  assert.match(body, forbidden);
  const unsigned = here.route.encodeError(new WireError('MissingAuthenticationTokenException', 'x'), 'r');
  assert.match(Buffer.from(unsigned.body ?? '').toString(), forbidden);
});

test('a URL that is deleted or closed while the body is on its way invokes nothing', async () => {
  const here = world();
  const decision = here.route.accept(someRequest());
  here.urls.set('abc', someUrl({ authType: 'AWS_IAM' }));
  assert.equal((await settled(here, decision)).statusCode, 403);
  here.urls.delete('abc');
  assert.equal((await settled(here, decision)).statusCode, 403);
  assert.deepEqual(here.asked, []);
});

test('a failed function, and a result that is no answer, are a 502 without a word of why', async () => {
  const answers: readonly InvokeAnswer[] = [
    { statusCode: 200, functionError: 'Unhandled', payload: Buffer.from('{"errorMessage":"secret"}') },
    { statusCode: 200, payload: Buffer.from('{"statusCode":"x"}') },
    { statusCode: 200, payload: Buffer.from('no JSON') },
  ];
  for (const answer of answers) {
    assert.deepEqual(await ask(world({ invoke: () => Promise.resolve(answer) })), [
      502,
      'Internal Server Error',
    ]);
  }
});

test('a throttle is AWS’s, a fault of ours is told to the operator only', async () => {
  const reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
  const throttled = world({ invoke: () => Promise.reject(throttledError(reason, 1)) });
  assert.deepEqual(await ask(throttled), [
    429,
    `{"Reason":"${reason}","Type":"User","message":"Rate Exceeded."}`,
  ]);
  assert.deepEqual(throttled.faults, []);
  const broken = world({ invoke: () => Promise.reject(new Error('secret')) });
  const [statusCode, body] = await ask(broken);
  assert.equal(statusCode, 500);
  assert.ok(!body.includes('secret'));
  assert.equal(broken.faults.length, 1);
});

test('CORS: a preflight is answered without permission or function, and the configuration has the last word', async () => {
  const cors = { allowOrigins: ['http://page'], allowMethods: ['GET'] };
  const payload = Buffer.from('{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"http://other"}}');
  const closed = world({ url: { cors }, statements: {} });
  const preflight = {
    method: 'OPTIONS',
    headers: { origin: 'http://page', 'access-control-request-method': 'GET' },
  };
  const decision = closed.route.accept(someRequest(preflight));
  assert.equal(
    decision.kind === 'answered' && decision.answer.headers['access-control-allow-origin'],
    'http://page',
  );
  const open = world({ url: { cors }, invoke: () => Promise.resolve({ statusCode: 200, payload }) });
  const request = someRequest({ headers: { origin: 'http://page' } });
  const { headers } = await settled(open, open.route.accept(request));
  assert.equal(headers['access-control-allow-origin'], 'http://page');
  assert.deepEqual(closed.asked, []);
});

test('a URL that streams streams, and says the trace', async () => {
  const here = world({ url: { invokeMode: 'RESPONSE_STREAM' } });
  const { body, headers } = await settled(here, here.route.accept(someRequest()));
  assert.equal(headers['x-amzn-trace-id'], 'Root=t');
  let text = '';
  for await (const chunk of body as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString();
  assert.equal(text, 'streamed');
});
