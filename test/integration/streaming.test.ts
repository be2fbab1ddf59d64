/** Streams from a function to a client over the whole service: when bytes arrive, what a client that does not read costs, and one that leaves. */
import {
  CreateFunctionCommand,
  InvokeWithResponseStreamCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { residentMib, signedRequest } from '../../bench/service.ts';
import { archive } from '../archive.ts';
import { role, startService, type Service } from '../service.ts';

const source = `
import { existsSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('first');
  if (event.until) while (!existsSync(event.until)) await pause();
  const part = Buffer.alloc(64 * 1024, 'x');
  let written = 0;
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  for (; written < (event.bytes ?? 0); written += part.length) {
    if (stream.write(part)) continue;
    if (event.tell) writeFileSync(event.tell, JSON.stringify({ written, pid: process.pid }));
    await once(stream, 'drain');
  }
  clearInterval(timer);
  stream.end('last');
  if (event.tell) writeFileSync(event.tell, JSON.stringify({ written, ticks, pid: process.pid, over: true }));
});`;

const mib = 1024 * 1024;
let service: Service;
let folder: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lambkin-streaming-'));
  service = await startService({ args: ['--stream-rate', '1000', '--stream-burst', '1000'] });
  await service.client.send(
    new CreateFunctionCommand({
      FunctionName: 'streaming',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      Timeout: 60,
      Code: { ZipFile: await archive({ 'index.mjs': source }) },
    }),
  );
  await waitUntilFunctionActiveV2(
    { client: service.client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
    { FunctionName: 'streaming' },
  );
});
after(async () => {
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function events(event: unknown) {
  const { EventStream } = await service.client.send(
    new InvokeWithResponseStreamCommand({
      FunctionName: 'streaming',
      Payload: Buffer.from(JSON.stringify(event)),
    }),
  );
  assert.ok(EventStream);
  return EventStream[Symbol.asyncIterator]();
}

/** The answer's head has come; nothing of the body is read. */
async function unread(event: unknown): Promise<IncomingMessage> {
  const path = '/2021-11-15/functions/streaming/response-streaming-invocations';
  const signed = await signedRequest(service, 'POST', path, JSON.stringify(event));
  const outgoing = httpRequest({ ...signed, host: service.host, port: service.port, agent: false });
  outgoing.on('error', () => {});
  outgoing.end(signed.body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  return response;
}

interface Told {
  readonly written: number;
  readonly ticks?: number;
  readonly over?: true;
  readonly pid: number;
}
const told = (file: string): Told | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Told;
  } catch {
    return undefined; // not yet, or half of it
  }
};

async function until(holds: () => boolean): Promise<void> {
  for (let looks = 0; !holds(); looks += 1) {
    assert.ok(looks < 4_000, 'waited in vain');
    await sleep(5);
  }
}

test('a byte arrives before the function has ended', async () => {
  const file = join(folder, 'go-on');
  const stream = await events({ until: file });
  const first = await stream.next();
  assert.equal(Buffer.from(first.value?.PayloadChunk?.Payload ?? []).toString(), 'first');
  assert.equal(existsSync(file), false);
  writeFileSync(file, '');
  assert.equal(Buffer.from((await stream.next()).value?.PayloadChunk?.Payload ?? []).toString(), 'last');
  assert.deepEqual((await stream.next()).value?.InvokeComplete, {});
});

test('a client that does not read stops the function, at a bounded cost; when it reads, all comes', async () => {
  const file = join(folder, 'slow');
  const bytes = 96 * mib;
  const residentBefore = residentMib(service.pid);
  const response = await unread({ bytes, tell: file });
  let last: number | undefined;
  // Standing still: no more was written between two looks.
  for (;;) {
    await sleep(200);
    const written = told(file)?.written;
    if (written !== undefined && written === last) break;
    last = written;
  }
  assert.ok(last < 32 * mib, `${last} bytes were taken of a function whose client does not read`);
  const grownMib = residentMib(service.pid) - residentBefore;
  assert.ok(grownMib < 48, `${grownMib} MiB more`);
  let readBytes = 0;
  for await (const chunk of response) readBytes += (chunk as Buffer).length;
  assert.ok(readBytes > bytes, `${readBytes} bytes`);
  // It writes what it tells, so that a look may come in between.
  await until(() => told(file)?.over === true);
  const end = told(file);
  assert.equal(end?.written, bytes);
  assert.ok((end.ticks ?? 0) > 10, 'its own timers went on while it waited');
});

test('a client that leaves does not keep the function, and its environment serves the next', async () => {
  const file = join(folder, 'left');
  const bytes = 32 * mib;
  const response = await unread({ bytes, tell: file });
  await until(() => told(file) !== undefined);
  response.destroy();
  await until(() => told(file)?.over === true);
  const again = join(folder, 'again');
  // It may still be on its way to its next invoke.
  for (let time = 0; told(again)?.pid !== told(file)?.pid; time += 1) {
    assert.ok(time < 20, 'another environment serves');
    const stream = await events({ tell: again });
    while ((await stream.next()).done !== true);
  }
});

test('clients that leave at any moment leave nothing behind', async () => {
  for (let time = 0; time < 20; time += 1) {
    const response = await unread({ bytes: 2 * mib });
    if (time % 2 === 0) response.resume();
    await sleep(time);
    response.destroy();
  }
  const stream = await events({});
  let text = '';
  for (let next = await stream.next(); next.done !== true; next = await stream.next()) {
    text += Buffer.from(next.value.PayloadChunk?.Payload ?? []).toString();
  }
  assert.equal(text, 'firstlast');
  assert.doesNotMatch(service.output(), /a request failed|broke its protocol/);
});
