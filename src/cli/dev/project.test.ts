/** What a folder's files say about the function in it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Asked, projectOf } from './project.ts';

const ready = () => Promise.resolve(['nodejs24.x', 'python3.9', 'python3.12', 'ruby3.4', 'java17']);

async function guess(files: Readonly<Record<string, string>>, asked: Asked = {}): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'lambkin-project-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    const { runtime, handler } = await projectOf(root, asked, ready);
    return `${runtime} ${handler}`;
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('runtime and handler come from the usual files', async () => {
  const folders: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ 'index.mjs': 'export const handler = 1', 'app.py': '' }, 'nodejs24.x index.handler'],
    [{ 'index.js': 'exports.main = () => 1' }, 'nodejs24.x index.main'],
    [{ 'src/index.js': 'module.exports = {}' }, 'nodejs24.x src/index.handler'],
    [
      { 'package.json': '{"main":"./dist/run.cjs"}', 'dist/run.cjs': '', 'index.js': '' },
      'nodejs24.x dist/run.handler',
    ],
    [{ 'package.json': '{', 'index.js': '' }, 'nodejs24.x index.handler'],
    [
      { 'lambda_function.py': 'def lambda_handler(event, context): ...' },
      'python3.12 lambda_function.lambda_handler',
    ],
    [{ 'main.py': 'import os\ndef handler(event, context): ...' }, 'python3.12 main.handler'],
    [
      { 'lambda_function.rb': 'def lambda_handler(event:, context:) = 1' },
      'ruby3.4 lambda_function.lambda_handler',
    ],
    [{ bootstrap: '#!/bin/sh', 'index.js': '' }, 'provided.al2023 bootstrap'],
  ];
  for (const [files, expected] of folders) assert.equal(await guess(files), expected);
});

test('what is asked for counts', async () => {
  const both = { 'index.js': '', 'app.py': 'def main(e, c): ...', 'deep/run.py': '' };
  assert.equal(await guess(both, { runtime: 'python3.9' }), 'python3.9 app.main');
  assert.equal(await guess(both, { handler: 'deep/run.go' }), 'python3.12 deep/run.go');
  assert.equal(await guess({}, { runtime: 'java17', handler: 'a.B::c' }), 'java17 a.B::c');
  assert.equal(await guess({}, { runtime: 'provided.al2' }), 'provided.al2 bootstrap');
});

test('a folder that says nothing, and a language that is not here, are told', async () => {
  await assert.rejects(guess({ 'README.md': '' }), /does not say what its function is/);
  const root = mkdtempSync(join(tmpdir(), 'lambkin-project-'));
  writeFileSync(join(root, 'app.rb'), '');
  await assert.rejects(
    projectOf(root, {}, () => Promise.resolve([])),
    /no ruby that Lambkin serves/,
  );
  rmSync(root, { recursive: true });
});

test('the name is the folder’s, with what a name may hold', async () => {
  const root = mkdtempSync(join(tmpdir(), 'lambkin project.'));
  const { functionName } = await projectOf(root, { runtime: 'java17', handler: 'a.B' }, ready);
  assert.match(functionName, /^lambkin-project-[A-Za-z0-9]{6}$/);
  rmSync(root, { recursive: true });
});
