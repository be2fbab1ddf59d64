/**
 * Function URLs as their clients meet them. Against AWS, LAMBKIN_TEST_IAM_ENDPOINT names IAM's endpoint. Two statements per function, because
 * AWS asks for two permissions since October 2025.
 */
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigCommandInput,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteFunctionUrlConfigCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  RemovePermissionCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../../archive.ts';
import { openTarget, type Target } from '../../target.ts';
import { fetchUrl, openUrl, type Signing, type UrlAnswer, type UrlRequest } from '../../url-client.ts';

/** AWS tells everybody in its own time; here at once. */
const tries = process.env['LAMBKIN_TEST_ENDPOINT'] === undefined ? 1 : 60;
const betweenTriesMs = 1_000;

/** `echo` answers with its event, `say` with what it is sent, `stream` streams. */
const source = `
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const bodyOf = ({ body = '', isBase64Encoded }) => Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8').toString();

export const echo = async (event, context) => ({ statusCode: 200, body: JSON.stringify({ event, arn: context.invokedFunctionArn }) });

export const say = async (event) => {
  if (event.rawPath === '/fails') throw new Error('secret');
  if (event.rawPath === '/hangs') await wait(60_000);
  if (event.rawPath === '/large') return { statusCode: 200, body: 'x'.repeat(7 * 1024 * 1024) };
  return JSON.parse(bodyOf(event));
};

export const stream = awslambda.streamifyResponse(async (event, out) => {
  if (event.rawPath === '/fails') throw new Error('secret');
  if (event.rawPath === '/plain') return void out.end('plain');
  if (event.rawPath === '/head') return void out.end(bodyOf(event));
  const head = { statusCode: 201, headers: { 'Content-Type': 'text/plain', 'X-A': 'b' }, cookies: ['a=1', 'b=2; Path=/'] };
  out = awslambda.HttpResponseStream.from(out, head);
  out.write('one ');
  await wait(100);
  if (event.rawPath === '/breaks') throw new Error('secret');
  for (let left = event.rawPath === '/endless' ? 400 : 0; left > 0; left -= 1) {
    if (!out.write('x'.repeat(65_536))) await new Promise((resolve) => out.once('drain', resolve));
  }
  out.write('two');
  out.end();
});
`;

let target: Target;
let ownSigning: Signing;
before(async () => {
  target = await openTarget();
  ownSigning = { credentials: target.credentials, region: target.region };
});
after(() => target.close());

interface Site {
  readonly functionName: string;
  readonly url: string;
}

/** A function with a URL, for everybody unless `config` says otherwise. */
async function site(
  handler: 'echo' | 'say' | 'stream',
  config: Partial<CreateFunctionUrlConfigCommandInput> = {},
): Promise<Site> {
  const functionName = await target.createFunction({
    Handler: `index.${handler}`,
    Timeout: 3,
    Code: { ZipFile: await archive({ 'index.mjs': source }) },
  });
  return { functionName, url: await openTo(functionName, { AuthType: 'NONE', ...config }) };
}

async function openTo(
  functionName: string,
  config: Partial<CreateFunctionUrlConfigCommandInput>,
): Promise<string> {
  const { FunctionUrl = '' } = await target.client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: functionName, AuthType: 'NONE', ...config }),
  );
  if (config.AuthType !== 'AWS_IAM') await allowEverybody(functionName, config.Qualifier);
  return FunctionUrl;
}

async function allowEverybody(FunctionName: string, Qualifier?: string): Promise<void> {
  const common = { FunctionName, Qualifier, Principal: '*' };
  await target.client.send(
    new AddPermissionCommand({
      ...common,
      StatementId: 'url',
      Action: 'lambda:InvokeFunctionUrl',
      FunctionUrlAuthType: 'NONE',
    }),
  );
  await target.client.send(
    new AddPermissionCommand({
      ...common,
      StatementId: 'invoke',
      Action: 'lambda:InvokeFunction',
      InvokedViaFunctionUrl: true,
    }),
  );
}

