/** Tests of plain requests over real sockets: nobody can tell them from those that node:http serves. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import type { RequestContext, WireResponse } from '../../service.ts';
import { type Conversation, rig, type Rig, signedText } from '../fixtures/client.ts';
import { echoService } from '../fixtures/echo-service.ts';

const plainPaths = /^\/echo/;
const big = Buffer.alloc(200_000, 'ab\u00e9', 'latin1');

function answer(statusCode: number, body?: Uint8Array, headers = {}): Promise<WireResponse> {
  return Promise.resolve({ statusCode, headers: { 'X-Amz-Executed-Version': '1', ...headers }, body });
}

async function ask(body: string): Promise<string> {
  return `${await signedText(body)}${body}`;
}

/** Answers as the body says. */
function told(body: Uint8Array): Promise<WireResponse> {
  const text = Buffer.from(body).toString();
  switch (text) {
    case 'big':
      return answer(200, big);
    case 'nothing':
      return answer(202);
    case 'no content':
      return answer(204);
    case 'odd status':
      return answer(299, Buffer.from('odd'));
    case 'length':
      return answer(200, Buffer.from('1234'), { 'content-length': '4' });
    case 'several':
      return answer(200, undefined, { 'set-it': ['a', 'b'] });
    case 'impossible':
      return answer(200, undefined, { bad: 'a\r\nb' });
    case 'beyond':
      return answer(200, undefined, { bad: '\u20ac' });
    case 'latin':
      return answer(200, undefined, { fine: '\u00e9\tx' });
    case 'fault':
      return Promise.reject(new Error('secret'));
    default:
      return answer(200, body);
  }
}

/** What a conversation is made of: what is sent, and how much of the answer is waited for before the next. */
type Step = readonly [send: string, until: RegExp];

async function say(site: Rig, steps: readonly Step[]): Promise<string> {
  const talk = site.open();
  let got = '';
  for (const [text, pattern] of steps) {
    talk.socket.write(text, 'latin1');
    got = await talk.until(pattern);
  }
  talk.socket.destroy();
  return got.replaceAll(
    /\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/g,
    '\r\nDate\r\n',
  );
}

test('the answer to a plain request is, byte for byte, the one that node:http writes', async () => {
  const right = await ask('{"x":1}');
  const conversations: readonly (readonly Step[])[] = [
    [[right, /1\}$/]],
    [
      [right, /1\}$/],
      [right, /1\}[^]*1\}$/],
      [right, /1\}[^]*1\}[^]*1\}$/],
    ],
    [[await ask(''), /content-length: 0[^]*\r\n\r\n$/]],
    [[await ask('big'), /ab\u00e9ab$/]],
    [[await ask('nothing'), /202[^]*\r\n\r\n$/]],
    [[await ask('no content'), /204[^]*\r\n\r\n$/]],
    [[await ask('odd status'), /odd$/]],
    [[await ask('length'), /1234$/]],
    [[await ask('several'), /set-it: a\r\nset-it: b[^]*\r\n\r\n$/]],
    [[await ask('impossible'), /internal"\}$/]],
    [[await ask('beyond'), /internal"\}$/]],
    [[await ask('latin'), /fine: \u00e9\tx[^]*\r\n\r\n$/]],
    [[await ask('fault'), /internal"\}$/]],
    [[right.replace('"x":1}', '"x":2}'), /InvalidSignature[^]*\}$/]],
    [[right.replace(/authorization: .*\r\n/i, ''), /Token"\}$/]],
    [[`${await signedText('x'.repeat(1001))}${'x'.repeat(1001)}`, /Too large"\}$/]],
    // And what makes a connection one of node:http.
    [
      [`${right}${right}`, /1\}[^]*1\}$/],
      [right, /1\}[^]*1\}[^]*1\}$/],
    ],
    [
      [right, /1\}$/],
      ['GET /other HTTP/1.1\r\nhost: h\r\n\r\n', /Token"\}$/],
      [right, /1\}[^]*1\}$/],
    ],
    [
      [right, /1\}$/],
      ['nonsense\r\n\r\n', /Connection: close[^]*\}$/],
    ],
    [
      [right.slice(0, 100), /^/],
      [right.slice(100), /1\}$/],
    ],
    [
      [right.slice(0, -3), /^/],
      [right.slice(-3), /1\}$/],
      [right, /1\}[^]*1\}$/],
    ],
  ];
  for (const [index, steps] of conversations.entries()) {
    const service = echoService({ bodyBytesMax: 1000, handler: told });
    await using plain = await rig({ service, plainPaths });
    await using other = await rig({ service });
    assert.equal(await say(plain, steps), await say(other, steps), `conversation ${index}`);
    assert.deepEqual(plain.logged, other.logged);
    assert.equal(plain.listener.usage().bodyBytes, 0);
  }
});

