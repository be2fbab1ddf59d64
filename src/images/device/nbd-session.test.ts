/** A session answers what the protocol says, in pieces of any size, and whatever a client sends it stays bounded and whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nbdLimits, readLimits } from '../limits.ts';
import { NbdSession, type NbdEffect } from './nbd-session.ts';

const served = { name: 'image', sizeBytes: 1_000_000 };
const MiB = 1024 * 1024;

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
};
const option = (number: number, data: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.from('IHAVEOPT'), u32(number), u32(data.length), data]);
const go = (name: string, ...asked: readonly number[]): Buffer =>
  option(7, Buffer.concat([u32(name.length), Buffer.from(name), u16(asked.length), ...asked.map(u16)]));
const request = (type: number, cookie: bigint, offset: bigint, length: number, flags = 0): Buffer =>
  Buffer.concat([u32(0x25_60_95_13), u16(flags), u16(type), u64(cookie), u64(offset), u32(length)]);

/** What a session does with these bytes, given in pieces of this size. */
function effectsOf(bytes: Buffer, pieceBytes = Infinity): readonly NbdEffect[] {
  const session = new NbdSession(served);
  const effects: NbdEffect[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    session.receive(bytes.subarray(at, at + Math.min(pieceBytes, bytes.length)));
    for (let effect = session.next(); effect !== undefined; effect = session.next()) effects.push(effect);
    if (pieceBytes === Infinity) break;
  }
  return effects;
}

const sent = (effects: readonly NbdEffect[]): string =>
  Buffer.concat(effects.flatMap((effect) => (effect.kind === 'send' ? [effect.bytes] : []))).toString('hex');
const errorsIn = (effects: readonly NbdEffect[]): readonly number[] =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect.bytes.readUInt32BE(4)] : []));
const replyHead = '0003e889045565a9';
const hello = u32(3);
const granted = Buffer.concat([hello, option(1, Buffer.from('image'))]);

/** After a handshake. */
const asked = (...requests: readonly Buffer[]): readonly NbdEffect[] =>
  effectsOf(Buffer.concat([granted, ...requests])).slice(1);

test('an export is granted by its name and as the default, in the old way with zeros where they are wanted', () => {
  const sizeAndFlags = '00000000000f42400103';
  assert.equal(sent(effectsOf(Buffer.concat([hello, option(1)]))), sizeAndFlags);
  assert.equal(sent(effectsOf(granted)), sizeAndFlags);
  assert.equal(sent(effectsOf(Buffer.concat([u32(1), option(1)]))), sizeAndFlags + '00'.repeat(124));
  const [effect] = effectsOf(Buffer.concat([hello, option(1, Buffer.from('other'))]));
  assert.equal(effect?.kind, 'break');
});

test('INFO tells, GO grants, and both tell the sizes of blocks to who asks', () => {
  const info = `${replyHead}00000007000000030000000c000000000000000f42400103`;
  const ack = `${replyHead}000000070000000100000000`;
  assert.equal(sent(effectsOf(Buffer.concat([hello, go('image')]))), info + ack);
  const withSizes = sent(effectsOf(Buffer.concat([hello, go('', 3, 1)])));
  assert.equal(withSizes, `${info}${replyHead}00000007000000030000000e0003000000010000100002000000${ack}`);
  assert.match(sent(effectsOf(Buffer.concat([hello, go('other')]))), /0000000780000006/);
  const told = Buffer.concat([hello, option(6, Buffer.concat([u32(0), u16(0)])), request(0, 1n, 0n, 5)]);
  assert.equal(effectsOf(told).at(-1)?.kind, 'break', 'INFO alone grants nothing');
});

test('LIST names the export; what is not offered is refused by the option; ABORT ends', () => {
  assert.equal(
    sent(effectsOf(Buffer.concat([hello, option(3)]))),
    `${replyHead}00000003000000020000000900000005${Buffer.from('image').toString('hex')}${replyHead}000000030000000100000000`,
  );
  for (const number of [4, 5, 8, 9, 10, 11, 77]) {
    const said = sent(effectsOf(Buffer.concat([hello, option(number)])));
    assert.equal(said, `${replyHead}${u32(number).toString('hex')}8000000100000000`);
  }
  const left = effectsOf(Buffer.concat([hello, option(2), option(3)]));
  assert.deepEqual(
    left.map(({ kind }) => kind),
    ['send', 'finish'],
  );
});