/** The answer, once it has this status. */
async function expect(statusCode: number, url: string, request?: UrlRequest): Promise<UrlAnswer> {
  let answer = await fetchUrl(url, request);
  for (let left = tries - 1; left > 0 && answer.statusCode !== statusCode; left -= 1) {
    await sleep(betweenTriesMs);
    answer = await fetchUrl(url, request);
  }
  assert.equal(answer.statusCode, statusCode, answer.text.slice(0, 500));
  return answer;
}

interface Echo {
  readonly event: Readonly<Record<string, unknown>> & {
    readonly headers: Readonly<Record<string, string>>;
    readonly requestContext: Readonly<Record<string, unknown>>;
  };
  readonly arn: string;
}

const echoOf = ({ text }: UrlAnswer): Echo => JSON.parse(text) as Echo;
const forbidden =
  '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}';

function assertForbidden({ text, headers }: UrlAnswer): void {
  assert.equal(text, forbidden);
  assert.equal(headers['x-amzn-errortype'], 'AccessDeniedException');
  assert.equal(headers['content-type'], 'application/json');
  assert.ok(headers['x-amzn-requestid']);
}

suite('what the function gets', () => {
  let echo: Site;
  before(async () => {
    echo = await site('echo');
    await expect(200, echo.url);
  });

  test('payload format 2.0', async () => {
    const { hostname, port } = new URL(echo.url);
    const answer = await fetchUrl(echo.url, {
      method: 'POST',
      target: 'my/p%20ath%2F/?x=1&x=2&y=a+b%21&=&z',
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'tester/1',
        'X-Many': ['one', 'two'],
        Cookie: 'a=1; b="2"',
      },
      body: '{"é":1}',
    });
    const { event, arn } = echoOf(answer);
    const { headers, requestContext, ...rest } = event;
    assert.deepEqual(rest, {
      version: '2.0',
      routeKey: '$default',
      rawPath: '/my/p%20ath%2F/',
      rawQueryString: 'x=1&x=2&y=a+b%21&=&z',
      cookies: ['a=1', 'b="2"'],
      queryStringParameters: { x: '1,2', y: 'a b!', '': '', z: '' },
      body: '{"é":1}',
      isBase64Encoded: false,
    });
    assert.equal(headers['host'], port === '' ? hostname : `${hostname}:${port}`);
    assert.deepEqual([headers['x-many'], headers['content-type']], ['one,two', 'application/json']);
    assert.match(headers['x-amzn-trace-id'] ?? '', /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}/);
    const { http, requestId, time, timeEpoch, ...context } = requestContext;
    assert.deepEqual(context, {
      accountId: 'anonymous',
      apiId: hostname.split('.')[0],
      domainName: hostname,
      domainPrefix: hostname.split('.')[0],
      routeKey: '$default',
      stage: '$default',
    });
    const { sourceIp, ...request } = http as Record<string, unknown>;
    assert.deepEqual(request, {
      method: 'POST',
      path: '/my/p%20ath%2F/',
      protocol: 'HTTP/1.1',
      userAgent: 'tester/1',
    });
    assert.equal(headers['x-forwarded-for'], sourceIp);
    assert.match(String(time), /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
    assert.ok(Math.abs(Date.now() - Number(timeEpoch)) < 300_000);
    assert.equal(requestId, answer.headers['x-amzn-requestid']);
    assert.equal(arn, `arn:aws:lambda:${target.region}:${target.accountId}:function:${echo.functionName}`);
  });

  test('nothing but a request: no body, no query, no cookies', async () => {
    const { event } = echoOf(await fetchUrl(echo.url));
    for (const member of ['body', 'cookies', 'queryStringParameters']) assert.ok(!(member in event), member);
    assert.equal(event['isBase64Encoded'], false);
    assert.equal(event['rawQueryString'], '');
  });

  test('bodies are text by their content type, else Base64', async () => {
    const cases: readonly (readonly [type: string | undefined, isText: boolean])[] = [
      ['text/plain', true],
      ['text/html; charset=utf-8', true],
      ['application/json', true],
      ['application/xml', true],
      ['application/javascript', true],
      ['application/x-www-form-urlencoded', false],
      ['multipart/form-data; boundary=x', false],
      ['application/octet-stream', false],
      ['image/png', false],
      [undefined, false],
    ];
    for (const [type, isText] of cases) {
      const headers = type === undefined ? {} : { 'content-type': type };
      const { event } = echoOf(await fetchUrl(echo.url, { method: 'PUT', headers, body: 'a=b' }));
      assert.deepEqual(
        [type, event['isBase64Encoded'], event['body']],
        [type, !isText, isText ? 'a=b' : 'YT1i'],
      );
    }
  });

  test('any method is the function’s', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const { http } = echoOf(await fetchUrl(echo.url, { method })).event.requestContext;
      assert.equal((http as { readonly method: string }).method, method);
    }
    const head = await fetchUrl(echo.url, { method: 'HEAD' });
    assert.deepEqual([head.statusCode, head.text], [200, '']);
    assert.ok(Number(head.headers['content-length']) > 100);
  });

  test('the client’s own trace goes on', async () => {
    const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0';
    const answer = await fetchUrl(echo.url, { headers: { 'X-Amzn-Trace-Id': trace } });
    assert.match(String(answer.headers['x-amzn-trace-id']), /^Root=1-5759e988-bd862e3fe1be46a994272793/);
  });

  test('an event of more than 6 MB is refused, told beforehand or not', async () => {
    const fits = await fetchUrl(echo.url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'x'.repeat(2_900_000),
    });
    assert.equal(fits.statusCode, 200);
    for (const [size, chunked] of [
      [6 * 1024 * 1024 + 1, false],
      [6 * 1024 * 1024 + 1, true],
      [6 * 1024 * 1024 - 10, false],
    ] as const) {
      const body = 'x'.repeat(size);
      const headers = { 'content-type': 'text/plain' };
      const answer = await fetchUrl(echo.url, { method: 'POST', headers, body, chunked });
      assert.equal(answer.statusCode, 413);
      assert.match(answer.text, /^\{"Message":"/);
      assert.equal(answer.headers['x-amzn-errortype'], 'RequestEntityTooLargeException');
    }
    await expect(200, echo.url);
  });
});

