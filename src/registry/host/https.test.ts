/** Pulling with TLS, in a process of its own that trusts the test's certificate. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const skip =
  spawnSync('openssl', ['version'], { stdio: 'ignore' }).error === undefined
    ? process.platform === 'linux'
      ? false
      : 'a second address of the loopback needs Linux'
    : 'openssl is not installed';

test(
  'a registry with TLS is read; where it must not send its readers, they do not go',
  { skip },
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'lambkin-tls-'));
    try {
      const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
      const request = [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
      ];
      const names = ['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.2'];
      await run('openssl', [...request, '-keyout', key, '-out', certificate, ...names]);
      const child = join(import.meta.dirname, '..', 'fixtures', 'tls-child.ts');
      const told = async (trusted: boolean): Promise<Record<string, unknown>> => {
        const env = { ...process.env, ...(trusted && { NODE_EXTRA_CA_CERTS: certificate }) };
        const { stdout } = await run(process.execPath, [child, key, certificate], { env, timeout: 60_000 });
        return JSON.parse(stdout) as Record<string, unknown>;
      };
      const { good, redirected, redirectedByName, elsewhere } = await told(true);
      assert.equal(good, 'stored');
      assert.match(String(redirected), /^InvalidImage .*leads to this machine is not followed/);
      assert.match(String(redirectedByName), /^ImageAccessDenied .*127\.0\.0\.3 must not be called/);
      assert.match(String(elsewhere), /^ImageAccessDenied .*127\.0\.0\.3 must not be called/);
      assert.match(String((await told(false))['good']), /^InternalError .*self-signed certificate/);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
