/** Tests of the tables: what is asked, on which resource, and what conditions may look at. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { operations } from '#wire';
import type { Input } from '#wire';
import { accessOf } from './access.ts';
import { lambdaAccess } from './lambda.ts';
import { logsAccess } from './logs.ts';

const place = { accountId: '000000000000', region: 'us-east-1' };
const base = 'arn:aws:lambda:us-east-1:000000000000';

function asked(operation: string, input: Input): readonly string[] {
  const row = lambdaAccess.get(operation) ?? assert.fail(operation);
  return accessOf(row, input, place).map(({ action, resource }) => `${action} ${resource.arn}`);
}

function askedOfLogs(operation: string, input: Input): readonly string[] {
  const row = logsAccess.get(operation) ?? assert.fail(operation);
  return accessOf(row, input, place).map(({ action, resource }) => `${action} ${resource.arn}`);
}

suite('Lambda', () => {
  test('every operation has a row, and no row is without its operation', () => {
    assert.deepEqual([...lambdaAccess.keys()].sort(), [...operations.keys()].sort());
  });

  test('an action is named like its operation, but for invokes and layers by ARN', () => {
    const renamed = [...lambdaAccess].filter(([operation, { action }]) => action !== `lambda:${operation}`);
    assert.deepEqual(
      renamed.map(([operation, { action }]) => [operation, action]),
      [
        ['GetLayerVersionByArn', 'lambda:GetLayerVersion'],
        ['Invoke', 'lambda:InvokeFunction'],
        ['InvokeWithResponseStream', 'lambda:InvokeFunction'],
      ],
    );
  });

  const cases: readonly (readonly [string, Input, ...string[]])[] = [
    ['Invoke', { FunctionName: 'f' }, `lambda:InvokeFunction ${base}:function:f`],
    ['Invoke', { FunctionName: 'f', Qualifier: 'live' }, `lambda:InvokeFunction ${base}:function:f:live`],
    ['Invoke', { FunctionName: 'f:2' }, `lambda:InvokeFunction ${base}:function:f:2`],
    ['Invoke', { FunctionName: `${base}:function:f:2` }, `lambda:InvokeFunction ${base}:function:f:2`],
    ['Invoke', { FunctionName: '000000000000:function:f' }, `lambda:InvokeFunction ${base}:function:f`],
    ['Invoke', { FunctionName: 'f:$LATEST' }, `lambda:InvokeFunction ${base}:function:f:$LATEST`],
    [
      'Invoke',
      { FunctionName: 'arn:aws:lambda:us-east-1:111111111111:function:f', Qualifier: 'live' },
      'lambda:InvokeFunction arn:aws:lambda:us-east-1:111111111111:function:f:live',
    ],
    [
      'Invoke',
      { FunctionName: 'arn:aws:lambda:eu-west-1:000000000000:function:f' },
      'lambda:InvokeFunction arn:aws:lambda:eu-west-1:000000000000:function:f',
    ],
    ['Invoke', { FunctionName: 'f:1', Qualifier: '2' }, `lambda:InvokeFunction ${base}:function:f:1`],
    ['GetFunction', { FunctionName: 'f', Qualifier: 'live' }, `lambda:GetFunction ${base}:function:f`],
    ['UpdateAlias', { FunctionName: 'f', Name: 'live' }, `lambda:UpdateAlias ${base}:function:f`],
    [
      'AddPermission',
      { FunctionName: 'f', Qualifier: 'live' },
      `lambda:AddPermission ${base}:function:f:live`,
    ],
    [
      'PutProvisionedConcurrencyConfig',
      { FunctionName: 'f', Qualifier: 'live' },
      `lambda:PutProvisionedConcurrencyConfig ${base}:function:f:live`,
    ],
    ['ListFunctions', {}, 'lambda:ListFunctions *'],
    ['ListLayerVersions', { LayerName: 'l' }, 'lambda:ListLayerVersions *'],
    [
      'ListLayerVersions',
      { LayerName: 'arn:aws:lambda:us-east-1:111111111111:layer:l' },
      'lambda:ListLayerVersions arn:aws:lambda:us-east-1:111111111111:layer:l',
    ],
    ['PublishLayerVersion', { LayerName: 'l' }, `lambda:PublishLayerVersion ${base}:layer:l`],
    [
      'GetLayerVersion',
      { LayerName: `${base}:layer:l`, VersionNumber: 3 },
      `lambda:GetLayerVersion ${base}:layer:l:3`,
    ],
    ['GetLayerVersionByArn', { Arn: `${base}:layer:l:3` }, `lambda:GetLayerVersion ${base}:layer:l:3`],
    ['GetEventSourceMapping', { UUID: 'u' }, `lambda:GetEventSourceMapping ${base}:event-source-mapping:u`],
    [
      'DeleteCodeSigningConfig',
      { CodeSigningConfigArn: `${base}:code-signing-config:csc-1` },
      `lambda:DeleteCodeSigningConfig ${base}:code-signing-config:csc-1`,
    ],
    [
      'PutFunctionCodeSigningConfig',
      { FunctionName: 'f', CodeSigningConfigArn: `${base}:code-signing-config:csc-1` },
      `lambda:PutFunctionCodeSigningConfig ${base}:function:f`,
      `lambda:PutFunctionCodeSigningConfig ${base}:code-signing-config:csc-1`,
    ],
    [
      'GetCapacityProvider',
      { CapacityProviderName: 'p' },
      `lambda:GetCapacityProvider ${base}:capacity-provider:p`,
    ],
    ['TagResource', { Resource: `${base}:function:f`, Tags: {} }, `lambda:TagResource ${base}:function:f`],
    [
      'PutResourcePolicy',
      { ResourceArn: `${base}:function:f:live` },
      `lambda:PutResourcePolicy ${base}:function:f:live`,
    ],
    [
      'CreateFunction',
      {
        FunctionName: 'f',
        Role: 'arn:aws:iam::000000000000:role/r',
        Layers: [`${base}:layer:a:1`, 'arn:aws:lambda:us-east-1:111111111111:layer:b:2'],
        Tags: { team: 'a' },
      },
      `lambda:CreateFunction ${base}:function:f`,
      'iam:PassRole arn:aws:iam::000000000000:role/r',
      `lambda:GetLayerVersion ${base}:layer:a:1`,
      'lambda:GetLayerVersion arn:aws:lambda:us-east-1:111111111111:layer:b:2',
      `lambda:TagResource ${base}:function:f`,
    ],
    [
      'UpdateFunctionConfiguration',
      { FunctionName: 'f', Timeout: 3 },
      `lambda:UpdateFunctionConfiguration ${base}:function:f`,
    ],
    [
      'UpdateFunctionConfiguration',
      { FunctionName: 'f', Role: 'arn:aws:iam::000000000000:role/r' },
      `lambda:UpdateFunctionConfiguration ${base}:function:f`,
      'iam:PassRole arn:aws:iam::000000000000:role/r',
    ],
    [
      'CreateFunction',
      {
        FunctionName: 'f',
        CapacityProviderConfig: {
          LambdaManagedInstancesCapacityProviderConfig: {
            CapacityProviderArn: `${base}:capacity-provider:p`,
          },
        },
      },
      `lambda:CreateFunction ${base}:function:f`,
      `lambda:PassCapacityProvider ${base}:capacity-provider:p`,
    ],
    [
      'CreateEventSourceMapping',
      { FunctionName: 'f', Tags: { a: 'b' } },
      'lambda:CreateEventSourceMapping *',
      `lambda:TagResource ${base}:event-source-mapping:*`,
    ],
  ];
  for (const [operation, input, ...expected] of cases) {
    test(`${operation} ${JSON.stringify(input)}`, () => assert.deepEqual(asked(operation, input), expected));
  }
});

suite('CloudWatch Logs', () => {
  const group = 'arn:aws:logs:us-east-1:000000000000:log-group';
  const cases: readonly (readonly [string, Input, ...string[]])[] = [
    ['CreateLogGroup', { logGroupName: '/a/b' }, `logs:CreateLogGroup ${group}:/a/b:log-stream:`],
    [
      'CreateLogGroup',
      { logGroupName: '/a/b', tags: { x: 'y' } },
      `logs:CreateLogGroup ${group}:/a/b:log-stream:`,
      `logs:TagResource ${group}:/a/b`,
    ],
    ['DescribeLogGroups', { logGroupNamePrefix: '/a' }, `logs:DescribeLogGroups ${group}::log-stream:`],
    [
      'PutLogEvents',
      { logGroupName: 'g', logStreamName: '2026/[$LATEST]s' },
      `logs:PutLogEvents ${group}:g:log-stream:2026/[$LATEST]s`,
    ],
    [
      'FilterLogEvents',
      { logGroupIdentifier: `${group}:g:*` },
      `logs:FilterLogEvents ${group}:g:log-stream:`,
    ],
    ['FilterLogEvents', { logGroupIdentifier: 'g' }, `logs:FilterLogEvents ${group}:g:log-stream:`],
    ['TagResource', { resourceArn: `${group}:g:*`, tags: {} }, `logs:TagResource ${group}:g`],
  ];
  for (const [operation, input, ...expected] of cases) {
    test(`${operation} ${JSON.stringify(input)}`, () =>
      assert.deepEqual(askedOfLogs(operation, input), expected));
  }
});