suite('what the client gets', () => {
  let say: Site;
  before(async () => {
    say = await site('say');
    await expect(200, say.url, { method: 'POST', body: '{}' });
  });
  const said = (result: unknown): Promise<UrlAnswer> =>
    fetchUrl(say.url, { method: 'POST', body: JSON.stringify(result) });

  test('any JSON without a status is the body of a 200', async () => {
    for (const [result, text] of [
      [{ hello: 'world' }, '{"hello":"world"}'],
      [['hello', 3, true], '["hello",3,true]'],
      ['hello', 'hello'],
      [3.1, '3.1'],
      [true, 'true'],
      [null, 'null'],
    ] as const) {
      const answer = await said(result);
      assert.deepEqual([answer.statusCode, answer.text], [200, text]);
      assert.equal(answer.headers['content-type'], 'application/json');
    }
  });

  test('an object with a status says status, headers, cookies and body', async () => {
    const answer = await said({
      statusCode: 418,
      headers: { 'Content-Type': 'text/plain', 'X-Number': 7, Connection: 'close' },
      cookies: ['a=1; Path=/', 'b=2'],
      body: "I'm a teapot",
    });
    assert.deepEqual([answer.statusCode, answer.text], [418, "I'm a teapot"]);
    assert.equal(answer.headers['content-type'], 'text/plain');
    assert.equal(answer.headers['x-number'], '7');
    assert.deepEqual(answer.headers['set-cookie'], ['a=1; Path=/', 'b=2']);
    assert.ok(answer.headers['x-amzn-requestid']);
    assert.match(String(answer.headers['x-amzn-trace-id']), /^Root=/);
    const binary = await said({ statusCode: '200', body: '//4AAQ==', isBase64Encoded: true });
    assert.deepEqual([...binary.body], [0xff, 0xfe, 0, 1]);
    const empty = await said({ statusCode: 204 });
    assert.deepEqual([empty.statusCode, empty.text, empty.isWhole], [204, '', true]);
    const moved = await said({ statusCode: 302, headers: { Location: 'https://example.com/' } });
    assert.deepEqual([moved.statusCode, moved.headers['location']], [302, 'https://example.com/']);
  });

  test('a failure, a timeout, a result that is too large or no answer: 502, and not a word of why', async () => {
    const none: readonly unknown[] = [
      { statusCode: 'x' },
      { statusCode: 99 },
      { statusCode: 200, headers: { 'a\r\nb': 'c' } },
      { statusCode: 200, headers: { a: 'b\r\nSet-Cookie: c=d' } },
    ];
    const answers = [
      await fetchUrl(say.url, { target: 'fails' }),
      await fetchUrl(say.url, { target: 'hangs' }),
      await fetchUrl(say.url, { target: 'large' }),
    ];
    for (const result of none) answers.push(await said(result));
    for (const answer of answers) {
      assert.deepEqual([answer.statusCode, answer.text], [502, 'Internal Server Error']);
      assert.equal(answer.headers['set-cookie'], undefined);
    }
    assert.equal((await said('fine')).text, 'fine');
  });
});

