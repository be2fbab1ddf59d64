/** The repository is tested like the program: names, sizes and habits of its files. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';

const linesMax = 400;
const vagueNames = /^(utils?|common|helpers?|managers?|base|misc|shared)\b/;

const files = globSync(['{src,test,bench,scripts,bin}/**/*.{ts,mjs,py}']).filter(
  (file) => !file.includes('/generated/') && !file.includes('/fixtures/'),
);

test('no file has a name that says nothing', () => {
  assert.deepEqual(
    files.filter((file) => vagueNames.test(basename(file))),
    [],
  );
});

test(`no file is longer than ${linesMax} lines`, () => {
  const long = files
    .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > linesMax);
  assert.deepEqual(long, []);
});

test('every file says at its top what it is', () => {
  const silent = files.filter((file) => {
    const text = readFileSync(file, 'utf8').replace(/^#!.*\n/, '');
    return !/^(\/\*\*|\/\/|"""|#)/.test(text);
  });
  assert.deepEqual(silent, []);
});

test('nothing reads what stands outside the project', () => {
  // Spelled in two parts so that this file does not find itself.
  const outside = ['..', 'shared/'].join('/');
  assert.deepEqual(
    files.filter((file) => readFileSync(file, 'utf8').includes(outside)),
    [],
  );
});
