/** The service outlives its terminal: whoever read its output may go away. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { launcher } from '../service.ts';

test('a stop is graceful also when nobody reads the output any more', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-terminal-'));
  const child = spawn(process.execPath, [launcher, 'up', '--port', '0', '--data-dir', directory], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  await once(child.stdout, 'data'); // the banner: it is ready
  child.stdout.destroy();
  child.stderr.destroy();
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null]);
  rmSync(directory, { recursive: true, force: true });
});