test('reads inside the image are asked for, any other is refused and the session goes on', () => {
  const effects = asked(
    request(0, 7n, 999_990n, 10),
    request(0, 8n, 999_991n, 10),
    request(0, 9n, 2n ** 64n - 1n, 10),
    request(0, 10n, 0n, 0),
    request(0, 11n, 0n, readLimits.readBytesMax + 1),
    request(0, 12n, 0n, 10, 4),
    request(0, 13n, 5n, 6),
  );
  const reads = effects.filter(({ kind }) => kind === 'read');
  assert.deepEqual(reads, [
    { kind: 'read', cookie: 7n, offset: 999_990, length: 10 },
    { kind: 'read', cookie: 13n, offset: 5, length: 6 },
  ]);
  assert.deepEqual(errorsIn(effects), [22, 22, 22, 75, 22]);
});

test('writes are refused, and what they carry is passed over however it comes', () => {
  const body = Buffer.concat([request(0, 99n, 0n, 10), Buffer.alloc(100_000, 1)]);
  const bytes = Buffer.concat([
    granted,
    request(1, 1n, 0n, body.length),
    body,
    request(4, 2n, 0n, 512),
    request(6, 3n, 0n, 512),
    request(3, 4n, 0n, 0),
    request(0, 5n, 0n, 1),
    request(2, 6n, 0n, 0),
  ]);
  for (const pieceBytes of [1, 7, 28, 4096, bytes.length]) {
    const [, ...effects] = effectsOf(bytes, pieceBytes);
    assert.deepEqual(errorsIn(effects), [1, 1, 1, 22], `pieces of ${pieceBytes}`);
    const kinds = effects.map(({ kind }) => kind);
    assert.deepEqual(kinds, ['send', 'send', 'send', 'send', 'read', 'finish']);
  }
});

test('what breaks the protocol ends the session', () => {
  const broken: Readonly<Record<string, Buffer>> = {
    'flags that nobody offered': u32(7),
    'the old style': u32(0),
    'an option without magic': Buffer.concat([hello, Buffer.alloc(16, 65)]),
    'an option that is too long': Buffer.concat([hello, Buffer.from('IHAVEOPT'), u32(3), u32(MiB)]),
    'options without end': Buffer.concat([
      hello,
      ...Array.from({ length: nbdLimits.optionsMax + 1 }, () => option(3)),
    ]),
    'a request without magic': Buffer.concat([granted, Buffer.alloc(28)]),
    'a write that is too long': Buffer.concat([granted, request(1, 1n, 0n, 0xff_ff_ff_ff)]),
  };
  for (const [what, bytes] of Object.entries(broken)) {
    assert.equal(effectsOf(bytes).at(-1)?.kind, 'break', what);
    assert.equal(effectsOf(Buffer.concat([bytes, request(0, 1n, 0n, 5)])).at(-1)?.kind, 'break', what);
  }
  for (const data of [u32(0), Buffer.concat([u32(0xff_ff_ff_ff), u16(0)]), Buffer.concat([u32(1), u16(0)])]) {
    assert.match(sent(effectsOf(Buffer.concat([hello, option(6, data)]))), /0000000680000003/);
  }
});

test('any bytes, in any pieces, have the same effects, and none is a read outside the image', () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(option(3), go('image', 3), go('nope'), option(1, Buffer.from('image')), option(2)),
    fc
      .tuple(fc.nat(12), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(2 ** 31), fc.nat(3))
      .map(([type, offset, length, flags]) => request(type, 1n, offset, length, flags)),
    fc.tuple(fc.nat(999_999), fc.nat(9999)).map(([offset, length]) => request(0, 2n, BigInt(offset), length)),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(hello, granted, u32(1)),
      fc.array(anything, { maxLength: 12 }),
      fc.integer({ min: 1, max: 64 }),
      (start, parts, pieceBytes) => {
        const bytes = Buffer.concat([start, ...parts]);
        const effects = effectsOf(bytes, pieceBytes);
        for (const effect of effects) {
          if (effect.kind !== 'read') continue;
          assert.ok(effect.length > 0 && effect.offset + effect.length <= served.sizeBytes);
        }
        assert.deepEqual(effects, effectsOf(bytes, bytes.length));
        const ends = effects.findIndex(({ kind }) => kind === 'break' || kind === 'finish');
        assert.ok(ends === -1 || ends === effects.length - 1);
      },
    ),
    { numRuns: 500 },
  );
});
