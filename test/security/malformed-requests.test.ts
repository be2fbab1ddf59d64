/**
 * 100,000 malformed requests against a listener with the real Lambda service: it must not crash, must not leak, and must
 * answer each with a client's error and a request id, or close the connection.
 *
 * HOSTILE_SEED repeats a run; HOSTILE_REQUESTS makes it shorter or longer.
 */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { brokenRequest, type BrokenRequest } from './broken-requests.ts';
import { Chooser } from './chooser.ts';
import type { Health, Question } from './hostile-contract.ts';
import { makeTemplates, type Templates, type WholeRequest, wholeRequest, write } from './whole-requests.ts';

const requests = Number(process.env['HOSTILE_REQUESTS'] ?? 100_000);
const seed = Number(process.env['HOSTILE_SEED'] ?? Date.now() % 1_000_000);
/** Requests on one connection, for those after which it lives on. */
const pipelined = 20;
const wholeShare = 0.8;
const connectionsAtOnce = 100;
const pauseMs = 60;
/** After the server's own timeouts by far: a connection that is still open then hangs. */
const hangMs = 10_000;
/** How often whole requests are sent again that the server was too starved to read in time. */
const slowHostTriesMax = 5;
const heapGrowthBytesMax = 8 * 1024 * 1024;

test(`${requests} malformed requests: no crash, no leak, right errors (seed ${seed})`, async (t) => {
  const server = fork(fileURLToPath(new URL('./hostile-server.ts', import.meta.url)), {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  t.after(() => server.kill('SIGKILL'));
  const ask = async (question: Question): Promise<Health> => {
    server.send(question);
    const [health] = (await once(server, 'message')) as [Health];
    return health;
  };
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  const templates = await makeTemplates();

  // A round before the first look: compiled code and full caches are no leak.
  await attack(port, new Chooser(seed + 1), templates, Math.min(requests, 4_000));
  const before = await ask('how-are-you');
  await attack(port, new Chooser(seed), await makeTemplates(), requests);
  const after = await ask('how-are-you');

  assert.deepEqual(after.faults, []);
  assert.equal(after.connections, 0, 'connections are left');
  assert.equal(after.bodyBytes, 0, 'bodies are left');
  assert.equal(after.sockets, before.sockets, 'sockets are left');
  assert.ok(after.timers <= before.timers, `timers are left: ${after.timers}, before ${before.timers}`);
  const growth = after.heapBytes - before.heapBytes;
  assert.ok(growth < heapGrowthBytesMax, `the heap grew by ${growth} bytes`);
  const external = after.externalBytes - before.externalBytes;
  assert.ok(external < heapGrowthBytesMax, `external memory grew by ${external} bytes`);
  t.diagnostic(
    `heap ${before.heapBytes} -> ${after.heapBytes} bytes, external ${before.externalBytes} -> ${after.externalBytes}`,
  );

  const genuine = (await makeTemplates()).good;
  const [status] = await converse(port, { parts: [write(genuine)], leaves: false }, 1);
  assert.equal(status, 404, 'a genuine request still reaches its handler');
  assert.equal((await ask('how-are-you')).handled, after.handled + 1);

  server.send('stop' satisfies Question);
  const [code] = (await once(server, 'exit')) as [number | null];
  assert.equal(code, 0);
});

async function attack(port: number, choose: Chooser, templates: Templates, count: number): Promise<void> {
  let left = count;
  const attacker = async (): Promise<void> => {
    while (left > 0) {
      if (choose.chance(wholeShare / pipelined / (wholeShare / pipelined + 1 - wholeShare))) {
        const size = Math.min(pipelined, left);
        left -= size;
        await sendWhole(
          port,
          Array.from({ length: size }, () => wholeRequest(choose, templates)),
        );
      } else {
        left -= 1;
        await sendBroken(port, brokenRequest(choose, templates));
      }
    }
  };
  await Promise.all(Array.from({ length: connectionsAtOnce }, attacker));
}

async function sendWhole(port: number, batch: readonly WholeRequest[]): Promise<void> {
  const text = batch.map((request) => request.text).join('');
  const say = (): Promise<readonly number[]> =>
    converse(port, { parts: [text], leaves: false }, batch.length);
  let statuses = await say();
  // The server's timeouts are a fraction of a second here: where the host stands still for longer, it rightly says that nothing came in time.
  for (let more = slowHostTriesMax; more > 0 && statuses.includes(408); more -= 1) statuses = await say();
  assert.equal(
    statuses.length,
    batch.length,
    `not every request has an answer: ${statuses.join()} for ${JSON.stringify(text)}`,
  );
  for (const [index, { text, right }] of batch.entries()) {
    const status = statuses[index] ?? 0;
    assert.ok(right(status), `status ${status} for ${JSON.stringify(text)}`);
  }
}

async function sendBroken(port: number, request: BrokenRequest): Promise<void> {
  const statuses = await converse(port, request, 1);
  for (const status of statuses) {
    // 100 to a client that asked for it; 404 is the handler's answer where the damage did not matter.
    const right = (status >= 400 && status < 500) || status === 501;
    assert.ok(right, `status ${status} for ${JSON.stringify(request.parts.join('').slice(0, 3000))}`);
  }
}

/** Sends, and gives the statuses of the answers until there are `expected` or the connection ends. Each has a request id. */
function converse(
  port: number,
  { parts, leaves }: BrokenRequest,
  expected: number,
): Promise<readonly number[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const statuses: number[] = [];
    const toHead = parts[0]?.startsWith('HEAD ') === true;
    let received = '';
    const hang = setTimeout(() => {
      reject(
        new Error(`hangs: ${JSON.stringify(parts.join('').slice(0, 3000))} got ${received.slice(0, 300)}`),
      );
      socket.destroy();
    }, hangMs);
    const next = (index: number): void => {
      const part = parts[index];
      if (part === undefined) {
        if (leaves) socket.end(() => socket.destroy());
        return;
      }
      if (socket.destroyed) return;
      socket.write(part, 'latin1');
      if (index + 1 < parts.length) setTimeout(next, pauseMs, index + 1);
      else next(index + 1);
    };
    socket.setEncoding('latin1');
    socket.on('connect', () => next(0));
    socket.on('data', (chunk: string) => {
      received += chunk;
      try {
        received = takeAnswers(received, statuses, toHead);
      } catch (error) {
        reject(error);
        socket.destroy();
      }
      if (statuses.length >= expected) socket.destroy();
    });
    // Reset by the server is one way to be refused.
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(hang);
      resolve(statuses);
    });
  });
}

/** Takes whole answers off the front of `text`; returns what is left. */
function takeAnswers(text: string, statuses: number[], toHead: boolean): string {
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return rest;
    const head = rest.slice(0, end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    if (status === 100) {
      rest = rest.slice(end + 4);
      continue;
    }
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    // An answer to HEAD has the length of a body and no body.
    if (!toHead && rest.length < end + 4 + length) return rest;
    assert.match(head, /\r\nx-amzn-RequestId: [0-9a-f-]{36}/, `no request id: ${head}`);
    statuses.push(status);
    rest = rest.slice(end + 4 + length);
  }
}
