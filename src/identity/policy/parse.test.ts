/** Tests of parsing: IAM's messages, and hostile texts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { PolicyDialect } from './compiled.ts';
import { documentOf, type StatementText } from './fixtures/policies.ts';
import { documentCharactersMax } from './limits.ts';
import { parsePolicy, policyCharacters } from './parse.ts';

const dialects: readonly PolicyDialect[] = ['identity', 'trust', 'resource'];
const allow: StatementText = { Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::bucket/*' };
const trust: StatementText = {
  Effect: 'Allow',
  Principal: { Service: 'lambda.amazonaws.com' },
  Action: 'sts:AssumeRole',
};
const resource: StatementText = { ...allow, Principal: { AWS: '111111111111' } };

function messageOf(text: string, dialect: PolicyDialect): string | undefined {
  const outcome = parsePolicy(text, dialect);
  return outcome.kind === 'invalid' ? outcome.message : undefined;
}

/** A changed copy of the dialect's good statement; undefined removes a member. */
function changed(base: StatementText, change: StatementText): string {
  return documentOf({ ...base, ...change });
}

test('good documents of all dialects', () => {
  const good: readonly (readonly [PolicyDialect, string])[] = [
    ['identity', documentOf(allow)],
    ['identity', JSON.stringify({ Version: '2012-10-17', Id: 'x', Statement: allow })],
    [
      'identity',
      documentOf(
        { ...allow, Sid: 'One' },
        { ...allow, Sid: 'Two' },
        { ...allow, Sid: '' },
        { ...allow, Sid: '' },
      ),
    ],
    ['identity', documentOf({ Effect: 'Deny', NotAction: ['iam:*'], NotResource: '*' })],
    [
      'identity',
      changed(allow, {
        Action: ['*', 'lambda:*', 'execute-api:Invoke'],
        Resource: ['*', 'arn:aws:iam::*:role/${aws:username}'],
      }),
    ],
    [
      'identity',
      changed(allow, {
        Resource: [
          'arn:*:s3:::x',
          'arn:aws-cn:s3:::x',
          'arn:aws:lambda:*',
          'arn:aws:iam::1:*',
          'arn:aws:s3:us-west-2:123456789012:accesspoint/x',
        ],
      }),
    ],
    [
      'identity',
      changed(allow, {
        Condition: {
          Bool: { 'aws:SecureTransport': true },
          NumericLessThan: { 'aws:MultiFactorAuthAge': [3600, '7200'] },
        },
      }),
    ],
    [
      'identity',
      changed(allow, {
        Condition: {
          'ForAllValues:StringLikeIfExists': { 'aws:TagKeys': ['a*'] },
          Null: { 'aws:TagKeys': false },
          Unheard: {},
        },
      }),
    ],
    ['trust', documentOf(trust)],
    ['trust', JSON.stringify({ Version: '2008-10-17', Statement: [trust] })],
    ['trust', JSON.stringify({ Statement: [trust] })],
    [
      'trust',
      changed(trust, {
        Principal: {
          AWS: [
            '111111111111',
            'arn:aws:iam::111111111111:root',
            'arn:aws:iam::111111111111:role/a/b',
            'arn:aws:sts::111111111111:assumed-role/r/s',
            'AROAABCDEFGHIJKLMNOP',
            '*',
          ],
          Federated: 'cognito-identity.amazonaws.com',
        },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
      }),
    ],
    ['resource', documentOf(resource)],
    ['resource', changed(resource, { Principal: '*', Sid: 'with-dash_1' })],
    [
      'resource',
      changed(resource, {
        Effect: 'Deny',
        Principal: undefined,
        NotPrincipal: { AWS: 'arn:aws:iam::111111111111:root' },
      }),
    ],
  ];
  for (const [dialect, text] of good) assert.equal(messageOf(text, dialect), undefined, text);
});

