/** Hosts of function URLs, told from all others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isUrlHost, parseUrlHost } from './host.ts';

const domains = ['localhost', 'functions.example.com'];

test('a URL’s host gives its id, region and port', () => {
  assert.deepEqual(parseUrlHost('abc.lambda-url.us-east-1.localhost:9000', domains), {
    urlId: 'abc',
    region: 'us-east-1',
    domainName: 'abc.lambda-url.us-east-1.localhost',
    port: '9000',
  });
  const long = parseUrlHost('ABC.Lambda-URL.us-east-1.Functions.Example.com', domains);
  assert.deepEqual(long?.domainName, 'abc.lambda-url.us-east-1.functions.example.com');
  assert.equal(long.port, '80');
  assert.equal(parseUrlHost('abc.lambda-url.us-east-1.localhost.:1', domains)?.port, '1');
});

test('other hosts are none', () => {
  for (const host of [
    '',
    'localhost:9000',
    '127.0.0.1:9000',
    '[::1]:9000',
    'lambda.us-east-1.amazonaws.com',
    'lambda-url.us-east-1.localhost',
  ]) {
    assert.equal(isUrlHost(host), false, host);
  }
  for (const host of [
    'abc.lambda-url.us-east-1.example.com',
    'abc.lambda-url.us-east-1.localhost:x',
    'a.b.lambda-url.us-east-1.localhost',
    '.lambda-url.us-east-1.localhost',
    'abc.lambda-url..localhost',
    'abc.lambda-url.us-east-1.evil.com:80/.localhost',
  ]) {
    assert.equal(parseUrlHost(host, domains), undefined, host);
  }
});

test('no text makes it throw, and what it takes is a URL’s host', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (id, rest) => {
      const host = `${id}.lambda-url.${rest}.localhost`;
      if (parseUrlHost(host, domains) !== undefined) assert.ok(isUrlHost(host));
    }),
  );
});
