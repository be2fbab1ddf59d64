/** The block device on its socket: what real clients read is the image; hostile ones get nothing and hurt nobody. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { FakeClock, systemClock, type Clock } from '#platform';
import { workspace } from '../fixtures/image.ts';
import { nbdLimits } from '../limits.ts';
import { NbdServer } from './nbd-server.ts';

const image = Buffer.alloc(3 * 1024 * 1024);
for (let at = 0; at < image.length; at += 4) image.writeUInt32BE(Math.imul(at, 2_654_435_761) >>> 0, at);

interface Device {
  readonly path: string;
  readonly uri: string;
  readonly directory: string;
  readonly warnings: string[];
}

type Read = (offset: number, length: number) => Promise<Buffer>;
const plain: Read = async (offset, length) => image.subarray(offset, offset + length);

async function device(t: TestContext, read: Read = plain, clock: Clock = systemClock): Promise<Device> {
  const { path: directory, remove } = workspace();
  const path = join(directory, 'socket');
  const warnings: string[] = [];
  const reader = { sizeBytes: image.length, read };
  const warn = (message: string): void => void warnings.push(message);
  const server = await NbdServer.open({ path, name: 'image', reader, clock, warn });
  t.after(async () => {
    await server.close();
    remove();
  });
  return { path, uri: `nbd+unix:///image?socket=${path}`, directory, warnings };
}

const missing = (program: string): string | false =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
    ? false
    : `${program} is not installed`;

/** Not synchronously: this process serves what the program reads. */
async function runs(program: string, ...args: readonly string[]): Promise<{ code: number; said: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const [code] = await once(child, 'close');
  return { code: Number(code), said };
}

