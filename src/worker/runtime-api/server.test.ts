/** The Runtime API over real connections: what is allowed when, word for word, and what bad clients get. */
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { seededEntropy } from '#platform';
import type { Call, RuntimeLink, RuntimeSays } from '../environment/runtime.ts';
import { RuntimeApi, type RuntimeApiEndpoint } from './server.ts';

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

class Api implements AsyncDisposable {
  readonly said: RuntimeSays[] = [];
  readonly agent = new Agent({ keepAlive: true });
  readonly endpoint: RuntimeApiEndpoint;
  readonly link: RuntimeLink;

  static async open(): Promise<Api> {
    return new Api(await new RuntimeApi(seededEntropy(1)).open());
  }

  constructor(endpoint: RuntimeApiEndpoint) {
    this.endpoint = endpoint;
    this.link = endpoint.serve((message) => {
      this.said.push(message);
      if (message.kind === 'stream-chunk') this.onChunk(message);
    });
  }

  /** There is always room. */
  onChunk = ({ more }: Extract<RuntimeSays, { kind: 'stream-chunk' }>): void => more('wanted');

  /** The stream that was told last. */
  stream(): { readonly contentType: string; readonly text: string; readonly end: RuntimeSays | undefined } {
    const start = this.said.findLastIndex(({ kind }) => kind === 'stream-start');
    const [head, ...rest] = this.said.slice(start);
    const chunks = rest.flatMap((message) => (message.kind === 'stream-chunk' ? [message.bytes] : []));
    return {
      contentType: head?.kind === 'stream-start' ? head.contentType : '',
      text: Buffer.concat(chunks).toString(),
      end: rest.find(({ kind }) => kind === 'stream-end' || kind === 'stream-failure'),
    };
  }

  async ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body: readonly (string | Buffer)[] = [],
    trailers: Record<string, string> = {},
  ): Promise<Answer> {
    const [host, port] = this.endpoint.address.split(':');
    const request = httpRequest({
      host,
      port,
      method,
      path: `/2018-06-01${path}`,
      headers,
      agent: this.agent,
    });
    for (const chunk of body) request.write(chunk);
    if (Object.keys(trailers).length > 0) request.addTrailers(trailers);
    request.end();
    const [response] = await once(request, 'response');
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
  }

  /** A raw exchange: what was answered until the server closed. */
  async raw(text: string, end: boolean): Promise<string> {
    const [host, port] = this.endpoint.address.split(':');
    const socket = connect({ host: host ?? '', port: Number(port), allowHalfOpen: true });
    socket.on('error', () => {});
    if (end) socket.end(text);
    else socket.write(text);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await once(socket, 'close');
    return answer;
  }

  call(requestId = 'r1', payload = '{"x":1}'): Call {
    return {
      requestId,
      payload: Buffer.from(payload),
      invokedArn: 'arn:f',
      traceId: 'Root=1',
      clientContext: '{"custom":"ü"}',
      deadlineMs: 123,
    };
  }

  /** A runtime that has an invoke in hand. */
  async running(requestId = 'r1'): Promise<Answer> {
    const next = this.ask('GET', '/runtime/invocation/next');
    while (this.said.at(-1)?.kind !== 'ready') await new Promise((resolve) => setImmediate(resolve));
    this.link.invoke(this.call(requestId));
    return next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.agent.destroy();
    this.endpoint.close();
  }
}

const errorOf = (answer: Answer) => JSON.parse(answer.body) as { errorType: string; errorMessage: string };

test('next waits for an invoke and brings every header of the contract', async () => {
  await using api = await Api.open();
  const next = await api.running();
  assert.equal(next.status, 200);
  assert.equal(next.body, '{"x":1}');
  const { headers } = next;
  assert.equal(headers['lambda-runtime-aws-request-id'], 'r1');
  assert.equal(headers['lambda-runtime-deadline-ms'], '123');
  assert.equal(headers['lambda-runtime-invoked-function-arn'], 'arn:f');
  assert.equal(headers['lambda-runtime-trace-id'], 'Root=1');
  assert.equal(
    Buffer.from(String(headers['lambda-runtime-client-context']), 'latin1').toString(),
    '{"custom":"ü"}',
  );
  assert.match(String(headers['lambda-runtime-invocation-id']), /^[0-9a-f-]{36}$/);
  assert.equal(headers['content-type'], 'application/json');
});

