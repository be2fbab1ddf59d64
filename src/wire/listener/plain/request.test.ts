/** Tests of what is a plain request, and that node:http understands the same by each. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { listenerLimits } from '../limits.ts';
import { readPlain } from './request.ts';

const paths = /^\/functions\/[^/]+\/invocations$/;
const good = [
  'POST /functions/f/invocations?Qualifier=$LATEST HTTP/1.1',
  'Host: 127.0.0.1:9000',
  'content-type: application/json',
  'X-Amz-Date:20261122T000000Z',
  'authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-amz-date, Signature=0',
  'Connection: Keep-Alive',
  'Content-Length: 7',
  '',
  '{"x":1}',
];
const text = (lines: readonly string[]): string => lines.join('\r\n');
const read = (request: string): ReturnType<typeof readPlain> =>
  readPlain(Buffer.from(request, 'latin1'), paths, listenerLimits);

test('a plain request is read whole: path, query, headers by names in lower case, body', () => {
  const request = read(text(good));
  const head = request?.head();
  assert.deepEqual(head?.request, {
    method: 'POST',
    rawPath: '/functions/f/invocations',
    rawQuery: 'Qualifier=$LATEST',
    headers: {
      host: '127.0.0.1:9000',
      'content-type': 'application/json',
      'x-amz-date': '20261122T000000Z',
      authorization: 'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-amz-date, Signature=0',
      connection: 'Keep-Alive',
      'content-length': '7',
    },
  });
  assert.equal(head?.contentLength, 7);
  assert.equal(request?.host, '127.0.0.1:9000');
});

/** `line` in the place of the one that begins with `name`, or before the content-length. */
function withLine(line: string, name = ''): string {
  const lines = [...good];
  const at = name === '' ? -1 : lines.findIndex((each) => each.startsWith(name));
  if (at < 0) lines.splice(6, 0, line);
  else lines.splice(at, 1, line);
  return text(lines);
}

test('what two readers could understand differently is not plain', () => {
  for (const [why, request] of [
    ['another method', withLine('PUT /functions/f/invocations HTTP/1.1', 'POST')],
    ['another path', withLine('POST /functions/f HTTP/1.1', 'POST')],
    ['another path before ?', withLine('POST /functions/f?/invocations HTTP/1.1', 'POST')],
    ['HTTP/1.0', withLine('POST /functions/f/invocations HTTP/1.0', 'POST')],
    ['a fragment', withLine('POST /functions/f/invocations#x HTTP/1.1', 'POST')],
    ['a whole URL', withLine('POST http://h/functions/f/invocations HTTP/1.1', 'POST')],
    ['two spaces', withLine('POST  /functions/f/invocations HTTP/1.1', 'POST')],
    ['chunks', withLine('transfer-encoding: chunked', 'Content-Length')],
    ['chunks and a length', withLine('Transfer-Encoding: chunked')],
    ['an expectation', withLine('expect: 100-continue')],
    ['an upgrade', withLine('upgrade: h2c')],
    ['an encoded body', withLine('content-encoding: gzip')],
    ['a connection option', withLine('connection: close', 'Connection')],
    ['several connection options', withLine('connection: keep-alive, x', 'Connection')],
    ['a second length', withLine('content-length: 7')],
    ['a second host', withLine('HOST: other')],
    ['a header twice', withLine('x-amz-date: other')],
    ['a name of every object', withLine('constructor: x')],
    ['no length', text(good.filter((line) => !line.startsWith('Content-Length')))],
    ['no host', text(good.filter((line) => !line.startsWith('Host')))],
    ['a signed length', withLine('content-length: +7', 'Content-Length')],
    ['a length in hexadecimal', withLine('content-length: 0x7', 'Content-Length')],
    ['a list as length', withLine('content-length: 7, 7', 'Content-Length')],
    ['a space before the colon', withLine('x-a : 1')],
    ['no name', withLine(': 1')],
    ['no colon', withLine('nonsense')],
    ['a name with a colon of the next line', withLine('nonsense\r\nx')],
    ['a folded line', withLine('x-a: 1\r\n 2')],
    ['a tab', withLine('x-a: 1\t2')],
    ['a zero', withLine('x-a: 1\u00002')],
    ['a bare line feed', withLine('x-a: 1\nx-b: 2')],
    ['a bare carriage return', withLine('x-a: 1\rx-b: 2')],
    ['beyond ASCII', withLine('x-a: \u00e9')],
    ['a body that is too short', text(good).slice(0, -1)],
    ['something behind the body', `${text(good)}P`],
    ['a head that has no end', text(good.slice(0, -2))],
    ['an empty line before it', `\r\n${text(good)}`],
    ['too many headers', withLine(Array.from({ length: 250 }, (_, at) => `x-${at}: 1`).join('\r\n'))],
    ['a head that is too long', withLine(`x-a: ${'a'.repeat(40_000)}`)],
    ['nothing', ''],
  ] as const) {
    assert.equal(read(request), undefined, why);
  }
});

interface Understood {
  readonly target: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

test('by whatever is read as plain, node:http understands the same', async (t) => {
  let understood: Understood[] = [];
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1');
      understood.push({ target: message.url, headers: message.headers, body });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const byNode = async (request: string): Promise<readonly Understood[]> => {
    understood = [];
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(request, 'latin1');
    socket.once('data', () => socket.destroy());
    await once(socket, 'close');
    return understood;
  };

  const piece = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(' ', '\r\n', '\n', '\r', '\t', ':', ',', '?', '/', '0', '7', 'a', 'X-b: 1'),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom('\u0000', '\u007f', '\u00e9', '"', '{', '#', '%', '_', '~', '+', ';'),
    },
  );
  const damage = fc.record({ at: fc.nat(text(good).length), cut: fc.nat(3), piece });
  let plain = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { maxLength: 3 }), async (damages) => {
      let request = text(good);
      for (const { at, cut, piece: put } of damages)
        request = request.slice(0, at) + put + request.slice(at + cut);
      const ours = read(request);
      if (ours === undefined) return;
      plain += 1;
      const { request: asked } = ours.head();
      let body = '';
      for await (const bytes of ours.stream()) body += Buffer.from(bytes).toString('latin1');
      assert.deepEqual(await byNode(request), [
        { target: request.slice('POST '.length, request.indexOf(' HTTP')), headers: asked.headers, body },
      ]);
      const target = asked.rawQuery === '' ? asked.rawPath : `${asked.rawPath}?${asked.rawQuery}`;
      assert.ok(request.startsWith(`POST ${target}`));
    }),
    { numRuns: 2_000 },
  );
  assert.ok(plain > 100, `only ${plain} were plain`);
});