suite('streams', () => {
  let stream: Site;
  before(async () => {
    stream = await site('stream', { InvokeMode: 'RESPONSE_STREAM' });
    await expect(200, stream.url, { target: 'plain' });
  });

  test('status, headers and cookies come first, then bytes as they are written', async () => {
    const answer = await fetchUrl(stream.url);
    assert.deepEqual([answer.statusCode, answer.text, answer.isWhole], [201, 'one two', true]);
    assert.ok(answer.pieces.length > 1);
    assert.equal(answer.headers['content-type'], 'text/plain');
    assert.equal(answer.headers['x-a'], 'b');
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2; Path=/']);
    assert.equal(answer.headers['content-length'], undefined);
  });

  test('a stream without a head is a 200 of bytes', async () => {
    const answer = await fetchUrl(stream.url, { target: 'plain' });
    assert.deepEqual(
      [answer.statusCode, answer.headers['content-type'], answer.text],
      [200, 'application/octet-stream', 'plain'],
    );
    const head = await fetchUrl(stream.url, { method: 'HEAD' });
    assert.deepEqual([head.statusCode, head.text], [201, '']);
  });

  test('a failure before the first byte is a 502, later the connection is cut in the middle', async () => {
    const fails = await fetchUrl(stream.url, { target: 'fails' });
    assert.deepEqual([fails.statusCode, fails.text], [502, 'Internal Server Error']);
    const breaks = await fetchUrl(stream.url, { target: 'breaks' });
    assert.deepEqual([breaks.statusCode, breaks.text, breaks.isWhole], [201, 'one ', false]);
    assert.equal((await fetchUrl(stream.url)).text, 'one two');
  });

  test('a client that leaves does the function no harm', async () => {
    const { sent, message } = await openUrl(stream.url, { target: 'endless' });
    assert.equal(message.statusCode, 201);
    sent.destroy();
    assert.equal((await fetchUrl(stream.url)).text, 'one two');
  });

  test('a function that does not stream has its result passed on as it is', async () => {
    const { url } = await site('say', { InvokeMode: 'RESPONSE_STREAM' });
    const body = '{"statusCode":404,"body":"x"}';
    const answer = await expect(200, url, { method: 'POST', body });
    assert.deepEqual([answer.text, answer.headers['content-type']], [body, 'application/json']);
  });
});