test('an answer is accepted once; the same id again, a wrong id and a stale attempt are invalid', async () => {
  await using api = await Api.open();
  const next = await api.running();
  const attempt = { 'Lambda-Runtime-Invocation-Id': String(next.headers['lambda-runtime-invocation-id']) };
  const wrong = await api.ask('POST', '/runtime/invocation/other/response', {}, ['1']);
  assert.equal(wrong.status, 400);
  assert.deepEqual(errorOf(wrong), { errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' });
  const stale = { 'Lambda-Runtime-Invocation-Id': 'another' };
  assert.equal((await api.ask('POST', '/runtime/invocation/r1/response', stale, ['1'])).status, 400);
  const good = await api.ask('POST', '/runtime/invocation/r1/response', attempt, ['"yes"']);
  assert.equal(good.status, 202);
  assert.deepEqual(JSON.parse(good.body), { status: 'OK' });
  const again = await api.ask('POST', '/runtime/invocation/r1/response', {}, ['"again"']);
  assert.equal(again.status, 400);
  assert.equal(errorOf(again).errorType, 'InvalidRequestID');
  assert.deepEqual(
    api.said.map((message) =>
      'payload' in message ? [message.kind, message.payload.toString()] : message.kind,
    ),
    ['ready', ['response', '"yes"']],
  );
  const second = await api.running('r2');
  assert.equal(second.headers['lambda-runtime-aws-request-id'], 'r2');
});

test('what is out of turn is an invalid state transition', async () => {
  await using api = await Api.open();
  const early = await api.ask('POST', '/runtime/invocation/r1/response', {}, ['1']);
  assert.equal(early.status, 403);
  assert.deepEqual(errorOf(early), {
    errorType: 'InvalidStateTransition',
    errorMessage:
      'State transition from Started to InvocationResponse failed for runtime. Error: State transition is not allowed',
  });
  await api.running();
  const late = await api.ask('POST', '/runtime/init/error', {}, ['{}']);
  assert.equal(late.status, 403);
  assert.match(errorOf(late).errorMessage, /from Running to InitError/);
  assert.equal((await api.ask('GET', '/runtime/restore/next')).status, 403);
});

test('a handler’s error is passed on', async () => {
  await using api = await Api.open();
  await api.running();
  const error = '{"errorType":"E","errorMessage":"m"}';
  const answer = await api.ask('POST', '/runtime/invocation/r1/error', {}, [error]);
  assert.equal(answer.status, 202);
  assert.deepEqual(api.said.at(-1), { kind: 'error', payload: Buffer.from(error) });
});

test('an init error is accepted before the first next, and its type made fit for logs', async () => {
  for (const [header, type] of [
    ['Runtime.NoSuchHandler', 'Runtime.NoSuchHandler'],
    ['Function.x', 'Function.Unknown'],
    ['whatever\tever', 'Runtime.Unknown'],
  ] as const) {
    await using api = await Api.open();
    const answer = await api.ask(
      'POST',
      '/runtime/init/error',
      { 'Lambda-Runtime-Function-Error-Type': header },
      ['{}'],
    );
    assert.equal(answer.status, 202);
    while (api.said.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(api.said, [{ kind: 'init-error', payload: Buffer.from('{}'), errorType: type }]);
    assert.equal((await api.ask('GET', '/runtime/invocation/next')).status, 403);
  }
});

test('a response beyond 6291556 bytes is 413, and its size is told', async () => {
  await using api = await Api.open();
  await api.running();
  const chunk = Buffer.alloc(1024 * 1024);
  const body = Array.from({ length: 8 }, () => chunk);
  const answer = await api.ask('POST', '/runtime/invocation/r1/response', {}, body);
  assert.equal(answer.status, 413);
  assert.deepEqual(errorOf(answer), {
    errorType: 'RequestEntityTooLarge',
    errorMessage: 'Exceeded maximum allowed payload size (6291556 bytes).',
  });
  assert.deepEqual(api.said.at(-1), { kind: 'too-large', sizeBytes: 8 * 1024 * 1024 });
  assert.equal((await api.running('r2')).status, 200);
});

const streaming = { 'Lambda-Runtime-Function-Response-Mode': 'streaming', 'Transfer-Encoding': 'chunked' };

test('a streamed response is told chunk by chunk, with its content type, and its end', async () => {
  await using api = await Api.open();
  await api.running();
  const headers = { ...streaming, 'Content-Type': 'text/html' };
  assert.equal((await api.ask('POST', '/runtime/invocation/r1/response', headers, ['a', 'b'])).status, 202);
  assert.deepEqual(api.stream(), { contentType: 'text/html', text: 'ab', end: { kind: 'stream-end' } });
  await api.running('r2');
  await api.ask('POST', '/runtime/invocation/r2/response', streaming);
  const end = { kind: 'stream-end' };
  assert.deepEqual(api.stream(), { contentType: 'application/octet-stream', text: '', end });
});

test('an error in the trailers ends a stream with that error, and makes of a whole response an error', async () => {
  await using api = await Api.open();
  const trailer = 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body';
  const payload = Buffer.from('{"errorType":"Broken"}');
  const trailers = {
    'Lambda-Runtime-Function-Error-Type': 'Runtime.Broken',
    'Lambda-Runtime-Function-Error-Body': payload.toString('base64'),
  };
  await api.running();
  const stream = { ...streaming, Trailer: trailer };
  await api.ask('POST', '/runtime/invocation/r1/response', stream, ['half'], trailers);
  const { text, end } = api.stream();
  assert.deepEqual([text, end], ['half', { kind: 'stream-failure', errorType: 'Runtime.Broken', payload }]);
  await api.running('r2');
  const whole = { 'Transfer-Encoding': 'chunked', Trailer: trailer };
  await api.ask('POST', '/runtime/invocation/r2/response', whole, ['half'], trailers);
  assert.deepEqual(api.said.at(-1), { kind: 'error', payload });
  await api.running('r3');
  const bare = { 'Lambda-Runtime-Function-Error-Type': 'Runtime.Broken' };
  await api.ask('POST', '/runtime/invocation/r3/response', stream, ['x'], bare);
  assert.deepEqual(api.stream().end, {
    kind: 'stream-failure',
    errorType: 'Runtime.Broken',
    payload: Buffer.from('{"errorType":"Runtime.Broken"}'),
  });
});

test('a response mode that there is not is refused, and fails the invoke', async () => {
  await using api = await Api.open();
  await api.running();
  const odd = await api.ask('POST', '/runtime/invocation/r1/response', {
    'Lambda-Runtime-Function-Response-Mode': 'odd',
  });
  assert.equal(odd.status, 400);
  assert.equal(errorOf(odd).errorMessage, 'Invalid function response mode');
  const said = api.said.at(-1);
  assert.ok(said?.kind === 'error');
  assert.match(Buffer.from(said.payload).toString(), /Runtime\.InvalidResponseModeHeader/);
});

test('a body that stops half-way ends the invoke as truncated', async () => {
  await using api = await Api.open();
  await api.running();
  const half = await api.raw(
    'POST /2018-06-01/runtime/invocation/r1/response HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345',
    true,
  );
  assert.match(half, /^HTTP\/1\.1 400 /);
  assert.match(half, /HTTP request detected as truncated/);
  const said = api.said.at(-1);
  assert.ok(said?.kind === 'error');
  assert.match(Buffer.from(said.payload).toString(), /Runtime\.TruncatedResponse/);
});

test('a next whose connection broke is forgotten; one during an invoke gets the same invoke again', async () => {
  await using api = await Api.open();
  const [host, port] = api.endpoint.address.split(':');
  const socket = connect({ host: host ?? '', port: Number(port) });
  socket.write('GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n');
  while (api.said.length === 0) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  await once(socket, 'close');
  await new Promise((resolve) => setTimeout(resolve, 20));
  api.link.invoke(api.call());
  for (let time = 0; time < 2; time += 1) {
    const next = await api.ask('GET', '/runtime/invocation/next');
    assert.equal(next.headers['lambda-runtime-aws-request-id'], 'r1');
  }
});

test('of two nexts at once each gets an invoke of its own', async () => {
  await using api = await Api.open();
  const arrived = Promise.withResolvers<void>();
  let count = 0;
  const arrives = (): void => {
    count += 1;
    if (count === 2) arrived.resolve();
  };
  // Else the second may come only after the first has its invoke, and gets the same.
  subscribe('http.server.request.start', arrives);
  const both = [1, 2].map(() => api.ask('GET', '/runtime/invocation/next'));
  await arrived.promise;
  unsubscribe('http.server.request.start', arrives);
  api.link.invoke(api.call('r1'));
  await Promise.race(both);
  await api.ask('POST', '/runtime/invocation/r1/response', {}, ['1']);
  assert.deepEqual(
    api.said.map((message) => message.kind),
    ['ready', 'response', 'ready'],
  );
  api.link.invoke(api.call('r2'));
  const ids = (await Promise.all(both)).map((next) => next.headers['lambda-runtime-aws-request-id']);
  assert.deepEqual(new Set(ids), new Set(['r1', 'r2']));
});

test('waiting calls are bounded', async () => {
  await using api = await Api.open();
  const waiting = Array.from({ length: 9 }, () => api.ask('GET', '/runtime/invocation/next'));
  const refused = await Promise.race(waiting);
  assert.equal(refused.status, 403);
  for (const next of waiting) next.catch(() => {});
});

test('garbage, wrong methods and unknown paths are refused and change nothing', async () => {
  await using api = await Api.open();
  assert.equal((await api.ask('GET', '/ping')).body, 'pong');
  assert.equal((await api.ask('GET', '/runtime/nothing')).status, 404);
  assert.equal((await api.ask('POST', '/runtime/invocation/next')).status, 405);
  assert.equal((await api.ask('GET', '/runtime/invocation/r1/response')).status, 405);
  for (const garbage of [
    '\0\0\0\0',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    `GET / HTTP/1.1\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`,
  ]) {
    assert.match(await api.raw(garbage, true), /^(HTTP\/1\.1 4\d\d |$)/);
  }
  assert.deepEqual(api.said, []);
  assert.equal((await api.running()).status, 200);
});

test('a runtime that talks otherwise is refused here', async () => {
  const endpoint = await new RuntimeApi(seededEntropy(1)).open();
  const response = await fetch(`http://${endpoint.address}/2018-06-01/runtime/invocation/next`);
  assert.equal(response.status, 403);
  await response.text();
  endpoint.close();
});
