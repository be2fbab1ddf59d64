/** A shell that reads the lines has exactly the values. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { exports } from './shell.ts';

test('plain values stand as they are', () => {
  assert.equal(
    exports('sh', { AWS_ENDPOINT_URL: 'http://127.0.0.1:9000', AWS_REGION: 'us-east-1' }),
    'export AWS_ENDPOINT_URL=http://127.0.0.1:9000\nexport AWS_REGION=us-east-1\n',
  );
  assert.equal(exports('fish', { AWS_REGION: 'us-east-1' }), 'set -gx AWS_REGION us-east-1;\n');
  assert.equal(exports('powershell', { AWS_REGION: "it's" }), "$env:AWS_REGION = 'it''s'\n");
  assert.deepEqual(JSON.parse(exports('json', { A: 'b' })), { A: 'b' });
  assert.equal(exports('fish', { A: String.raw`a'\b` }), String.raw`set -gx A 'a\'\\b';` + '\n');
});

test('whatever a value holds, sh gets it unchanged', () => {
  const value = fc.string({
    unit: fc.constantFrom('a', "'", '"', '$', '`', '\\', ' ', '\n', ';', '!', '~', '#', 'é', '='),
  });
  fc.assert(
    fc.property(value, (text) => {
      const script = `${exports('sh', { VALUE: text })}printf '%s|' "$VALUE"`;
      const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
      assert.equal(stdout, `${text}|`);
    }),
    { numRuns: 60 },
  );
});
