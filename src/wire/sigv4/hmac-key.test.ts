/** Tests of prepared HMAC keys: the platform is the oracle. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { HmacKey } from './hmac-key.ts';

test('it signs as the platform does, for keys and texts of every length and byte', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 3 }),
      (key, texts) => {
        const prepared = new HmacKey(key);
        for (const bytes of texts) {
          const expected = createHmac('sha256', key).update(bytes).digest('hex');
          assert.equal(prepared.sign(Buffer.from(bytes).toString('latin1')), expected);
        }
      },
    ),
  );
});

test('RFC 4231, test case 1', () => {
  assert.equal(
    new HmacKey(new Uint8Array(20).fill(0x0b)).sign('Hi There'),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  );
});