suite('who may', () => {
  test('everybody, once both permissions are there', async () => {
    const { client } = target;
    const FunctionName = await target.createFunction();
    const { FunctionUrl: url = '' } = await client.send(
      new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE' }),
    );
    assertForbidden(await expect(403, url));
    assertForbidden(await expect(403, url, { sign: ownSigning }));
    await allowEverybody(FunctionName);
    await expect(200, url);
    for (const StatementId of ['url', 'invoke']) {
      await client.send(new RemovePermissionCommand({ FunctionName, StatementId }));
      assertForbidden(await expect(403, url));
      await client.send(
        new RemovePermissionCommand({ FunctionName, StatementId: StatementId === 'url' ? 'invoke' : 'url' }),
      );
      await allowEverybody(FunctionName);
    }
    // What was said for AuthType NONE does not hold for AWS_IAM, and the account's own root needs nobody's leave.
    await client.send(new UpdateFunctionUrlConfigCommand({ FunctionName, AuthType: 'AWS_IAM' }));
    assertForbidden(await expect(403, url));
    await expect(200, url, { sign: ownSigning });
  });

  test('signers, and the function is told who', async () => {
    const { url } = await site('echo', { AuthType: 'AWS_IAM' });
    const request = {
      method: 'POST',
      target: 'a%20b?q=1',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    };
    const { event } = echoOf(await expect(200, url, { ...request, sign: ownSigning }));
    const { accountId, authorizer } = event.requestContext;
    const { iam } = authorizer as { readonly iam: Readonly<Record<string, unknown>> };
    assert.equal(accountId, target.accountId);
    assert.deepEqual(
      [iam['accessKey'], iam['accountId']],
      [target.credentials.accessKeyId, target.accountId],
    );
    assert.match(String(iam['userArn']), /^arn:aws:/);
    assert.equal(event.headers['authorization'], undefined);
    assertForbidden(await expect(403, url, request));
  });

  test('a wrong signature: another key, service, region or body', async () => {
    const { url } = await site('echo', { AuthType: 'AWS_IAM' });
    await expect(200, url, { sign: ownSigning });
    const { credentials, region } = ownSigning;
    for (const sign of [
      { ...ownSigning, service: 'execute-api' },
      { credentials, region: region === 'eu-west-1' ? 'us-west-1' : 'eu-west-1' },
      { credentials: { ...credentials, secretAccessKey: 'x' }, region },
      { credentials: { ...credentials, accessKeyId: 'AKIANOBODYNOBODYNOBO' }, region },
    ]) {
      const { statusCode, text } = await fetchUrl(url, { sign });
      assert.equal(statusCode, 403);
      assert.doesNotMatch(text, /"event"/);
    }
  });

  test('a user by its own policies, for both actions', async () => {
    const { region } = target;
    const endpoint = process.env['LAMBKIN_TEST_IAM_ENDPOINT'] ?? target.endpoint;
    const iam = new IAMClient({ endpoint, region, credentials: target.credentials });
    const { functionName, url } = await site('echo', { AuthType: 'AWS_IAM' });
    const UserName = target.name();
    await iam.send(new CreateUserCommand({ UserName }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
    const sign = { credentials: { accessKeyId, secretAccessKey }, region };
    const Resource = `arn:aws:lambda:${region}:${target.accountId}:function:${functionName}`;
    const allow = async (actions: readonly string[], Condition?: object): Promise<void> => {
      const Statement = { Effect: 'Allow', Action: actions, Resource, ...(Condition && { Condition }) };
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
      await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument }));
    };
    try {
      assertForbidden(await expect(403, url, { sign }));
      await allow(['lambda:InvokeFunctionUrl']);
      assertForbidden(await expect(403, url, { sign }));
      await allow(['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction']);
      const { event } = echoOf(await expect(200, url, { sign }));
      const { iam: caller } = event.requestContext['authorizer'] as {
        readonly iam: { readonly userArn: string };
      };
      assert.equal(caller.userArn, `arn:aws:iam::${target.accountId}:user/${UserName}`);
    } finally {
      await iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName: 'p' })).catch(() => undefined);
      await iam
        .send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: accessKeyId }))
        .catch(() => undefined);
      await iam.send(new DeleteUserCommand({ UserName })).catch(() => undefined);
      iam.destroy();
    }
  });
});

