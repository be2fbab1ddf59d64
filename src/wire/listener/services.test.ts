/** Services that are loaded by their first request. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LaterService, Service } from '../service.ts';
import { rig, signedText } from './fixtures/client.ts';
import { echoService } from './fixtures/echo-service.ts';

const toLogs = { service: 'logs' } as const;

/** Is loaded when the test says so. */
class Later implements LaterService {
  readonly asked = Promise.withResolvers<undefined>();
  readonly loaded = Promise.withResolvers<Service>();
  loads = 0;

  load(): Promise<Service> {
    this.loads += 1;
    this.asked.resolve(undefined);
    return this.loaded.promise;
  }
}

const encodeTeapot: Service['encodeError'] = () => ({ statusCode: 418, headers: {}, body: undefined });

test('requests that come while a service is loaded wait for one loading, and are served then', async () => {
  const later = new Later();
  await using site = await rig({ laterLogs: later });
  assert.equal(later.loads, 0);
  const talks = ['{"x":1}', '{"x":2}'].map(async (body) =>
    site.open(`${await signedText(body, toLogs)}${body}`),
  );
  const [first, second] = await Promise.all(talks);
  await later.asked.promise;
  // Other services do not wait for it.
  const other = site.open(`${await signedText('{"y":1}')}{"y":1}`);
  assert.match(await other.until(/\{"y":1\}$/), /^HTTP\/1\.1 200 /);
  later.loaded.resolve(echoService());
  assert.match((await first?.until(/\{"x":1\}$/)) ?? '', /^HTTP\/1\.1 200 /);
  assert.match((await second?.until(/\{"x":2\}$/)) ?? '', /^HTTP\/1\.1 200 /);
  const third = site.open(`${await signedText('{"x":3}', toLogs)}{"x":3}`);
  await third.until(/\{"x":3\}$/);
  assert.equal(later.loads, 1);
  for (const talk of [first, second, third, other]) talk?.socket.destroy();
});

test('a service that cannot be loaded is a fault that is logged, and is tried again', async () => {
  let loads = 0;
  const load = async (): Promise<Service> => {
    loads += 1;
    if (loads === 1) throw new Error('its file is gone');
    return echoService();
  };
  await using site = await rig({ laterLogs: { load } });
  const failed = site.open(`${await signedText('{}', toLogs)}{}`);
  assert.match(await failed.until(/internal/), /^HTTP\/1\.1 500 /);
  assert.deepEqual(site.logged, ['a request failed']);
  const again = site.open(`${await signedText('{"x":1}', toLogs)}{"x":1}`);
  assert.match(await again.until(/\{"x":1\}$/), /^HTTP\/1\.1 200 /);
  for (const talk of [failed, again]) talk.socket.destroy();
});

test('a client that leaves while a service is loaded is forgotten, and its request is not run', async () => {
  const later = new Later();
  const left = Promise.withResolvers<undefined>();
  let calls = 0;
  await using site = await rig({ laterLogs: later });
  const talk = site.open(`${await signedText('{}', toLogs)}{}`);
  await later.asked.promise;
  talk.socket.on('close', () => left.resolve(undefined)).destroy();
  await left.promise;
  while (site.listener.usage().connections > 0) await new Promise(setImmediate);
  const handler: NonNullable<Parameters<typeof echoService>[0]>['handler'] = async (body) => {
    calls += 1;
    return { statusCode: 200, headers: {}, body };
  };
  later.loaded.resolve(echoService({ handler }));
  const next = site.open(`${await signedText('{"x":1}', toLogs)}{"x":1}`);
  await next.until(/\{"x":1\}$/);
  assert.equal(calls, 1);
  next.socket.destroy();
});

test('the form of a refusal is that of the service, also by its first request', async () => {
  await using site = await rig({
    laterLogs: { load: async () => ({ ...echoService(), encodeError: encodeTeapot }) },
  });
  const talk = site.open(`${await signedText('{}', { ...toLogs, path: '/nothing' })}{}`);
  assert.match(await talk.until(/\r\n\r\n/), /^HTTP\/1\.1 418 /);
  talk.socket.destroy();
});
