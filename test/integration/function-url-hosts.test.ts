/** What comes to the hosts of function URLs that no client of good will sends, over raw connections. */
import { once } from 'node:events';
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { openTarget, type Target } from '../target.ts';
import { echoOf, expect, site } from '../url-site.ts';

let target: Target;
let url: string;
let host: string;
before(async () => {
  target = await openTarget();
  ({ url } = await site(target, 'echo'));
  ({ host } = new URL(url));
});
after(() => target.close());

/** Everything that is answered until the connection ends. */
async function talk(request: string): Promise<string> {
  const socket = connect(Number(new URL(target.endpoint).port), '127.0.0.1').setEncoding('latin1');
  let answer = '';
  socket.on('data', (text: string) => (answer += text));
  socket.on('error', () => undefined);
  socket.write(request, 'latin1');
  await once(socket, 'close');
  return answer;
}

const get = (
  given: { readonly target?: string; readonly host?: string; readonly more?: string } = {},
): string =>
  `GET ${given.target ?? '/'} HTTP/1.1\r\nHost: ${given.host ?? host}\r\nConnection: close\r\n${given.more ?? ''}\r\n`;

test('hosts that are nearly URLs are told where URLs are, and never fall through to the API', async () => {
  const [urlId = ''] = host.split('.');
  for (const near of [
    `${urlId}.lambda-url.eu-west-1.localhost`,
    `${urlId}.lambda-url.us-east-1.on.aws`,
    `x.${urlId}.lambda-url.us-east-1.localhost`,
    `${urlId}.lambda-url.us-east-1.localhost.example.com`,
    '.lambda-url.us-east-1.localhost',
    `${urlId}.lambda-url.us-east-1.localhost:99999999`,
    `__proto__.lambda-url.us-east-1.`,
    `\xff.lambda-url.us-east-1.\xff`,
  ]) {
    const answer = await talk(get({ host: near, target: '/2015-03-31/functions' }));
    assert.match(answer, /^HTTP\/1\.1 404 [^]*"Function URLs are served here at <id>\.lambda-url\./, near);
  }
  for (const unknown of ['constructor', '__proto__', 'a'.repeat(2_000)]) {
    const answer = await talk(get({ host: `${unknown}.lambda-url.us-east-1.localhost` }));
    assert.match(answer, /^HTTP\/1\.1 403 [^]*\{"Message":null\}$/);
  }
});

test('the host may be written in any case, with a dot at its end, with any port', async () => {
  const [urlId = ''] = host.split('.');
  for (const same of [
    host.toUpperCase(),
    `${urlId}.lambda-url.us-east-1.localhost.`,
    `${urlId}.lambda-url.us-east-1.localhost:1`,
  ]) {
    assert.match(await talk(get({ host: same })), /^HTTP\/1\.1 200 /);
  }
});

test('odd paths, queries and headers reach the function as text', async () => {
  const answer = await talk(
    get({ target: '/%zz/%C3%A9//..?%=%&a=%C3%A9%ff', more: 'X-Odd: \xff\xc3\xa9\r\nCookie: ;; a ;\r\n' }),
  );
  assert.match(answer, /^HTTP\/1\.1 200 /);
  const { event } = echoOf({
    text: Buffer.from(answer.slice(answer.indexOf('{')), 'latin1').toString('utf8'),
  });
  assert.equal(event['rawPath'], '/%zz/%C3%A9//..');
  assert.equal(event['rawQueryString'], '%=%&a=%C3%A9%ff');
  assert.deepEqual(event['cookies'], ['a']);
  assert.ok(event.headers['x-odd']?.endsWith('ÿÃ©'));
});

test('what is ambiguous is refused', async () => {
  assert.match(
    await talk(get({ more: `Host: other.lambda-url.us-east-1.localhost\r\n` })),
    /^HTTP\/1\.1 400 /,
  );
  assert.match(await talk(get({ more: 'Content-Length: 1\r\nContent-Length: 2\r\n' })), /^HTTP\/1\.1 400 /);
  assert.match(
    await talk(get({ more: 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n' })),
    /^HTTP\/1\.1 400 /,
  );
  assert.match(await talk(get({ target: `http://${host}/` })), /^HTTP\/1\.1 400 /);
  assert.match(await talk(get({ more: 'X-A: b\r\n'.repeat(2_000) })), /^HTTP\/1\.1 4\d\d /);
  assert.equal((await expect(200, url)).isWhole, true);
});