test('the socket is its owner’s alone', async (t) => {
  const { path } = await device(t);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test(
  'nbdinfo sees a read-only export that several connections may read',
  { skip: missing('nbdinfo') },
  async (t) => {
    const { uri, path } = await device(t);
    const { code, said } = await runs('nbdinfo', '--json', uri);
    assert.equal(code, 0, said);
    const [found] = (JSON.parse(said) as { exports: readonly Record<string, unknown>[] }).exports;
    assert.deepEqual(
      [found?.['export-size'], found?.['is_read_only'], found?.['can_multi_conn']],
      [image.length, true, true],
    );
    const listed = await runs('nbdinfo', '--list', `nbd+unix:///?socket=${path}`);
    assert.match(listed.said, /export="image"/);
    assert.notEqual((await runs('nbdinfo', `nbd+unix:///other?socket=${path}`)).code, 0);
  },
);

test(
  'nbdcopy copies exactly the image, over several connections',
  { skip: missing('nbdcopy') },
  async (t) => {
    const { uri, directory } = await device(t);
    const { code, said } = await runs('nbdcopy', '--connections=4', uri, join(directory, 'copy'));
    assert.equal(code, 0, said);
    assert.ok(readFileSync(join(directory, 'copy')).equals(image));
  },
);

test('nbdcopy of what cannot be read fails with an I/O error', { skip: missing('nbdcopy') }, async (t) => {
  const { uri, directory, warnings } = await device(t, async (offset, length) => {
    if (offset + length > 2_000_000) throw new Error('chunk is gone');
    return plain(offset, length);
  });
  const { code, said } = await runs('nbdcopy', uri, join(directory, 'copy'));
  assert.notEqual(code, 0);
  assert.match(said, /Input\/output error/);
  assert.match(warnings[0] ?? '', /chunk is gone/);
});

test('QEMU reads the image, and its writes are refused', { skip: missing('qemu-img') }, async (t) => {
  const { uri, directory } = await device(t);
  const copied = await runs('qemu-img', 'convert', '-O', 'raw', uri, join(directory, 'copy'));
  assert.equal(copied.code, 0, copied.said);
  assert.ok(readFileSync(join(directory, 'copy')).equals(image));
  const wrote = await runs('qemu-io', '-f', 'raw', '-c', 'write 0 512', uri);
  assert.match(wrote.said, /read-only|not permitted|Permission denied/);
});

/** Resolves once the connection is over, however that came. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket
      .on('error', () => {})
      .on('close', () => resolve())
      .resume();
  });
}

/** A client by hand, after the handshake. */
async function client(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  socket.write(Buffer.from('0000000349484156454f50540000000100000000', 'hex'));
  for (let bytes = 0; bytes < 28; bytes += ((await once(socket, 'data')) as [Buffer])[0].length);
  return socket;
}

function readRequest(cookie: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt32BE(0x25_60_95_13, 0);
  bytes.writeBigUInt64BE(BigInt(cookie), 8);
  bytes.writeBigUInt64BE(BigInt(offset), 16);
  bytes.writeUInt32BE(length, 24);
  return bytes;
}

test('a slow read does not hold up the others, and a leaving client gets all its answers first', async (t) => {
  const slow = Promise.withResolvers<void>();
  const { path } = await device(t, async (offset, length) => {
    if (offset === 0) await slow.promise;
    return plain(offset, length);
  });
  const socket = await client(path);
  let received = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => (received = Buffer.concat([received, bytes])));
  const leave = readRequest(3, 0, 0);
  leave.writeUInt16BE(2, 6);
  socket.write(Buffer.concat([readRequest(1, 0, 100), readRequest(2, 4096, 100), leave]));
  while (received.length < 116) await once(socket, 'data');
  assert.equal(received.readBigUInt64BE(8), 2n);
  assert.ok(received.subarray(16, 116).equals(image.subarray(4096, 4196)));
  slow.resolve();
  await once(socket, 'end');
  assert.equal(received.readBigUInt64BE(116 + 8), 1n);
  assert.equal(received.length, 232);
});

test('a client that asks for more than it takes is not read from until it takes', async (t) => {
  let [running, most, answered] = [0, 0, 0];
  const { path } = await device(t, async (offset, length) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    answered += 1;
    return plain(offset, length);
  });
  const socket = await client(path);
  socket.pause();
  const count = 3 * nbdLimits.requestsInFlightMax;
  const bytesEach = 300_000;
  socket.write(Buffer.concat(Array.from({ length: count }, (_, at) => readRequest(at, 0, bytesEach))));
  const room = Math.ceil(nbdLimits.bytesInFlightMax / bytesEach);
  for (let turn = 0; turn < 2000; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(most <= nbdLimits.requestsInFlightMax && most <= room);
  assert.ok(answered < count, `${answered} were read for a client that takes nothing`);
  socket.resume();
  let bytes = 0;
  while (bytes < count * (16 + bytesEach)) bytes += ((await once(socket, 'data')) as [Buffer])[0].length;
  assert.equal(answered, count);
  socket.destroy();
});

test('who is silent, or talks nonsense, is cut off; the others are served', async (t) => {
  const clock = new FakeClock();
  const { path, warnings } = await device(t, plain, clock);
  const good = await client(path);
  const silent = connect(path);
  await once(silent, 'data');
  clock.advance(nbdLimits.handshakeMs);
  await closed(silent);
  const nonsense = connect(path);
  nonsense.write(Buffer.alloc(100_000, 'nonsense'));
  await closed(nonsense);
  assert.match(warnings.join(), /broke the protocol/);
  good.write(readRequest(1, 8, 4));
  const [bytes] = (await once(good, 'data')) as [Buffer];
  assert.ok(bytes.subarray(16).equals(image.subarray(8, 12)));
  good.destroy();
});

test('more connections than are allowed are not taken', async (t) => {
  const { path } = await device(t);
  const sockets = await Promise.all(
    Array.from({ length: nbdLimits.connectionsMax }, async () => client(path)),
  );
  await closed(connect(path));
  for (const socket of sockets) socket.destroy();
});