/** A service whose requests wait until they are let go. */
function waiting(): { readonly handler: typeof handler; readonly next: () => Promise<Held> } {
  const held: Held[] = [];
  let wake: (() => void) | undefined;
  function handler(body: Uint8Array, context: RequestContext): Promise<WireResponse> {
    const { promise, resolve } = Promise.withResolvers<WireResponse>();
    held.push({ context, answer: () => resolve({ statusCode: 200, headers: {}, body }) });
    wake?.();
    return promise;
  }
  const next = async (): Promise<Held> => {
    for (;;) {
      const first = held.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { handler, next };
}

interface Held {
  readonly context: RequestContext;
  answer(): void;
}

test('what is sent while an answer is out is served after it, in order', async () => {
  const service = waiting();
  await using site = await rig({ service: echoService({ handler: service.handler }), plainPaths });
  const talk = site.open(await ask('one'));
  const first = await service.next();
  const rest = `${await ask('two')}${await ask('three')}`;
  talk.socket.write(rest.slice(0, 50), 'latin1');
  await nextTurn();
  talk.socket.write(rest.slice(50), 'latin1');
  await nextTurn();
  first.answer();
  (await service.next()).answer();
  (await service.next()).answer();
  assert.match(await talk.until(/three$/), /one[^]*two[^]*three$/);
  talk.socket.destroy();
});

test('what is sent while an answer is out is not taken without a bound', async () => {
  const service = waiting();
  await using site = await rig({ service: echoService({ handler: service.handler }), plainPaths });
  const talk = site.open(`${await signedText('one')}one`);
  const first = await service.next();
  const flood = 64 * 1024 * 1024;
  talk.socket.write(Buffer.alloc(flood, 'x'));
  for (let turn = 0; turn < 100; turn += 1) await nextTurn();
  assert.ok(talk.socket.writableLength > 0, 'all of it was taken');
  first.answer();
  assert.match(await talk.ended(), /one[^]*HTTP\/1\.1 400 [^]*not valid HTTP/);
});

async function gone(site: Rig): Promise<void> {
  while (site.listener.usage().connections > 0) await nextTurn();
}

test('a client that leaves in the middle of its request aborts it, and its answer goes nowhere', async () => {
  const service = waiting();
  await using site = await rig({ service: echoService({ handler: service.handler }), plainPaths });
  for (const leave of [
    (talk: Conversation) => talk.socket.destroy(),
    (talk: Conversation) => talk.socket.end(),
  ]) {
    const talk = site.open(`${await signedText('{}')}{}`);
    const held = await service.next();
    assert.equal(held.context.signal.aborted, false);
    leave(talk);
    await gone(site);
    assert.equal(held.context.signal.aborted, true);
    held.answer();
    await nextTurn();
    assert.equal(site.listener.usage().bodyBytes, 0);
  }
  assert.deepEqual(site.logged, []);
});

test('a connection that stays silent is ended, before its first request and after one', async () => {
  await using site = await rig({
    limits: { idleTimeoutMs: 10_000, timeoutCheckIntervalMs: 5_000 },
    plainPaths,
  });
  const silent = site.open();
  const served = site.open(`${await signedText('{}')}{}`);
  await served.until(/\{\}$/);
  while (site.listener.usage().connections < 2) await nextTurn();
  for (const connections of [2, 2, 0]) {
    site.clock.advance(5_000);
    await nextTurn();
    await nextTurn();
    if (connections > 0) assert.equal(site.listener.usage().connections, connections);
  }
  assert.equal(await silent.ended(), '');
  await served.ended();
  await gone(site);
});

test('a request that takes longer than a connection may be silent is answered', async () => {
  const service = waiting();
  await using site = await rig({ service: echoService({ handler: service.handler }), plainPaths });
  const talk = site.open(`${await signedText('{}')}{}`);
  const held = await service.next();
  for (let minute = 0; minute < 15; minute += 1) {
    site.clock.advance(60_000);
    await nextTurn();
  }
  held.answer();
  await talk.until(/\{\}$/);
  talk.socket.destroy();
});

test('a host with routes of its own is never plain', async () => {
  const served: string[] = [];
  const hostRoute = {
    serves: (host: string) => host === 'url.example',
    accept: () => {
      served.push('host');
      return {
        kind: 'answered' as const,
        answer: { statusCode: 200, headers: {}, body: Buffer.from('own') },
      };
    },
    encodeError: (error: unknown, requestId: string) => echoService().encodeError(error, requestId),
  };
  await using site = await rig({ plainPaths, hostRoutes: [hostRoute] });
  const talk = site.open('POST /echo HTTP/1.1\r\nhost: url.example\r\ncontent-length: 2\r\n\r\n{}');
  await talk.until(/own$/);
  assert.deepEqual(served, ['host']);
  talk.socket.destroy();
});
