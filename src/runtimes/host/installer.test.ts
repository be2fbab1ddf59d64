/** Installing runtime packs from a registry of the test's own. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, afterEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack as tar } from 'tar-stream';
import type { Clock } from '#platform';
import { stillClock } from '../contract/runtimes-here.ts';
import type { Pack } from '../packs.ts';
import { type Fetch, Installer } from './installer.ts';

const tells = (version: string): string => `#!/bin/sh\necho ${version}\n`;
const goodFiles = {
  'package/bin/node': tells('v99.1.2'),
  'package/LICENSE': 'text',
  'package/../../evil': 'x',
};

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lambkin-installer-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function tarball(files: Readonly<Record<string, string>>): Promise<Buffer<ArrayBuffer>> {
  const archive = tar();
  for (const [name, text] of Object.entries(files)) archive.entry({ name }, text);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.from(gzipSync(Buffer.concat(chunks)));
}

function packFor(bytes: Uint8Array): Pack {
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  return { name: 'node-test', version: '99.1.2', integrity };
}

const metadata = JSON.stringify({ dist: { tarball: 'http://registry/node-test.tgz' } });

const unreachable: Fetch = () =>
  Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) }));

const silent: Fetch = (_url, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

/** A clock whose latest timer is rung by hand. */
class Bell {
  ring: (() => void) | undefined;
  readonly clock: Clock = {
    ...stillClock,
    after: (_delayMs, callback) => {
      this.ring = callback;
      return () => {};
    },
  };
}

function installer(fetch: Fetch, clock = stillClock): Installer {
  return new Installer({ directory, clock, registry: 'http://registry/', fetch });
}

function serving(bytes: Uint8Array<ArrayBuffer>, about = metadata): Fetch {
  return (url) => {
    if (url === 'http://registry/node-test/99.1.2') return Promise.resolve(new Response(about));
    if (url === 'http://registry/node-test.tgz') return Promise.resolve(new Response(bytes));
    return Promise.resolve(new Response('', { status: 404 }));
  };
}

test('the binary and its licence are installed, and nothing else', async () => {
  const bytes = await tarball(goodFiles);
  mkdirSync(join(directory, 'installing-left-behind'));
  assert.deepEqual(await installer(serving(bytes)).install(packFor(bytes)), { kind: 'installed' });
  assert.deepEqual(readdirSync(directory), ['node-test-99.1.2']);
  const folder = join(directory, 'node-test-99.1.2');
  assert.deepEqual(
    new Set(readdirSync(folder, { recursive: true, encoding: 'utf8' })),
    new Set(['bin', 'bin/node', 'LICENSE']),
  );
  assert.equal(statSync(join(folder, 'bin/node')).mode & 0o777, 0o755);
  assert.equal(readFileSync(join(folder, 'LICENSE'), 'utf8'), 'text');
  assert.ok(!existsSync(join(directory, '../evil')));
});

test('what fails says why in plain words and leaves nothing behind', async () => {
  const bytes = await tarball(goodFiles);
  const pack = packFor(bytes);
  const other = await tarball({ ...goodFiles, 'package/LICENSE': 'changed' });
  const wrongVersion = await tarball({ 'package/bin/node': tells('v1.0.0') });
  const noBinary = await tarball({ 'package/README.md': '' });
  const cut = bytes.subarray(0, 100);
  const failures: readonly (readonly [Fetch, Pack, RegExp])[] = [
    [serving(other), pack, /does not have the expected sha512 digest/],
    [serving(wrongVersion), packFor(wrongVersion), /does not run on this host/],
    [serving(noBinary), packFor(noBinary), /has no bin\/node/],
    [serving(cut), packFor(cut), /was cut short or damaged/],
    [serving(Buffer.from('not gzip')), pack, /was cut short or damaged/],
    [serving(bytes, '{}'), pack, /does not say where to download it/],
    [serving(bytes, 'nonsense'), pack, /does not say where to download it/],
    [serving(bytes), { ...pack, version: '1.1.1' }, /http:\/\/registry\/node-test\/1\.1\.1 answered 404/],
    [unreachable, pack, /http:\/\/registry\/node-test\/99\.1\.2 could not be reached \(ENOTFOUND\)/],
  ];
  for (const [fetch, wanted, reason] of failures) {
    const outcome = await installer(fetch).install(wanted);
    assert.ok(outcome.kind === 'failed', String(reason));
    assert.match(outcome.reason, reason);
    assert.match(outcome.reason, /^node-test@.* could not be installed: /);
    assert.deepEqual(readdirSync(directory), []);
  }
});

test('a registry that stops sending is given up', async () => {
  const bell = new Bell();
  const outcome = installer(silent, bell.clock).install(packFor(new Uint8Array()));
  while (bell.ring === undefined) await new Promise(setImmediate);
  bell.ring();
  assert.match(JSON.stringify(await outcome), /sent nothing for 30 s/);
});

test('a registry that stops sending in the middle of the pack is given up', async () => {
  const bytes = await tarball(goodFiles);
  const bell = new Bell();
  const taken = Promise.withResolvers<void>();
  const half: Fetch = (url, { signal }) => {
    if (!url.endsWith('.tgz')) return Promise.resolve(new Response(metadata));
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, 50));
        signal.addEventListener('abort', () => controller.error(signal.reason));
      },
      pull: () => taken.resolve(),
    });
    return Promise.resolve(new Response(body));
  };
  const outcome = installer(half, bell.clock).install(packFor(bytes));
  await taken.promise;
  bell.ring?.();
  assert.match(JSON.stringify(await outcome), /sent nothing for 30 s/);
  assert.deepEqual(readdirSync(directory), []);
});

test('a pack that is already there is as good', async () => {
  const bytes = await tarball(goodFiles);
  await installer(serving(bytes)).install(packFor(bytes));
  assert.deepEqual(await installer(serving(bytes)).install(packFor(bytes)), { kind: 'installed' });
  assert.deepEqual(readdirSync(directory), ['node-test-99.1.2']);
});

test('a folder that cannot be made is said', async () => {
  writeFileSync(join(directory, 'file'), '');
  const bytes = await tarball(goodFiles);
  const impossible = new Installer({
    directory: join(directory, 'file', 'packs'),
    clock: stillClock,
    registry: 'http://registry',
    fetch: serving(bytes),
  });
  const outcome = await impossible.install(packFor(bytes));
  assert.match(JSON.stringify(outcome), /its folder cannot be written \(.*packs\)/);
});
