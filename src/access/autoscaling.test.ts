/** Application Auto Scaling: every operation that is answered asks for a permission. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAutoscaling } from '#autoscaling';
import { memoryDocuments } from '#engines/memory';
import { FakeClock, seededEntropy } from '#platform';
import { accessOf, autoscalingAccess } from './index.ts';

const place = { accountId: '000000000000', region: 'us-east-1' };

test('every operation with a handler has a row, named as AWS names it', () => {
  const { handlers } = createAutoscaling({
    documents: memoryDocuments(),
    clock: new FakeClock(),
    entropy: seededEntropy(1),
    exists: async () => false,
    capacity: { read: async () => undefined, set: async () => undefined },
    onTrouble: () => undefined,
  });
  assert.deepEqual([...autoscalingAccess.keys()].toSorted(), Object.keys(handlers).toSorted());
  for (const [operation, row] of autoscalingAccess) {
    assert.equal(row.action, `application-autoscaling:${operation}`);
  }
});

test('a target is asked for as any target, with what it scales as condition keys; tags on the very one', () => {
  const row = autoscalingAccess.get('PutScheduledAction');
  assert.ok(row);
  const input = { ServiceNamespace: 'lambda', ScalableDimension: 'd', ResourceId: 'function:f:live' };
  const [access] = accessOf(row, input, place);
  assert.equal(
    access?.resource.arn,
    'arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/*',
  );
  const keys = access?.keys.flatMap((source) => source(input, { place, policy: undefined }));
  assert.deepEqual(keys, [
    ['application-autoscaling:service-namespace', 'lambda'],
    ['application-autoscaling:scalable-dimension', 'd'],
  ]);
  const tagging = autoscalingAccess.get('TagResource');
  assert.ok(tagging);
  const ResourceARN = 'arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/1';
  assert.equal(accessOf(tagging, { ResourceARN }, place)[0]?.resource.arn, ResourceARN);
});
