/** Memory does not grow with an image's bytes, and with its names only so far. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../fixtures/image.ts';

const child = fileURLToPath(new URL('../fixtures/flatten-child.ts', import.meta.url));

function residentMib(mebibytes: number, files: number): number {
  const output = run(process.execPath, '--max-semi-space-size=4', child, String(mebibytes), String(files));
  const { residentMib, sizeBytes } = JSON.parse(output) as { residentMib: number; sizeBytes: number };
  assert.ok(sizeBytes >= mebibytes * 1024 * 1024);
  return residentMib;
}

test('an image of 1 GiB, and one of 40,000 files, are made in 256 MiB of memory', () => {
  for (const [mebibytes, files] of [
    [1024, 1000],
    [64, 40_000],
  ] as const) {
    const resident = residentMib(mebibytes, files);
    assert.ok(resident <= 256, `${resident.toFixed(0)} MiB for ${mebibytes} MiB in ${files} files`);
  }
});
