/** The other half of the world signs with botocore: what its client sends is accepted too. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#platform';
import { bodyHash, findKey, longTerm, region, services, temporary } from './fixtures/signed.ts';
import { Verifier } from './verifier.ts';

interface Captured {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Hexadecimal. */
  readonly body: string;
}

test('what botocore signs is accepted, in header and query form', (t) => {
  const script = fileURLToPath(new URL('./fixtures/botocore_sign.py', import.meta.url));
  const python = spawnSync('python3', [script], {
    input: JSON.stringify({ longTerm, temporary }),
    encoding: 'utf8',
  });
  if (python.error !== undefined) return t.skip('there is no python3');
  assert.equal(python.status, 0, python.stderr);
  const output = JSON.parse(python.stdout) as { missing?: string; version: string; requests: Captured[] };
  if (output.missing !== undefined) return t.skip(output.missing);

  const verifier = new Verifier({ findKey, region, services, nowMs: () => systemClock.wallMs() });
  assert.ok(output.requests.length > 60);
  for (const { method, url, headers, body } of output.requests) {
    const [, target = ''] = /^http:\/\/127\.0\.0\.1:9000(.*)$/.exec(url) ?? [];
    const [rawPath = '', rawQuery = ''] = target.split('?');
    const received = Object.entries({ Host: '127.0.0.1:9000', ...headers }).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]);
    const examination = verifier.examine({
      method,
      rawPath,
      rawQuery,
      headers: Object.fromEntries(received),
    });
    assert.ok(examination.kind !== 'refused', `${method} ${url}: ${JSON.stringify(examination)}`);
    assert.equal(
      examination.finish(bodyHash(Buffer.from(body, 'hex')))?.message,
      undefined,
      `${method} ${url}`,
    );
  }
  t.diagnostic(`botocore ${output.version}, ${output.requests.length} requests`);
});
