/** Compressed layers: gzip and zstd in all their parts, cut short, damaged, and not what their digests say. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { layerOf } from '../fixtures/image.ts';
import { ImageRefusal } from '../refusal.ts';
import { unpacked, type Layer } from './unpacked.ts';

const text = Buffer.from(Array.from({ length: 200_000 }, (_, index) => String(index * 7919)).join(' '));
const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function read(layer: Layer): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of unpacked(layer)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const inPieces = (bytes: Buffer, pieceBytes: number): Layer =>
  layerOf(
    ...Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
      bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
    ),
  );

const skippable = Buffer.concat([Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 5, 0, 0, 0]), Buffer.from('extra')]);
const half = text.length / 2;
const forms: Readonly<Record<string, Buffer>> = {
  plain: text,
  gzip: gzipSync(text),
  'gzip of several members': Buffer.concat([gzipSync(text.subarray(0, half)), gzipSync(text.subarray(half))]),
  zstd: zstdCompressSync(text),
  'zstd of several frames, some to be skipped': Buffer.concat([
    skippable,
    zstdCompressSync(text.subarray(0, half)),
    skippable,
    zstdCompressSync(text.subarray(half)),
    skippable,
  ]),
};

for (const [form, bytes] of Object.entries(forms)) {
  test(`${form}: comes out whole, however it is cut, and both digests are checked`, async () => {
    for (const pieceBytes of [1 << 20, 1009]) {
      const layer = { ...inPieces(bytes, pieceBytes), digest: digestOf(bytes), diffId: digestOf(text) };
      assert.ok(text.equals(await read(layer)));
    }
    assert.ok(
      text.equals(
        await read(
          layerOf(...[...bytes.subarray(0, 20)].map((byte) => Buffer.from([byte])), bytes.subarray(20)),
        ),
      ),
    );
    for (const wrong of [
      { digest: digestOf(Buffer.from('other')) },
      { diffId: digestOf(Buffer.from('other')) },
    ]) {
      await assert.rejects(read({ ...layerOf(bytes), ...wrong }), /the digest of a layer/);
    }
  });
}

test('what is cut short or damaged is refused', async () => {
  for (const form of ['gzip', 'zstd'] as const) {
    const bytes = forms[form] ?? Buffer.alloc(0);
    for (const end of [5, 30, bytes.length >> 1, bytes.length - 1]) {
      await assert.rejects(read(layerOf(bytes.subarray(0, end))), ImageRefusal, `${form} up to ${end}`);
    }
    const damaged = Buffer.from(bytes);
    damaged.fill(0xaa, 1000, 1100);
    // A zstd frame need not have a checksum; the digest shows it then.
    await assert.rejects(read({ ...layerOf(damaged), diffId: digestOf(text) }), ImageRefusal, form);
  }
  await assert.rejects(read(layerOf(zstdCompressSync(text), Buffer.from('garbage'))), ImageRefusal);
});

test('a window larger than memory allows is refused before it is made', async () => {
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0x01, 0x00, 0x00]);
  await assert.rejects(read(layerOf(frame)), /window of more than/);
});

test('an error of the source comes as it is', async () => {
  const failure = new Error('the registry went away');
  const layer: Layer = {
    open: async function* () {
      yield gzipSync(text).subarray(0, 100);
      throw failure;
    },
  };
  await assert.rejects(read(layer), (error) => error === failure);
});

test('whoever stops early ends the source', async () => {
  let ended = false;
  const layer: Layer = {
    open: async function* () {
      try {
        for (;;) yield gzipSync(text);
      } finally {
        ended = true;
      }
    },
  };
  for await (const piece of unpacked(layer)) {
    assert.ok(piece.length > 0);
    break;
  }
  assert.ok(ended);
});
