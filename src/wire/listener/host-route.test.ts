/** Routes by host name, over real sockets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WireError } from '../error.ts';
import { echoService } from './fixtures/echo-service.ts';
import { rig, signedText } from './fixtures/client.ts';
import { BodyCut, type HostAnswer, type HostOperation, type HostRoute } from './host-route.ts';

const host = 'x.site';

/** Everything sent to `host`; `signedFor` and `answer` as given. */
function site(given: Partial<HostOperation> = {}): HostRoute {
  return {
    serves: (name) => name === host,
    encodeError: (error, requestId) => echoService().encodeError(error, requestId),
    accept: ({ request }) =>
      request.rawPath === '/refused'
        ? { kind: 'refused', error: new WireError('UnknownOperationException', 'not here') }
        : request.rawPath === '/at-once'
          ? { kind: 'answered', answer: { statusCode: 204, headers: { 'x-a': 'b' }, body: undefined } }
          : {
              kind: 'operation',
              signedFor: undefined,
              bodyBytesMax: 10,
              bodyTooLarge: () => new WireError('RequestEntityTooLargeException', 'Too large'),
              call: (body, principal) =>
                Promise.resolve({
                  statusCode: 200,
                  headers: { 'set-cookie': ['a=1', 'b=2'] },
                  body: Buffer.from(`${principal?.accessKeyId ?? 'nobody'}: ${Buffer.from(body).toString()}`),
                }),
              ...given,
            },
  };
}

const head = (line: string, extra = ''): string =>
  `${line} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n${extra}\r\n`;

test('any method and path of the host is its own, unsigned, with several values of a header', async () => {
  await using rigged = await rig({ hostRoutes: [site()] });
  for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'QUERY']) {
    const answer = await rigged.open(head(`${method} /any/thing?x`)).ended();
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nnobody: $/);
    assert.match(answer, /set-cookie: a=1\r\nset-cookie: b=2\r\n/);
    assert.match(answer, /x-amzn-RequestId: /);
  }
  const other = await rigged.open('GET / HTTP/1.1\r\nhost: y.site\r\nconnection: close\r\n\r\n').ended();
  assert.match(other, /Missing Authentication Token/);
});

test('HEAD has the length of the body it leaves out', async () => {
  await using rigged = await rig({ hostRoutes: [site()] });
  const answer = await rigged.open(head('HEAD /')).ended();
  assert.match(answer, /content-length: 8\r\n[^]*\r\n\r\n$/);
});

test('bodies are bounded, read in chunks, and taken in any encoding', async () => {
  await using rigged = await rig({ hostRoutes: [site()] });
  const large = await rigged.open(`${head('POST /', 'content-length: 11\r\n')}12345678901`).ended();
  assert.match(large, /^HTTP\/1\.1 413 [^]*Too large/);
  const chunks = await rigged
    .open(
      `${head('POST /', 'transfer-encoding: chunked\r\ncontent-encoding: gzip\r\n')}3\r\nabc\r\n0\r\n\r\n`,
    )
    .ended();
  assert.match(chunks, /nobody: abc$/);
  const endless = await rigged
    .open(`${head('POST /', 'transfer-encoding: chunked\r\n')}b\r\n12345678901\r\n`)
    .until(/Too large/);
  assert.match(endless, /^HTTP\/1\.1 413 /);
  assert.equal(rigged.listener.usage().bodyBytes, 0);
});

test('what the route decides by the head alone is answered without the body', async () => {
  await using rigged = await rig({ hostRoutes: [site()] });
  const atOnce = await rigged.open(head('OPTIONS /at-once', 'content-length: 100000\r\n')).until(/x-a: b/);
  assert.match(atOnce, /^HTTP\/1\.1 204 /);
  assert.match(await rigged.open(head('GET /refused')).ended(), /^HTTP\/1\.1 404 [^]*not here/);
});

test('where a signature is asked for, it must be right and made for that service', async () => {
  const signed = site({ signedFor: 'lambda' });
  await using rigged = await rig({ hostRoutes: [{ ...signed, serves: () => true }] });
  const ask = async (text: string): Promise<string> => {
    const talk = rigged.open(text);
    const answer = await talk.until(/\r\n\r\n[^]/);
    talk.socket.destroy();
    return answer;
  };
  assert.match(await ask(`${await signedText('abc')}abc`), /^HTTP\/1\.1 200 [^]*AKI[A-Z0-9]*: abc$/);
  assert.match(await ask(`${await signedText('abc')}abd`), /^HTTP\/1\.1 403 [^]*InvalidSignature/);
  assert.match(await ask(head('GET /')), /^HTTP\/1\.1 403 [^]*Missing Authentication Token/);
  const logs = await signedText('abc', { service: 'logs' });
  assert.match(await ask(`${logs}abc`), /^HTTP\/1\.1 403 [^]*correct service: 'lambda'/);
});

async function* parts(cut: boolean) {
  yield Buffer.from('one');
  yield Buffer.from('two');
  if (cut) throw new BodyCut('the function failed');
}

test('a stream is sent as it comes; one that is cut ends the connection in the middle, and says nothing in the log', async () => {
  for (const cut of [false, true]) {
    const call = (): Promise<HostAnswer> =>
      Promise.resolve({ statusCode: 200, headers: {}, body: parts(cut) });
    await using rigged = await rig({ hostRoutes: [site({ call })] });
    const answer = await rigged.open(head('GET /')).ended();
    assert.match(answer, /one\r\n3\r\ntwo\r\n/);
    assert.equal(answer.endsWith('0\r\n\r\n'), !cut);
    assert.deepEqual(rigged.logged, []);
  }
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

test('a client that leaves has its stream closed, also before its first byte', async () => {
  let closed = 0;
  const body = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<IteratorResult<Uint8Array>>(() => {}),
      return: () => {
        closed += 1;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  };
  const started = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<HostAnswer>();
  const call = (): Promise<HostAnswer> => {
    started.resolve();
    return answered.promise;
  };
  await using rigged = await rig({ hostRoutes: [site({ call })] });
  const early = rigged.open(head('GET /'));
  await started.promise;
  early.socket.destroy();
  await until(() => rigged.listener.usage().connections === 0);
  answered.resolve({ statusCode: 200, headers: {}, body });
  await until(() => closed === 1);
  const late = rigged.open(head('GET /'));
  await late.until(/200 OK/);
  late.socket.destroy();
  await until(() => closed === 2);
});
