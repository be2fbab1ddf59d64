/** What options take and refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { kmsKeyIdsMax } from '#images';
import * as values from './values.ts';

const refused = (parse: () => unknown, message: RegExp): void => {
  assert.throws(parse, (error) => error instanceof InvalidArgumentError && message.test(error.message));
};

test('ports are whole numbers up to 65535', () => {
  assert.equal(values.port('0'), 0);
  assert.equal(values.port('65535'), 65_535);
  for (const text of ['', '-1', '65536', '80.5', '0x50', '1e3', ' 80'])
    refused(() => values.port(text), /port/);
});

test('hours become milliseconds, and MiB of a cache bytes', () => {
  assert.equal(values.hours('168'), 7 * 24 * 3_600_000);
  for (const text of ['0', '1.5', '87601', 'x']) refused(() => values.hours(text), /hours/);
  assert.equal(values.cacheMebibytes('16'), 16 * 1024 * 1024);
  for (const text of ['15', '-1', '16777217']) refused(() => values.cacheMebibytes(text), /MiB/);
});

test('URLs stand with commas between', () => {
  assert.deepEqual(values.urls('http://a:1, http://b:2'), ['http://a:1', 'http://b:2']);
  for (const text of ['', 'http://a,', 'x']) refused(() => values.urls(text), /Expected an address/);
});

test('keys of KMS are ids, ARNs or aliases', () => {
  const id = '1234abcd-12ab-34cd-56ef-1234567890ab';
  const arn = `arn:aws:kms:eu-central-1:123456789012:key/${id}`;
  const alias = 'arn:aws-cn:kms:cn-north-1:123456789012:alias/images/one';
  assert.deepEqual(values.kmsKeys(`alias/images, ${id},${arn},${alias}`), ['alias/images', id, arn, alias]);
  for (const text of ['', 'alias/', 'a,', 'a b', 'arn:aws:s3:::x', 'a\nb', 'x'.repeat(2049)]) {
    refused(() => values.kmsKeys(text), /Expected a key's id/);
  }
});

test('as many keys of KMS are taken as a keyring takes', () => {
  const keys = Array.from({ length: kmsKeyIdsMax }, (_, index) => `key-${index}`);
  assert.deepEqual(values.kmsKeys(keys.join()), keys);
  refused(() => values.kmsKeys([...keys, 'more'].join()), /Expected up to 4 keys/);
});

test('days become milliseconds', () => {
  assert.equal(values.days('15'), 15 * 86_400_000);
  for (const text of ['0', '456', '1.5', '-1', 'x', '']) {
    refused(() => values.days(text), /days, 1 to 455/);
  }
});

test('minutes become milliseconds', () => {
  assert.equal(values.minutes('240'), 4 * 3_600_000);
  for (const text of ['', '0', '-1', '1.5', '10081', '4h'])
    refused(() => values.minutes(text), /minutes, 1 to 10080/);
});

test('MiB may have decimals and become bytes', () => {
  assert.equal(values.mebibytes('6'), 6 * 1024 * 1024);
  assert.equal(values.mebibytes('0.5'), 512 * 1024);
  for (const text of ['', '0', '0.0001', '-1', '1e3', '1000001', '2MiB', 'Infinity'])
    refused(() => values.mebibytes(text), /MiB/);
});

test('isolation that is not there yet is refused as such', () => {
  assert.equal(values.isolation('container'), 'container');
  refused(() => values.isolation('microvm'), /does not have microvm isolation yet/);
  refused(() => values.isolation('jail'), /Expected auto, container or process/);
});

test('networks and base images are checked', () => {
  assert.equal(values.network('internet'), 'internet');
  refused(() => values.network('all'), /Expected none or internet/);
  assert.equal(values.baseImage('/'), '/');
  refused(() => values.baseImage('/nowhere'), /files of a Linux system/);
  assert.equal(values.roleCredentials('endpoint'), 'endpoint');
  refused(() => values.roleCredentials('none'), /Expected variables or endpoint/);
});

test('accounts have twelve digits, regions look like regions, log levels are known', () => {
  assert.equal(values.accountId('123456789012'), '123456789012');
  refused(() => values.accountId('12345'), /twelve digits/);
  assert.equal(values.region('eu-central-1'), 'eu-central-1');
  refused(() => values.region('EU Central'), /us-east-1/);
  refused(() => values.region('europe'), /us-east-1/);
  assert.equal(values.logLevel('warn'), 'warn');
  refused(() => values.logLevel('loud'), /debug, info/);
});

test('endpoints are collected, by option and by environment', () => {
  const first = values.endpoint('s3=http://127.0.0.1:9010/');
  assert.deepEqual(values.endpoint('DynamoDB=https://db.test', first), {
    s3: 'http://127.0.0.1:9010',
    dynamodb: 'https://db.test',
  });
  assert.deepEqual(
    values.endpointsIn({ LAMBKIN_ENDPOINT_S3: 'http://a:1', LAMBKIN_ENDPOINT_SQS: '', OTHER: 'x' }),
    { s3: 'http://a:1' },
  );
  for (const text of ['s3', 's3=', 's3=ftp://x', '=http://x'])
    refused(() => values.endpoint(text), /Expected/);
  refused(() => values.endpointsIn({ LAMBKIN_ENDPOINT_S3: 'nowhere' }), /LAMBKIN_ENDPOINT_S3 is 'nowhere'/);
});

test('times are ago, or absolute', () => {
  const now = Date.UTC(2026, 0, 2);
  assert.equal(values.since('30s', now), now - 30_000);
  assert.equal(values.since('2h', now), now - 7_200_000);
  assert.equal(values.since('1d', now), Date.UTC(2026, 0, 1));
  assert.equal(values.since('2026-01-01T00:00:00Z', now), Date.UTC(2026, 0, 1));
  for (const text of ['', 'yesterday', '10', '10 m', '5y'])
    refused(() => values.since(text, now), /Expected a time/);
});
