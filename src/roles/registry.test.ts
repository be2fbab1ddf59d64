/** Which names of registries are this service's own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOwnRegistry } from './registry.ts';

test('localhost, and every name of this machine at the own port, are the own registry', () => {
  const endpoint = 'http://10.1.2.3:9000';
  for (const [name, own] of [
    ['localhost', true],
    ['localhost:9000', true],
    ['127.0.0.1:9000', true],
    ['[::1]:9000', true],
    ['10.1.2.3:9000', true],
    ['localhost:5000', false],
    ['127.0.0.1', false],
    ['10.1.2.3', false],
    ['10.1.2.4:9000', false],
    ['registry.example.com:9000', false],
    ['docker.io', false],
  ] as const) {
    assert.equal(isOwnRegistry(name, endpoint), own, name);
  }
});

test('before it is known where this service listens, only localhost is', () => {
  assert.ok(isOwnRegistry('localhost', ''));
  assert.ok(!isOwnRegistry('127.0.0.1:9000', ''));
});

test('a service at port 80 is called without it, too', () => {
  assert.ok(isOwnRegistry('127.0.0.1:80', 'http://127.0.0.1'));
});
