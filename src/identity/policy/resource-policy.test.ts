/** Tests of resource policies as Lambda's own operations write and check them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentOf, functionArn, grant, policyOf, type StatementText } from './fixtures/policies.ts';
import { checkResourcePolicy, isPublic } from './resource-policy.ts';

test('a document of up to 20,480 characters', () => {
  const document = documentOf(grant({ AWS: '111111111111' }));
  assert.equal(checkResourcePolicy(document.padEnd(20_480, ' ')).kind, 'valid');
  assert.deepEqual(checkResourcePolicy(document.padEnd(20_481, ' ')), {
    kind: 'invalid',
    message: 'The final policy size (20481) is bigger than the limit (20480).',
  });
  assert.equal(checkResourcePolicy('[]').kind, 'invalid');
});

const isPublicWith = (statement: StatementText): boolean => isPublic(policyOf('resource', statement));

const isPublicWhen = (Condition: unknown): boolean => isPublicWith(grant('*', { Condition }));

test('which policies are public', () => {
  assert.ok(isPublicWith(grant('*')));
  assert.ok(isPublicWith(grant({ AWS: ['111111111111', '*'] })));
  assert.ok(!isPublicWith(grant({ AWS: '111111111111' })));
  assert.ok(!isPublicWith(grant({ Service: 's3.amazonaws.com' })));
  assert.ok(!isPublicWith(grant('*', { Effect: 'Deny' })));
  assert.ok(
    isPublic(
      policyOf('resource', grant({ AWS: '111111111111' }), grant('*'), grant('*', { Effect: 'Deny' })),
    ),
  );

  assert.ok(!isPublicWhen({ StringEquals: { 'aws:PrincipalOrgID': 'o-1234567890' } }));
  assert.ok(!isPublicWhen({ StringEquals: { 'AWS:SourceAccount': ['111111111111', '222222222222'] } }));
  assert.ok(!isPublicWhen({ ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::bucket' } }));
  assert.ok(!isPublicWhen({ StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } }));
  assert.ok(!isPublicWhen({ Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } }));
  assert.ok(!isPublicWhen({ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '2001:db8::/32'] } }));

  assert.ok(isPublicWhen({ StringLike: { 'aws:PrincipalOrgID': 'o-*' } }));
  assert.ok(isPublicWhen({ StringEquals: { 'aws:SourceAccount': '${aws:PrincipalAccount}' } }));
  assert.ok(isPublicWhen({ ArnLike: { 'aws:SourceArn': ['arn:aws:s3:::bucket', 'arn:aws:s3:::*'] } }));
  assert.ok(isPublicWhen({ StringNotEquals: { 'aws:SourceAccount': '111111111111' } }));
  assert.ok(isPublicWhen({ StringEqualsIfExists: { 'aws:SourceAccount': '111111111111' } }));
  assert.ok(isPublicWhen({ 'ForAllValues:StringEquals': { 'aws:SourceAccount': '111111111111' } }));
  assert.ok(isPublicWhen({ Null: { 'aws:SourceAccount': 'false' } }));
  assert.ok(isPublicWhen({ StringEquals: { 'aws:RequestedRegion': 'us-east-1' } }));
  assert.ok(isPublicWhen({ IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '0.0.0.0/1'] } }));
  assert.ok(isPublicWhen({ IpAddress: { 'aws:SourceIp': '::/0' } }));
  assert.ok(isPublicWhen({ Bool: { 'lambda:InvokedViaFunctionUrl': 'false' } }));
  assert.ok(
    !isPublicWith(
      grant('*', {
        Condition: {
          Bool: { 'aws:SecureTransport': 'true' },
          StringEquals: { 'aws:SourceAccount': '111111111111' },
        },
        Resource: functionArn,
      }),
    ),
  );
});
