/** CBOR: AWS's own codec on the other side, every bound, and bytes of all kinds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cbor } from '@smithy/core/cbor';
import * as fc from 'fast-check';
import { WireError } from '../error.ts';
import type { StructureShape } from '../operations/shape.ts';
import { decodeCbor, encodeCbor } from './cbor.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 5 }),
  ),
})).value;

test('what AWS’s codec writes is read', () => {
  fc.assert(
    fc.property(value, (written) => {
      const read = decodeCbor(Buffer.from(cbor.serialize(written)));
      assert.deepEqual(JSON.parse(JSON.stringify({ read })), JSON.parse(JSON.stringify({ read: written })));
    }),
  );
});

const shape: StructureShape = {
  type: 'structure',
  members: {
    text: { shape: { type: 'string' } },
    whole: { shape: { type: 'long' } },
    number: { shape: { type: 'double' } },
    flag: { shape: { type: 'boolean' } },
    at: { shape: { type: 'timestamp' } },
    list: { shape: { type: 'list', member: { type: 'double' } } },
    map: { shape: { type: 'map', key: { type: 'string' }, value: { type: 'string' } } },
    bytes: { shape: { type: 'blob' } },
  },
};

/** What JSON has no word for, in words that it has. */
const plain = ({ bytes, ...rest }: Record<string, unknown>): unknown =>
  JSON.parse(
    JSON.stringify({ ...rest, bytes: bytes && [...(bytes as Uint8Array)] }, (_key, item: unknown) =>
      typeof item === 'bigint' ? Number(item) : item,
    ),
  );

test('what is written, AWS’s codec reads', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          text: fc.string({ unit: 'grapheme', maxLength: 300 }),
          whole: fc.maxSafeInteger(),
          number: fc.double({ noNaN: true, noDefaultInfinity: true }),
          flag: fc.boolean(),
          list: fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 30 }),
          map: fc.dictionary(fc.string(), fc.string()),
          bytes: fc.uint8Array({ maxLength: 300 }),
        },
        { requiredKeys: [] },
      ),
      (members) => {
        const read = cbor.deserialize(encodeCbor(shape, members)) as Record<string, unknown>;
        // It reads large whole numbers as bigints, and a key `__proto__` not at all.
        if (Object.hasOwn(members.map ?? {}, '__proto__')) return;
        assert.deepEqual(plain(read), plain(members));
      },
    ),
  );
  const at = new Date(1_767_225_600_500);
  const read = cbor.deserialize(encodeCbor(shape, { at, text: undefined })) as {
    readonly at: { readonly tag: number; readonly value: number };
  };
  assert.deepEqual([Object.keys(read), read.at.tag, read.at.value], [['at'], 1, 1_767_225_600.5]);
});

test('lengths that are told later, numbers of 16 bits, and timestamps are read', () => {
  for (const [bytes, expected] of [
    ['9f 01 02 ff', [1, 2]],
    ['bf 61 61 01 ff', { a: 1 }],
    ['7f 61 61 61 62 ff', 'ab'],
    ['f9 3c00', 1],
    ['f9 c000', -2],
    ['f9 0001', 2 ** -24],
    ['fa 3fc00000', 1.5],
    ['c1 1a 65000000', 0x65000000],
    ['c1 fb 41d9400000000000', 1_694_498_816],
    ['3863', -100],
    ['f6', null],
    ['f7', null],
  ] as const) {
    assert.deepEqual(decodeCbor(hex(bytes)), expected, bytes);
  }
  assert.ok(Object.hasOwn(decodeCbor(hex('a1 69 5f5f70726f746f5f5f 01')) as object, '__proto__'));
});

for (const [what, bytes] of [
  ['nothing', ''],
  ['half a number', '1a 0000'],
  ['a list that is longer than it is', '9b 7fffffffffffffff'],
  ['a text that is longer than it is', '7b 00000001 00000000 61'],
  ['a map without a value', 'a1 6161'],
  ['a map with a key that is a number', 'a1 01 01'],
  ['a list without an end', '9f 01'],
  ['an end of nothing', 'ff'],
  ['two values', '01 01'],
  ['a text that is no UTF-8', '61 ff'],
  ['a tag that is not known', 'c2 41 01'],
  ['a date that is a text', 'c1 61 61'],
  ['a reserved length', '1c'],
  ['a text in pieces of bytes', '7f 41 61 ff'],
  ['pieces in pieces', '5f 5f 41 61 ff ff'],
  ['a simple value that is none', 'f0'],
  ['too deep a nesting', '81'.repeat(70) + '01'],
  ['too many values', '9f' + '01'.repeat(500_001) + 'ff'],
  ['too many pieces', '5f' + '40'.repeat(500_001) + 'ff'],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(
      () => decodeCbor(hex(bytes)),
      (error) => error instanceof WireError && error.errorName === 'SerializationException',
    );
  });
}

test('any bytes are read or refused, in no time', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        decodeCbor(bytes);
      } catch (error) {
        assert.ok(error instanceof WireError);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a member that the shape does not have is a fault of ours', () => {
  assert.throws(() => encodeCbor(shape, { other: 1 }), /no member other/);
  assert.throws(() => encodeCbor(shape, { number: Number.NaN }), /must be a number/);
  assert.throws(() => encodeCbor(shape, { at: 'now' }), /must be a date/);
});
