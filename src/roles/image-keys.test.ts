/** Tests of what is refused of the keys in KMS, before any of them is used. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { OperatorError } from '#lib/operator-error';
import { Closing } from './closing.ts';
import { openImageKeys } from './image-keys.ts';

const dataDirectory = mkdtempSync(join(tmpdir(), 'lambkin-image-keys-'));
after(() => rmSync(dataDirectory, { recursive: true }));

const open = (keyIds: readonly string[]): Promise<unknown> =>
  openImageKeys({
    options: {
      dataDirectory,
      region: 'us-east-1',
      images: { kms: { endpoint: 'http://127.0.0.1:1', keyIds } },
    },
    closing: new Closing(),
    trouble: () => {},
  });

const keyIn = (region: string): string => `arn:aws:kms:${region}:123456789012:key/a`;

test('keys of several regions are refused, as one KMS has one', async () => {
  await assert.rejects(
    open([keyIn('eu-west-1'), keyIn('us-east-1')]),
    (error) =>
      error instanceof OperatorError &&
      error.exitCode === 2 &&
      error.message.startsWith('--images-kms-key names keys of several regions'),
  );
});
