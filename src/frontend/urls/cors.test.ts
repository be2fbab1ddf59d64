/** Cross-origin requests to function URLs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preflightHeaders, withCors } from './cors.ts';
import { someRequest } from './fixtures/requests.ts';

const cors = {
  allowCredentials: true,
  allowHeaders: ['content-type', 'x-a'],
  allowMethods: ['GET', 'POST'],
  allowOrigins: ['https://example.com'],
  exposeHeaders: ['x-b'],
  maxAgeSeconds: 60,
};

const preflight = (headers: Record<string, string>, method = 'OPTIONS') =>
  someRequest({ method, headers }).request;

const asked = { origin: 'https://example.com', 'access-control-request-method': 'POST' };

test('a preflight is answered from the configuration', () => {
  assert.deepEqual(preflightHeaders(cors, preflight(asked)), {
    vary: 'Origin',
    'access-control-allow-origin': 'https://example.com',
    'access-control-allow-methods': 'GET,POST',
    'access-control-allow-headers': 'content-type,x-a',
    'access-control-max-age': '60',
    'access-control-allow-credentials': 'true',
  });
});

test('wildcards allow what is asked for', () => {
  const all = { allowOrigins: ['*'], allowMethods: ['*'], allowHeaders: ['*'] };
  const request = preflight({ ...asked, 'access-control-request-headers': 'x-q,authorization' });
  assert.deepEqual(preflightHeaders(all, request), {
    vary: 'Origin',
    'access-control-allow-origin': 'https://example.com',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'x-q,authorization',
  });
});

test('a foreign origin is told nothing', () => {
  const foreign = { ...asked, origin: 'https://evil.example' };
  assert.deepEqual(preflightHeaders(cors, preflight(foreign)), { vary: 'Origin' });
});

test('other requests, and those to a URL without a configuration, are the function’s', () => {
  assert.equal(preflightHeaders(undefined, preflight(asked)), undefined);
  assert.equal(preflightHeaders(cors, preflight(asked, 'GET')), undefined);
  assert.equal(preflightHeaders(cors, preflight({ origin: asked.origin })), undefined);
  assert.equal(preflightHeaders(cors, preflight({ 'access-control-request-method': 'POST' })), undefined);
});

test('what the URL speaks of replaces what the function says', () => {
  const own = {
    'content-type': 'text/plain',
    vary: 'accept',
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'PUT',
    'access-control-expose-headers': 'x-own',
  };
  assert.deepEqual(withCors(cors, 'https://example.com', own), {
    'content-type': 'text/plain',
    vary: 'accept, Origin',
    'access-control-allow-origin': 'https://example.com',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'x-b',
  });
  assert.deepEqual(withCors(cors, 'https://evil.example', own), {
    'content-type': 'text/plain',
    vary: 'accept, Origin',
  });
  assert.deepEqual(withCors(cors, undefined, { vary: 'ORIGIN' }), { vary: 'ORIGIN' });
  assert.deepEqual(withCors({ maxAgeSeconds: 1 }, 'https://example.com', own), own);
  assert.deepEqual(withCors(undefined, 'https://example.com', own), own);
});

test('nothing that is asked or configured breaks out of a header', () => {
  const hostile = { allowOrigins: ['*'], exposeHeaders: ['a\r\nb: c', 'é'], allowMethods: ['*'] };
  const headers = withCors(hostile, 'x\r\ny', {});
  for (const value of Object.values(headers)) assert.match(String(value), /^[\t\x20-\x7e\x80-\xff]*$/);
});