test("bad documents get IAM's message", () => {
  const syntax = 'Syntax errors in policy.';
  const legacy = 'The policy failed legacy parsing';
  const vendor = 'Resource vendor must be fully qualified and cannot contain regexes.';
  const bad: readonly (readonly [PolicyDialect, string, string])[] = [
    ['identity', '', syntax],
    ['identity', 'null', syntax],
    ['identity', '[]', syntax],
    ['identity', '{}', syntax],
    ['identity', '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}', syntax],
    ['identity', '{"Version":"2012-10-17","Statement":[]}', syntax],
    ['identity', JSON.stringify({ Version: '2013-10-17', Statement: [allow] }), syntax],
    ['identity', JSON.stringify({ Version: 1, Statement: [allow] }), syntax],
    ['identity', JSON.stringify({ Version: '2012-10-17', Id: 1, Statement: [allow] }), syntax],
    ['identity', JSON.stringify({ Version: '2012-10-17', Statement: [allow], Extra: '' }), syntax],
    ['identity', JSON.stringify({ Version: '2012-10-17', Statement: [allow, 'x'] }), syntax],
    [
      'identity',
      JSON.stringify({ Version: '2008-10-17', Statement: [allow] }),
      'Policy document must be version 2012-10-17 or greater.',
    ],
    [
      'identity',
      JSON.stringify({ Statement: [allow] }),
      'Policy document must be version 2012-10-17 or greater.',
    ],
    ['identity', changed(allow, { Effect: undefined }), syntax],
    ['identity', changed(allow, { Effect: 'Permit' }), syntax],
    ['identity', changed(allow, { Effect: 'allow' }), legacy],
    ['identity', changed(allow, { Sid: 1 }), syntax],
    [
      'identity',
      changed(allow, { Sid: 'a b' }),
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*',
    ],
    [
      'identity',
      documentOf({ ...allow, Sid: 'A' }, { ...allow, Sid: 'A' }),
      'Statement IDs (SID) in a single policy must be unique.',
    ],
    ['identity', changed(allow, { NotAction: 's3:*' }), syntax],
    ['identity', changed(allow, { NotResource: '*' }), syntax],
    ['identity', changed(allow, { Action: 1 }), syntax],
    ['identity', changed(allow, { Action: [null] }), syntax],
    ['identity', changed(allow, { Actions: 's3:*' }), syntax],
    ['identity', changed(allow, { Action: undefined }), 'Policy statement must contain actions.'],
    ['identity', changed(allow, { Action: [] }), 'Policy statement must contain actions.'],
    ['identity', changed(allow, { Resource: undefined }), 'Policy statement must contain resources.'],
    ['identity', changed(allow, { Resource: [] }), 'Policy statement must contain resources.'],
    ['identity', documentOf(resource), 'Policy document should not specify a principal.'],
    [
      'identity',
      changed(allow, { Action: 'GetObject' }),
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    ],
    [
      'identity',
      changed(allow, { Action: 's3:Get:Object' }),
      'Actions/Condition can contain only one colon.',
    ],
    ['identity', changed(allow, { Action: 's*:Get' }), 'Vendor s* is not valid'],
    ['identity', changed(allow, { Resource: 'bucket' }), 'Resource bucket must be in ARN format or "*".'],
    ['identity', changed(allow, { Resource: 'arn:aws:s3' }), ''],
    ['identity', changed(allow, { Resource: 'arn:aws:s3::bucket' }), legacy],
    [
      'identity',
      changed(allow, { Resource: 'arn:other:s3:::bucket' }),
      'Partition "other" is not valid for resource "arn:other:s3:::bucket".',
    ],
    ['identity', changed(allow, { Resource: 'arn:aws' }), vendor],
    ['identity', changed(allow, { Resource: 'arn:aws:s*:::x' }), vendor],
    [
      'identity',
      changed(allow, { Resource: 'arn:aws:s3:us-east-1::bucket' }),
      'Resource arn:aws:s3:us-east-1::bucket can not contain region information.',
    ],
    [
      'identity',
      changed(allow, { Resource: 'arn:aws:iam:us-east-1:1:role/x' }),
      'IAM resource arn:aws:iam:us-east-1:1:role/x cannot contain region information.',
    ],
    [
      'identity',
      changed(allow, { Resource: 'arn:aws:iam::1:roles/x' }),
      'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.',
    ],
    ['identity', changed(allow, { Condition: [] }), syntax],
    ['identity', changed(allow, { Condition: { StringEquals: 'x' } }), syntax],
    ['identity', changed(allow, { Condition: { StringEquals: { a: null } } }), syntax],
    ['identity', changed(allow, { Condition: { StringEquals: { a: { b: 'c' } } } }), syntax],
    ['identity', changed(allow, { Condition: { StringsEqual: { a: 'b' } } }), syntax],
    ['identity', changed(allow, { Condition: { NullIfExists: { a: 'true' } } }), syntax],
    ['identity', changed(allow, { Condition: { DateLessThan: { 'aws:CurrentTime': 'tomorrow' } } }), legacy],
    ['identity', changed(allow, { Condition: { NumericEquals: { a: 'x' } } }), legacy],
    ['identity', changed(allow, { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/33' } } }), legacy],
    ['trust', changed(trust, { Resource: '*' }), 'Has prohibited field Resource'],
    ['trust', changed(trust, { NotResource: '*' }), 'Has prohibited field NotResource'],
    ['trust', changed(trust, { Principal: undefined }), 'Missing required field Principal'],
    ['trust', changed(trust, { Principal: {} }), 'Missing required field Principal cannot be empty!'],
    [
      'trust',
      changed(trust, { Principal: undefined, NotPrincipal: { AWS: '*' } }),
      'Has prohibited field NotPrincipal',
    ],
    [
      'trust',
      changed(trust, { Action: 's3:GetObject' }),
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
    [
      'trust',
      changed(trust, { Action: undefined, NotAction: 'sts:AssumeRole' }),
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
    ['trust', changed(trust, { Principal: 'arn:aws:iam::111111111111:root' }), syntax],
    ['trust', changed(trust, { Principal: { AWS: 'bob' } }), 'Invalid principal in policy: "AWS":"bob"'],
    [
      'trust',
      changed(trust, { Principal: { AWS: 'arn:aws:iam::111111111111:role/*' } }),
      'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:role/*"',
    ],
    ['trust', changed(trust, { Principal: { Service: '*' } }), 'Invalid principal in policy: "SERVICE":"*"'],
    ['resource', changed(resource, { Principal: undefined }), 'Missing required field Principal'],
    ['resource', changed(resource, { Resource: undefined }), 'Missing required field Resource'],
    [
      'resource',
      changed(resource, { Principal: undefined, NotPrincipal: { AWS: '*' } }),
      'NotPrincipal is not supported with the effect Allow.',
    ],
    ['resource', changed(resource, { NotPrincipal: { AWS: '*' } }), syntax],
    [
      'resource',
      changed(resource, { Principal: { Person: 'bob' } }),
      'Invalid principal in policy: "Person":"bob"',
    ],
  ];
  for (const [dialect, text, message] of bad) {
    assert.equal(messageOf(text, dialect) ?? '', message, `${dialect} ${text}`);
  }
});

test('texts beyond every quota are refused before they are read', () => {
  const megabyte = `{"Version":"2012-10-17","Statement":[${'{},'.repeat(400_000)}{}]}`;
  for (const dialect of dialects) {
    assert.match(messageOf(megabyte, dialect) ?? '', /longer than 131072/);
    assert.equal(messageOf('['.repeat(documentCharactersMax), dialect), 'Syntax errors in policy.');
    assert.equal(messageOf('{"Statement":'.repeat(10_000), dialect), 'Syntax errors in policy.');
  }
});

test('whatever the text, parsing answers', () => {
  const name = fc.constantFrom(
    'Version',
    'Statement',
    'Effect',
    'Action',
    'NotAction',
    'Resource',
    'Principal',
    'NotPrincipal',
    'Condition',
    'Sid',
    'AWS',
    'Service',
    'StringEquals',
    'Null',
    '__proto__',
    'aws:x',
    '\u0000',
    '😀',
  );
  const text = fc.oneof(
    fc.constantFrom(
      '2012-10-17',
      'Allow',
      'Deny',
      's3:Get',
      '*',
      'arn:aws:s3:::x',
      '${aws:username}',
      '${',
      '${}',
      "${a,'b'}",
      '',
      '\u00e9',
      'true',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const { json } = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)),
      fc.array(tie('json'), { maxLength: 4 }),
      fc.dictionary(name, tie('json'), { maxKeys: 6 }),
    ),
  }));
  const statement = fc.record(
    {
      Effect: fc.constantFrom('Allow', 'Deny', 'x'),
      Action: json,
      NotAction: json,
      Resource: json,
      Principal: json,
      NotPrincipal: json,
      Condition: json,
      Sid: json,
    },
    { requiredKeys: ['Effect'] },
  );
  const document = fc.oneof(
    json,
    fc.record({ Version: fc.constant('2012-10-17'), Statement: fc.array(statement, { maxLength: 3 }) }),
  );
  fc.assert(
    fc.property(document, fc.constantFrom(...dialects), (value, dialect) => {
      const outcome = parsePolicy(JSON.stringify(value) ?? '', dialect);
      if (outcome.kind === 'invalid') assert.notEqual(outcome.message, '');
      else assert.ok(outcome.policy.statements.length > 0);
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...dialects), (bytes, dialect) => {
      assert.equal(parsePolicy(Buffer.from(bytes).toString('utf8'), dialect).kind, 'invalid');
    }),
  );
});

test('quotas count without white space', () => {
  assert.equal(policyCharacters('{ "a":\n\t"b c" }'), '{"a":"bc"}'.length);
});