suite('what is not there', () => {
  const isUnknown = ({ statusCode, text, headers }: UrlAnswer): void => {
    assert.deepEqual([statusCode, text], [403, '{"Message":null}']);
    assert.equal(headers['x-amzn-errortype'], 'AccessDeniedException');
  };

  test('an alias has its own URL and permissions, which go with it', async () => {
    const { client } = target;
    const { functionName: FunctionName, url } = await site('echo');
    const { Version: FunctionVersion = '' } = await client.send(new PublishVersionCommand({ FunctionName }));
    await client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion }));
    const aliasUrl = await openTo(FunctionName, { Qualifier: 'live' });
    const { arn } = echoOf(await expect(200, aliasUrl));
    assert.match(arn, /:live$/);
    await client.send(new DeleteAliasCommand({ FunctionName, Name: 'live' }));
    isUnknown(await expect(403, aliasUrl));
    await expect(200, url);
  });

  test('a URL that was deleted, and one whose function was', async () => {
    const { client } = target;
    const one = await site('echo');
    await expect(200, one.url);
    await client.send(new DeleteFunctionUrlConfigCommand({ FunctionName: one.functionName }));
    isUnknown(await expect(403, one.url));
    const two = await site('echo');
    await expect(200, two.url);
    await client.send(new DeleteFunctionCommand({ FunctionName: two.functionName }));
    isUnknown(await expect(403, two.url));
  });

  test('a function that may not run at all is throttled', async () => {
    const { functionName: FunctionName, url } = await site('echo');
    await expect(200, url);
    await target.client.send(
      new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }),
    );
    const { text, headers } = await expect(429, url);
    assert.equal(headers['x-amzn-errortype'], 'TooManyRequestsException');
    assert.deepEqual(JSON.parse(text), {
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      Type: 'User',
      message: 'Rate Exceeded.',
    });
  });
});

suite('CORS', () => {
  const page = 'https://page.example';
  const preflight = (origin: string, headers = 'x-a'): UrlRequest => ({
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': headers },
  });
  const saidIn = ({ headers }: UrlAnswer): Readonly<Record<string, unknown>> =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

  test('the URL answers preflights itself, and adds its headers to every answer', async () => {
    const { url, functionName: FunctionName } = await site('say', {
      Cors: {
        AllowOrigins: [page],
        AllowMethods: ['PUT', 'GET'],
        AllowHeaders: ['X-A'],
        ExposeHeaders: ['X-B', 'X-C'],
        AllowCredentials: true,
        MaxAge: 60,
      },
    });
    const answer = await expect(200, url, preflight(page));
    assert.equal(answer.text, '');
    assert.deepEqual(saidIn(answer), {
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'PUT,GET',
      'access-control-allow-headers': 'X-A',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '60',
    });
    assert.deepEqual(saidIn(await fetchUrl(url, preflight('https://other.example'))), {});
    const result = { statusCode: 200, headers: { 'Access-Control-Allow-Origin': '*' } };
    const body = JSON.stringify(result);
    const said = await expect(200, url, { method: 'PUT', headers: { origin: page }, body });
    assert.deepEqual(saidIn(said), {
      'access-control-allow-origin': page,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'X-B,X-C',
    });
    const failed = await fetchUrl(url, { target: 'fails', headers: { origin: page } });
    assert.deepEqual([failed.statusCode, failed.headers['access-control-allow-origin']], [502, page]);
    await target.client.send(
      new UpdateFunctionUrlConfigCommand({ FunctionName, Cors: { AllowOrigins: ['*'] } }),
    );
    const anybody = await fetchUrl(url, {
      method: 'PUT',
      headers: { origin: 'https://other.example' },
      body,
    });
    assert.equal(anybody.headers['access-control-allow-origin'], 'https://other.example');
  });

  test('without a configuration preflights are the function’s', async () => {
    const { url } = await site('echo');
    const { event } = echoOf(await expect(200, url, preflight(page)));
    assert.equal(event.headers['access-control-request-method'], 'PUT');
  });
});
