/** What extensions may ask of the Telemetry and Logs APIs, and what they are told otherwise. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readSubscription, type Api } from './subscription.ts';

const good = {
  schemaVersion: '2022-12-13',
  types: ['platform'],
  destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:8080/path?q=1' },
};
const read = (body: unknown, api: Api = 'telemetry') =>
  readSubscription(api, Buffer.from(JSON.stringify(body)));
const problem = (body: unknown, api?: Api): string => {
  const outcome = read(body, api);
  return outcome.kind === 'invalid' ? outcome.message : 'valid';
};

test('defaults are AWS’s, and everything asked is kept', () => {
  assert.deepEqual(read(good), {
    kind: 'valid',
    subscription: {
      api: 'telemetry',
      schemaVersion: '2022-12-13',
      types: ['platform'],
      destination: { protocol: 'HTTP', port: 8080, path: '/path?q=1', method: 'POST' },
      buffering: { maxItems: 10_000, maxBytes: 262_144, timeoutMs: 1_000 },
    },
  });
  const logs = read({ types: ['function'], destination: { protocol: 'TCP', port: 53 } }, 'logs');
  assert.ok(logs.kind === 'valid' && logs.subscription.schemaVersion === '2020-08-15');
  const port80 = read({ ...good, destination: { protocol: 'HTTP', URI: 'http://sandbox:80' } });
  assert.ok(port80.kind === 'valid' && port80.subscription.destination.port === 80);
});

test('all that is wrong is told in one line', () => {
  const both = {
    ...good,
    types: [],
    destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain/path' },
  };
  assert.equal(problem(both), 'URI port is not provided; types should not be empty');
});

const wrong: readonly (readonly [object, RegExp])[] = [
  [{ schemaVersion: '1999-01-01' }, /^schemaVersion should be one of 2022-07-01, 2022-12-13, 2025-01-29$/],
  [{ schemaVersion: undefined }, /^schemaVersion is not provided$/],
  [{ types: ['platform', 'kernel'] }, /^types should be among/],
  [{ destination: undefined }, /^destination is not provided$/],
  [{ destination: { protocol: 'UDP' } }, /^protocol should be HTTP or TCP$/],
  [{ destination: { protocol: 'HTTP' } }, /^URI is not provided$/],
  [{ destination: { protocol: 'HTTP', URI: 'https://sandbox.localdomain:1' } }, /of the form/],
  [
    { destination: { protocol: 'HTTP', URI: 'http://169.254.169.254:80/latest' } },
    /URI host should be sandbox/,
  ],
  [{ destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:9001' } }, /9001 is reserved/],
  [{ destination: { protocol: 'TCP', port: 0 } }, /^port should be between 1 and 65535$/],
  [{ destination: { protocol: 'TCP', port: '53' } }, /^port should be between/],
  [{ buffering: { maxItems: 999 } }, /^maxItems should be between 1000 and 10000$/],
  [{ buffering: { maxBytes: 1_048_577 } }, /^maxBytes should be between 262144 and 1048576$/],
  [{ buffering: { timeoutMs: 24.5 } }, /^timeoutMs should be between 25 and 30000$/],
  [{ buffering: 'much' }, /^buffering should be an object$/],
];

for (const [change, message] of wrong) {
  test(`refused: ${JSON.stringify(change)}`, () => assert.match(problem({ ...good, ...change }), message));
}

test('whatever the body is, it is valid or told why not', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      const outcome = readSubscription('telemetry', Buffer.from(text));
      assert.ok(outcome.kind === 'valid' || outcome.message !== '');
    }),
  );
});
