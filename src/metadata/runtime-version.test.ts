/** Names of the versions of runtimes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeVersionName } from './runtime-version.ts';

test('logs name a version of a runtime as AWS does', () => {
  const names = [
    ['nodejs24.x', 'nodejs:24.v1'],
    ['python3.12', 'python:3.12.v1'],
    ['ruby3.4', 'ruby:3.4.v1'],
    ['java21', 'java:21.v1'],
    ['java8.al2', 'java:8.al2.v1'],
    ['provided.al2023', 'provided:al2023.v1'],
  ] as const;
  for (const [runtime, name] of names) assert.equal(runtimeVersionName(runtime), name);
});
