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

const hosts = () => ['box', '192.168.1.5', '[fd00::5]'];

test('a service that listens everywhere is all addresses of its machine', () => {
  for (const endpoint of ['http://0.0.0.0:9000', 'http://[::]:9000']) {
    assert.ok(isOwnRegistry('192.168.1.5:9000', endpoint, hosts));
    assert.ok(isOwnRegistry('[fd00::5]:9000', endpoint, hosts));
    assert.ok(isOwnRegistry('box:9000', endpoint, hosts));
    assert.ok(!isOwnRegistry('192.168.1.6:9000', endpoint, hosts));
    assert.ok(!isOwnRegistry('192.168.1.5:9001', endpoint, hosts));
  }
  assert.ok(!isOwnRegistry('192.168.1.5:9000', 'http://127.0.0.1:9000', hosts));
});

test('a service at port 80 is called without it, too', () => {
  assert.ok(isOwnRegistry('127.0.0.1:80', 'http://127.0.0.1'));
});
