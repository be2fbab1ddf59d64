/** Blobs of a directory that another process writes to, read beside it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemEntropy } from '../../system-random.ts';
import { openFileBlobs, readFileBlobs } from './index.ts';

const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

test('a reader sees what is written, before and after it was opened, and sweeps nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-blobs-'));
  try {
    const early = readFileBlobs(directory);
    assert.equal(await early.get('a/b'), undefined, 'there is not even a directory');
    const writer = await openFileBlobs(directory, { entropy: systemEntropy });
    const unfinished = join(directory, 'tmp', 'somebody-writes-this');
    writeFileSync(unfinished, 'half');
    const reader = readFileBlobs(directory);
    await writer.putIfAbsent('a/b', Buffer.from('hello'));
    for (const each of [early, reader]) {
      assert.equal(textOf(await each.get('a/b')), 'hello');
      assert.equal(textOf(await each.get('a/b', { start: 1, end: 3 })), 'el');
    }
    assert.deepEqual(await reader.list('a/'), [{ key: 'a/b', sizeBytes: 5 }]);
    assert.ok(existsSync(unfinished));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
