/** The journal's records: what is written is read back, and everything else is refused loudly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeEntry, encodeEntry } from './records.ts';
import type { JournalEntry } from './records.ts';

const text = fc.string({ maxLength: 12 });
const environment = fc.record({
  id: text,
  workerId: text,
  functionArn: text,
  generation: text,
  memoryMb: fc.nat(),
  leaseMs: fc.nat(),
});
const leadership = fc.record({ term: fc.nat(), holder: text, leaseMs: fc.nat() });
const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
  fc.record({ kind: fc.constant('led' as const), leadership }),
  fc.record({ kind: fc.constant('created' as const), environment }),
  fc.record({ kind: fc.constant('removed' as const), id: text }),
  fc.record({ kind: fc.constant('renewed' as const), term: fc.nat() }),
  fc.record({ kind: fc.constant('snapshot' as const), leadership, environments: fc.array(environment) }),
);

test('every record is read back as it was written', () => {
  fc.assert(
    fc.property(entry, (each) => {
      assert.deepEqual(
        JSON.parse(JSON.stringify(decodeEntry(encodeEntry(each)))),
        JSON.parse(JSON.stringify(each)),
      );
    }),
  );
});

test('what is no record of this format is refused', () => {
  const bodies = [
    '',
    'x',
    'null',
    '[]',
    '{}',
    '{"v":2,"kind":"removed","id":"a"}',
    '{"v":1}',
    '{"v":1,"kind":"other"}',
    '{"v":1,"kind":"removed"}',
    '{"v":1,"kind":"renewed","term":-1}',
    '{"v":1,"kind":"led"}',
    '{"v":1,"kind":"created","environment":{"id":"a"}}',
    '{"v":1,"kind":"snapshot","leadership":{"term":1,"holder":"h","leaseMs":1},"environments":{}}',
  ];
  for (const body of bodies) assert.throws(() => decodeEntry(new TextEncoder().encode(body)), Error, body);
  assert.throws(() => decodeEntry(new Uint8Array([0xff])));
});
