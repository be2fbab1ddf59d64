/** The table of CloudWatch: a row for everything that is served. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryDocuments } from '#engines/memory';
import { metricsApi, openMetrics } from '#metrics';
import { FakeClock } from '#platform';
import { accessOf } from './access.ts';
import { metricsAccess } from './metrics.ts';

const place = { accountId: '000000000000', region: 'us-east-1' };

test('every operation that is served has a row, and no other', async () => {
  const { accountId } = place;
  const parts = { accountId, documents: memoryDocuments(), clock: new FakeClock(), onTrouble: assert.fail };
  const { metricsHandlers } = await metricsApi();
  const handlers = metricsHandlers(openMetrics(parts), accountId);
  assert.deepEqual([...metricsAccess.keys()].toSorted(), Object.keys(handlers).toSorted());
});

test('who publishes may be held to a namespace', () => {
  const row = metricsAccess.get('PutMetricData');
  assert.ok(row !== undefined);
  const input = { Namespace: 'Shop' };
  const [access] = accessOf(row, input, place);
  assert.equal(access?.action, 'cloudwatch:PutMetricData');
  assert.equal(access?.resource.arn, '*');
  const keys = access?.keys.flatMap((source) => source(input, { place, policy: undefined }));
  assert.deepEqual(keys, [['cloudwatch:namespace', 'Shop']]);
});
