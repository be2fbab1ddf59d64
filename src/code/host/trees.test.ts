/** The directory of trees, when somebody tidies up in it while it is in use. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Trees } from './trees.ts';

const digest = 'a'.repeat(64);
const sizeBytes = 100;

async function fill(directory: string): Promise<number> {
  writeFileSync(join(directory, 'index.mjs'), '');
  return sizeBytes;
}

test('a tree that was removed from outside is not handed out, and can be made again', async () => {
  const root = mkdtempSync(join(tmpdir(), 'lambkin-trees-'));
  try {
    const directory = join(root, 'code');
    const trees = new Trees(directory, 10 * sizeBytes);
    await trees.make(digest, fill);
    const first = trees.acquire(digest);
    assert.ok(first !== undefined && existsSync(first.directory));
    rmSync(directory, { recursive: true });
    assert.equal(trees.acquire(digest), undefined);
    assert.equal(trees.bytes, 0);
    await trees.make(digest, fill);
    const again = trees.acquire(digest);
    assert.ok(again !== undefined && existsSync(again.directory));
    first.release();
    again.release();
    assert.equal(trees.bytes, sizeBytes);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
