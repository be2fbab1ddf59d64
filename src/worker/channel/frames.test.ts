/** Frames survive any cut of the stream, and a peer that breaks the rules is found out at bounded cost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FrameReader, frameHead, headerFrame, textFrame, type Frame } from './frames.ts';

const limits = { bodyBytesMax: 1_000, keptBytesMax: (type: number) => (type < 10 ? 100 : undefined) };

function read(chunks: readonly Buffer[]): { frames: Frame[]; broken: string | undefined } {
  const frames: Frame[] = [];
  const reader = new FrameReader(limits, (frame) => frames.push(frame));
  let broken: string | undefined;
  for (const chunk of chunks) broken = reader.push(chunk);
  return { frames, broken };
}

test('frames come out the same however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(9), fc.uint8Array({ maxLength: 300 })), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (written, cuts) => {
        const stream = Buffer.concat(
          written.flatMap(([type, body]) => [frameHead(type, body.length), Buffer.from(body)]),
        );
        const chunks: Buffer[] = [];
        for (let at = 0, cut = 0; at < stream.length; cut += 1) {
          const size = cuts[cut % cuts.length] ?? 1;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        const { frames, broken } = read(chunks);
        assert.equal(broken, undefined);
        assert.deepEqual(
          frames.map((frame) => [frame.type, [...frame.body], frame.bodyBytes]),
          written.map(([type, body]) => [type, [...body.subarray(0, 100)], body.length]),
        );
      },
    ),
  );
});

test('bytes without meaning end the stream and never throw', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
      read(chunks.map((chunk) => Buffer.from(chunk)));
    }),
  );
});

test('an unknown type, a length of zero and a length beyond the limit are broken peers', () => {
  assert.match(read([frameHead(77, 3)]).broken ?? '', /type 77/);
  assert.match(read([Buffer.from([0, 0, 0, 0, 1])]).broken ?? '', /zero/);
  assert.match(read([frameHead(1, 1_001)]).broken ?? '', /1001 bytes/);
});

test('an empty body at the very end of a chunk is a frame at once', () => {
  assert.equal(read([frameHead(2, 0)]).frames.length, 1);
  assert.equal(read([Buffer.concat([frameHead(2, 0), frameHead(2, 0)])]).frames.length, 2);
});

test('header frames and text frames say their own length', () => {
  const [text] = read([textFrame(1, 'grüße')]).frames;
  assert.equal(text?.body.toString(), 'grüße');
  const [invoke] = read([headerFrame(4, '{"ü":1}', 3, false), Buffer.from('abc')]).frames;
  assert.equal(invoke?.body.readUInt32BE(0), 8);
  assert.equal(invoke?.body.subarray(4).toString(), '{"ü":1}abc');
});
