/** What passes through function URLs: events in, answers and streams out. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { openTarget, type Target } from '../../target.ts';
import { fetchUrl, openUrl, type UrlAnswer } from '../../url-client.ts';
import { echoOf, expect, site, type Site } from '../../url-site.ts';

let target: Target;
before(async () => (target = await openTarget()));
after(() => target.close());

suite('what the function gets', () => {
  let echo: Site;
  before(async () => {
    echo = await site(target, 'echo');
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
    say = await site(target, 'say');
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
    stream = await site(target, 'stream', { InvokeMode: 'RESPONSE_STREAM' });
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
    const { url } = await site(target, 'say', { InvokeMode: 'RESPONSE_STREAM' });
    const body = '{"statusCode":404,"body":"x"}';
    const answer = await expect(200, url, { method: 'POST', body });
    assert.deepEqual([answer.text, answer.headers['content-type']], [body, 'application/json']);
  });
});
