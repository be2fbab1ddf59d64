/** `lambkin cache`, run as users run it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/lambkin.mjs', import.meta.url));

test('a cache node serves who has the secret, and ends with a signal; a secret that is open to all is refused', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-cache-'));
  try {
    const secretFile = join(directory, 'secret');
    writeFileSync(secretFile, 'a-word-of-some-length\n', { mode: 0o600 });
    const args = [
      bin,
      'cache',
      '--port',
      '0',
      '--secret-file',
      secretFile,
      '--directory',
      join(directory, 'cache'),
    ];
    const node = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(node.stdout, 'data')) as [Buffer];
    const address = /http:\S+/.exec(String(said))?.[0] ?? '';
    const counts = await fetch(`${address}/counts`, {
      headers: { authorization: 'Bearer a-word-of-some-length' },
    });
    assert.deepEqual(await counts.json(), { memoryHits: 0, diskHits: 0, misses: 0, puts: 0 });
    assert.equal((await fetch(`${address}/counts`)).status, 401);
    node.kill('SIGTERM');
    assert.deepEqual(await once(node, 'exit'), [0, null]);

    chmodSync(secretFile, 0o644);
    const refused = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    refused.stderr.on('data', (piece: Buffer) => (complaint += piece.toString()));
    assert.deepEqual(await once(refused, 'close'), [1, null]);
    assert.match(
      complaint,
      /^lambkin: the cache node does not start: .* can be read by others; make it 0600\n$/,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
