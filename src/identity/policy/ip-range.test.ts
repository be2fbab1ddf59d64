/** Tests of IP ranges. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { contains, parseIpRange } from './ip-range.ts';

const byte = fc.nat({ max: 255 });
const bits = (bytes: readonly number[]): string =>
  bytes.map((value) => value.toString(2).padStart(8, '0')).join('');
const ipv4 = (bytes: readonly number[]): string => bytes.join('.');
const ipv6 = (bytes: readonly number[]): string =>
  Array.from({ length: 8 }, (_, group) =>
    (((bytes[2 * group] ?? 0) << 8) | (bytes[2 * group + 1] ?? 0)).toString(16),
  ).join(':');

function isIn(address: string, range: string): boolean {
  const inner = parseIpRange(address);
  const outer = parseIpRange(range);
  assert.ok(inner && outer, `${address} ${range}`);
  return contains(outer, inner);
}

test('an address is in a range when its bits begin with those of the range', () => {
  for (const [length, write] of [
    [4, ipv4],
    [16, ipv6],
  ] as const) {
    const bytes = fc.array(byte, { minLength: length, maxLength: length });
    // Two addresses that agree up to some bit, so that both answers come up.
    const near = fc.tuple(bytes, fc.nat({ max: length * 8 - 1 }), fc.nat({ max: length * 8 }));
    fc.assert(
      fc.property(near, ([one, flipped, prefix]) => {
        const other = one.map((value, index) =>
          index === flipped >> 3 ? value ^ (128 >> (flipped & 7)) : value,
        );
        for (const address of [one, other]) {
          const expected = bits(address).startsWith(bits(one).slice(0, prefix));
          assert.equal(isIn(write(address), `${write(one)}/${prefix}`), expected);
        }
      }),
    );
  }
});

test('IPv6 is read in its short forms', () => {
  assert.ok(isIn('2001:db8::1', '2001:0db8:0:0:0:0:0:1'));
  assert.ok(isIn('::1', '::/64'));
  assert.ok(isIn('fe80::', 'fe80:0::/10'));
  assert.ok(!isIn('2001:db8:1::', '2001:db8::/48'));
  assert.ok(isIn('64:ff9b::1.2.3.4', '64:ff9b::102:304'));
});

test('an IPv4 address in an IPv6 socket is the IPv4 address', () => {
  assert.ok(isIn('::ffff:10.1.2.3', '10.0.0.0/8'));
  assert.ok(isIn('10.1.2.3', '::ffff:10.0.0.0/104'));
  assert.ok(!isIn('10.1.2.3', '::ffff:10.0.0.0/90'));
  assert.ok(!isIn('10.1.2.3', '::/0'));
  assert.ok(!isIn('::1', '0.0.0.0/0'));
});

test('what is no address is none', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1.2.3.4/8/8',
    ' 1.2.3.4',
    '::1::',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    'g::',
    '12345::',
    '::1/129',
    'fe80::1%eth0',
    '1.2.3.4:80',
    '::1.2.3',
    '1.2.3.4::',
    '*',
  ]) {
    assert.equal(parseIpRange(text), undefined, text);
  }
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseIpRange(text)));
});
