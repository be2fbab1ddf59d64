/** Archives fetched from an S3: what comes, and what can go wrong. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock } from '#platform';
import { openS3Server, type S3Server } from '../fixtures/s3-server.ts';
import { fetchedArchiveBytesMax, fetchesMax, fetchesQueuedMax, fetchMsMax } from '../limits.ts';
import { S3Archives } from './s3-archives.ts';

const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };

async function open(
  t: TestContext,
): Promise<{ readonly s3: S3Server; readonly archives: S3Archives; readonly clock: FakeClock }> {
  const s3 = await openS3Server();
  const clock = new FakeClock();
  const archives = new S3Archives({ endpoint: s3.endpoint, region: 'us-east-1', clock, credentials });
  t.after(async () => {
    await archives.close();
    await s3.close();
  });
  return { s3, archives, clock };
}

const at = (key: string, version?: string): { bucket: string; key: string; version: string | undefined } => ({
  bucket: 'code',
  key,
  version,
});

test('an object comes whole, by its key and by its version', async (t) => {
  const { s3, archives } = await open(t);
  const body = Buffer.alloc(3 * 1024 * 1024, 'zip');
  s3.objects.set('code/a b/ü.zip', { kind: 'object', body });
  s3.objects.set('code/x?versionId=v2', { kind: 'object', body: Buffer.from('second') });
  const first = await archives.fetch(at('a b/ü.zip'));
  assert.ok(first.kind === 'fetched' && body.equals(first.archive));
  const second = await archives.fetch(at('x', 'v2'));
  assert.ok(second.kind === 'fetched' && Buffer.from(second.archive).toString() === 'second');
  assert.deepEqual(new Set(s3.signers), new Set(['AKIATEST']));
});

test("S3's refusals are told by their code and message", async (t) => {
  const { s3, archives } = await open(t);
  const refusals = [
    [404, 'NoSuchBucket', 'The specified bucket does not exist'],
    [403, 'AccessDenied', 'Access Denied'],
    [301, 'PermanentRedirect', 'The bucket is elsewhere.'],
  ] as const;
  for (const [statusCode, code, message] of refusals) {
    s3.objects.set('code/x', { kind: 'error', statusCode, code, message });
    assert.deepEqual(await archives.fetch(at('x')), { kind: 'refused', code, message });
  }
  assert.deepEqual(await archives.fetch(at('none')), {
    kind: 'refused',
    code: 'NoSuchKey',
    message: 'The specified key does not exist.',
  });
});

test('what is too large is not read, whether it says so or not', async (t) => {
  const { s3, archives } = await open(t);
  const tooLarge = { kind: 'too-large', bytesMax: fetchedArchiveBytesMax };
  s3.objects.set('code/claims', { kind: 'endless', claims: fetchedArchiveBytesMax + 1 });
  assert.deepEqual(await archives.fetch(at('claims')), tooLarge);
  s3.objects.set('code/lies', { kind: 'endless' });
  assert.deepEqual(await archives.fetch(at('lies')), tooLarge);
});

test('an object that does not come to its end is given up', async (t) => {
  const { s3, archives, clock } = await open(t);
  s3.objects.set('code/slow', { kind: 'stalls' });
  const fetched = archives.fetch(at('slow'));
  while (s3.signers.length === 0) await turn();
  for (let turns = 0; turns < 50; turns += 1) await turn();
  clock.advance(fetchMsMax);
  const outcome = await fetched;
  assert.ok(outcome.kind === 'unavailable' && /within 300 s/.test(outcome.reason), JSON.stringify(outcome));
});

test('a server that is not there, and one that speaks another language, are unavailable', async () => {
  const server = createServer((_request, response) => response.writeHead(500).end('<html>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const archives = new S3Archives({ endpoint, region: 'us-east-1', clock: new FakeClock(), credentials });
  assert.equal((await archives.fetch(at('x'))).kind, 'unavailable');
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  const nowhere = new S3Archives({ endpoint: 'nowhere', region: 'x', clock: new FakeClock(), credentials });
  assert.equal((await nowhere.fetch(at('x'))).kind, 'unavailable');
  const gone = await archives.fetch(at('x'));
  assert.ok(gone.kind === 'unavailable' && gone.reason.startsWith(endpoint));
  await archives.close();
});

test('without an endpoint nothing is asked, and few at once may wait', async (t) => {
  const none = new S3Archives({ endpoint: undefined, region: 'us-east-1', clock: new FakeClock() });
  assert.deepEqual(await none.fetch(at('x')), { kind: 'no-endpoint' });
  const { archives } = await open(t);
  const fetches = Array.from({ length: fetchesMax + fetchesQueuedMax + 3 }, () => archives.fetch(at('none')));
  const outcomes = await Promise.all(fetches);
  assert.equal(outcomes.filter(({ kind }) => kind === 'busy').length, 3);
  assert.equal(outcomes.filter(({ kind }) => kind === 'refused').length, fetchesMax + fetchesQueuedMax);
});
