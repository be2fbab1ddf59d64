/** Tests of conditions, each against the rule that IAM's reference gives. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowAll, decisionOf, parsed, session, user } from './fixtures/policies.ts';
import type { Principal } from '../principal.ts';
import { openAuthorizer } from './decisions.ts';

type Values = Readonly<Record<string, string | readonly string[]>>;
type Case = readonly [rule: string, condition: unknown, request: Values, holds: boolean];

/** Whether an Allow with the condition takes effect for alice, who is tagged team=core. */
function holds(condition: unknown, conditions: Values): boolean {
  return (
    decisionOf({
      identity: [{ ...allowAll, Condition: condition }],
      conditions,
      tags: { Team: 'core', star: '*' },
    }).kind === 'allowed'
  );
}

function check(cases: readonly Case[]): void {
  for (const [rule, condition, request, expected] of cases) {
    assert.equal(
      holds(condition, request),
      expected,
      `${rule}: ${JSON.stringify(condition)} ${JSON.stringify(request)}`,
    );
  }
}

const ip = (operator: string, range: string | readonly string[]): unknown => ({
  [operator]: { 'aws:SourceIp': range },
});
const one = (operator: string, value: unknown): unknown => ({ [operator]: { 'lambda:x': value } });

test('strings', () => {
  check([
    ['equal', one('StringEquals', 'a'), { 'lambda:x': 'a' }, true],
    ['case matters', one('StringEquals', 'A'), { 'lambda:x': 'a' }, false],
    ['wildcards are text', one('StringEquals', 'a*'), { 'lambda:x': 'ab' }, false],
    ['wildcards are text', one('StringEquals', 'a*'), { 'lambda:x': 'a*' }, true],
    ['any of the values', one('StringEquals', ['a', 'b']), { 'lambda:x': 'b' }, true],
    ['no values match nothing', one('StringEquals', []), { 'lambda:x': 'b' }, false],
    ['missing key', one('StringEquals', 'a'), {}, false],
    ['missing key, negated', one('StringNotEquals', 'a'), {}, true],
    ['negated is NOR', one('StringNotEquals', ['a', 'b']), { 'lambda:x': 'b' }, false],
    ['negated is NOR', one('StringNotEquals', ['a', 'b']), { 'lambda:x': 'c' }, true],
    ['without case', one('StringEqualsIgnoreCase', 'ABC'), { 'lambda:x': 'abC' }, true],
    ['without case, negated', one('StringNotEqualsIgnoreCase', 'ABC'), { 'lambda:x': 'abC' }, false],
    ['like', one('StringLike', 'a*c?'), { 'lambda:x': 'abbcd' }, true],
    ['like crosses colons', one('StringLike', 'a*d'), { 'lambda:x': 'a:b:cd' }, true],
    ['like, case matters', one('StringLike', 'A*'), { 'lambda:x': 'ab' }, false],
    ['not like', one('StringNotLike', ['a*', 'b*']), { 'lambda:x': 'bc' }, false],
    ['not like', one('StringNotLike', ['a*', 'b*']), { 'lambda:x': 'cc' }, true],
    ['keys without case', { StringEquals: { 'LAMBDA:X': 'a' } }, { 'lambda:x': 'a' }, true],
    ['a number is a text', one('StringEquals', 1), { 'lambda:x': '1' }, true],
    [
      'all operators must hold',
      { StringEquals: { 'lambda:x': 'a' }, Bool: { 'lambda:y': 'true' } },
      { 'lambda:x': 'a', 'lambda:y': 'false' },
      false,
    ],
    [
      'all keys must hold',
      { StringEquals: { 'lambda:x': 'a', 'lambda:y': 'b' } },
      { 'lambda:x': 'a', 'lambda:y': 'b' },
      true,
    ],
    [
      'all keys must hold',
      { StringEquals: { 'lambda:x': 'a', 'lambda:y': 'b' } },
      { 'lambda:x': 'a' },
      false,
    ],
  ]);
});

test('IfExists and Null', () => {
  check([
    ['missing is well', one('StringEqualsIfExists', 'a'), {}, true],
    ['there must hold', one('StringEqualsIfExists', 'a'), { 'lambda:x': 'b' }, false],
    ['negated', one('StringNotEqualsIfExists', 'a'), { 'lambda:x': 'a' }, false],
    ['Null true: missing', one('Null', 'true'), {}, true],
    ['Null true: there', one('Null', 'true'), { 'lambda:x': '' }, false],
    ['Null false: there', one('Null', false), { 'lambda:x': '' }, true],
    ['Null false: missing', one('Null', false), {}, false],
    ['an empty list is missing', one('Null', 'true'), { 'lambda:x': [] }, true],
  ]);
});

test('numbers, dates, booleans, bytes', () => {
  check([
    ['equal', one('NumericEquals', '10'), { 'lambda:x': '10.0' }, true],
    ['not equal', one('NumericNotEquals', ['10', '11']), { 'lambda:x': '11' }, false],
    ['less', one('NumericLessThan', 10), { 'lambda:x': '9' }, true],
    ['less, by number not by text', one('NumericLessThan', 10), { 'lambda:x': '9.5' }, true],
    ['at most', one('NumericLessThanEquals', 10), { 'lambda:x': '10' }, true],
    ['greater', one('NumericGreaterThan', 10), { 'lambda:x': '10' }, false],
    ['at least', one('NumericGreaterThanEquals', 10), { 'lambda:x': '10' }, true],
    ['no number', one('NumericLessThan', 10), { 'lambda:x': 'x' }, false],
    ['missing', one('NumericLessThan', 10), {}, false],
    ['missing, negated', one('NumericNotEquals', 10), {}, true],
    ['date', one('DateLessThan', '2026-01-01T00:00:00Z'), { 'lambda:x': '2025-12-31T23:59:59Z' }, true],
    ['date, seconds', one('DateGreaterThan', '2026-01-01T00:00:00Z'), { 'lambda:x': '1767225601' }, true],
    [
      'date, zones',
      one('DateEquals', '2026-01-01T01:00:00+01:00'),
      { 'lambda:x': '2026-01-01T00:00:00Z' },
      true,
    ],
    ['date, negated', one('DateNotEquals', '2026-01-01'), { 'lambda:x': '2026-01-01T00:00:00Z' }, false],
    ['date, at least', one('DateGreaterThanEquals', '2026-01-01'), { 'lambda:x': '2026-01-01' }, true],
    ['date, at most', one('DateLessThanEquals', '2026-01-01'), { 'lambda:x': '2026-01-02' }, false],
    ['bool', one('Bool', 'true'), { 'lambda:x': 'true' }, true],
    ['bool', one('Bool', false), { 'lambda:x': 'true' }, false],
    ['bool, missing', one('Bool', 'false'), {}, false],
    ['bool, IfExists', one('BoolIfExists', 'false'), {}, true],
    ['bytes', one('BinaryEquals', 'QUJD'), { 'lambda:x': 'QUJD' }, true],
    ['bytes', one('BinaryEquals', 'QUJD'), { 'lambda:x': 'QUJE' }, false],
  ]);
});

test('addresses', () => {
  check([
    ['in', ip('IpAddress', '203.0.113.0/24'), { 'aws:SourceIp': '203.0.113.7' }, true],
    ['out', ip('IpAddress', '203.0.113.0/24'), { 'aws:SourceIp': '203.0.114.7' }, false],
    ['one of', ip('IpAddress', ['203.0.113.0/24', '2001:db8::/32']), { 'aws:SourceIp': '2001:db8::5' }, true],
    ['no prefix: one address', ip('IpAddress', '203.0.113.7'), { 'aws:SourceIp': '203.0.113.8' }, false],
    [
      'not in any',
      ip('NotIpAddress', ['203.0.113.0/24', '10.0.0.0/8']),
      { 'aws:SourceIp': '10.1.1.1' },
      false,
    ],
    [
      'not in any',
      ip('NotIpAddress', ['203.0.113.0/24', '10.0.0.0/8']),
      { 'aws:SourceIp': '11.1.1.1' },
      true,
    ],
    ['missing', ip('IpAddress', '0.0.0.0/0'), {}, false],
    ['missing, negated', ip('NotIpAddress', '0.0.0.0/0'), {}, true],
  ]);
});

test('ARNs: the six components one by one', () => {
  const arn = 'arn:aws:sns:us-east-1:123456789012:topic:sub';
  check([
    ['equal', one('ArnEquals', arn), { 'lambda:x': arn }, true],
    [
      'ArnEquals takes wildcards like ArnLike',
      one('ArnEquals', 'arn:aws:sns:*:*:topic*'),
      { 'lambda:x': arn },
      true,
    ],
    ['a star stays in its component', one('ArnLike', 'arn:aws:sns:*:topic:sub'), { 'lambda:x': arn }, false],
    ['the sixth has colons', one('ArnLike', 'arn:aws:sns:*:*:t*b'), { 'lambda:x': arn }, true],
    ['"*" is all', one('ArnLike', '*'), { 'lambda:x': arn }, true],
    ['a star at the end stands for the rest', one('ArnLike', 'arn:aws:sns:*'), { 'lambda:x': arn }, true],
    [
      'a star at the end does not stand for nothing',
      one('ArnLike', 'arn:aws:*'),
      { 'lambda:x': 'arn:aws' },
      false,
    ],
    ['other service', one('ArnLike', 'arn:aws:sqs:*'), { 'lambda:x': arn }, false],
    ['no ARN', one('ArnLike', 'arn:aws:sns:*:*:*'), { 'lambda:x': 'topic' }, false],
    ['negated', one('ArnNotLike', ['arn:aws:sqs:*:*:*', 'arn:aws:sns:*:*:*']), { 'lambda:x': arn }, false],
    ['negated', one('ArnNotEquals', 'arn:aws:sqs:*:*:*'), { 'lambda:x': arn }, true],
    [
      'variables',
      one('ArnLike', 'arn:aws:sns:us-east-1:${aws:PrincipalAccount}:*'),
      { 'lambda:x': 'arn:aws:sns:us-east-1:000000000000:t' },
      true,
    ],
  ]);
});

const tagKeys = (operator: string, values: unknown): unknown => ({ [operator]: { 'aws:TagKeys': values } });

test('several values: ForAnyValue, ForAllValues, and without', () => {
  check([
    ['any', tagKeys('ForAnyValue:StringEquals', ['a', 'b']), { 'aws:TagKeys': ['x', 'b'] }, true],
    ['any', tagKeys('ForAnyValue:StringEquals', ['a', 'b']), { 'aws:TagKeys': ['x', 'y'] }, false],
    ['any, missing', tagKeys('ForAnyValue:StringEquals', ['a']), {}, false],
    [
      'any, negated: one that is none of them',
      tagKeys('ForAnyValue:StringNotEquals', ['a', 'b']),
      { 'aws:TagKeys': ['a', 'x'] },
      true,
    ],
    [
      'any, negated',
      tagKeys('ForAnyValue:StringNotEquals', ['a', 'b']),
      { 'aws:TagKeys': ['a', 'b'] },
      false,
    ],
    ['any, negated, missing', tagKeys('ForAnyValue:StringNotEquals', ['a']), {}, false],
    ['any, IfExists, missing', tagKeys('ForAnyValue:StringEqualsIfExists', ['a']), {}, true],
    ['all', tagKeys('ForAllValues:StringEquals', ['a', 'b']), { 'aws:TagKeys': ['a', 'b', 'a'] }, true],
    ['all', tagKeys('ForAllValues:StringEquals', ['a', 'b']), { 'aws:TagKeys': ['a', 'x'] }, false],
    ['all, missing', tagKeys('ForAllValues:StringEquals', ['a']), {}, true],
    ['all, empty', tagKeys('ForAllValues:StringEquals', ['a']), { 'aws:TagKeys': [] }, true],
    ['all, empty text', tagKeys('ForAllValues:StringEquals', ['a']), { 'aws:TagKeys': '' }, true],
    ['all, negated', tagKeys('ForAllValues:StringNotLike', ['a*']), { 'aws:TagKeys': ['b', 'c'] }, true],
    ['all, negated', tagKeys('ForAllValues:StringNotLike', ['a*']), { 'aws:TagKeys': ['b', 'ac'] }, false],
    ['without: one is enough', tagKeys('StringEquals', ['a']), { 'aws:TagKeys': ['x', 'a'] }, true],
    ['without, negated: none may', tagKeys('StringNotEquals', ['a']), { 'aws:TagKeys': ['x', 'a'] }, false],
  ]);
});

test('policy variables', () => {
  check([
    ['user name', one('StringEquals', '${aws:username}'), { 'lambda:x': 'alice' }, true],
    ['in the middle', one('StringLike', 'home/${aws:username}/*'), { 'lambda:x': 'home/alice/a' }, true],
    ['tag, key without case', one('StringEquals', '${aws:PrincipalTag/team}'), { 'lambda:x': 'core' }, true],
    [
      'a star in a value is a star',
      one('StringLike', '${aws:PrincipalTag/star}'),
      { 'lambda:x': 'anything' },
      false,
    ],
    ['a star in a value is a star', one('StringLike', '${aws:PrincipalTag/star}'), { 'lambda:x': '*' }, true],
    ['missing matches nothing', one('StringLike', '*${aws:PrincipalTag/none}'), { 'lambda:x': '' }, false],
    ['missing, negated', one('StringNotEquals', '${aws:PrincipalTag/none}'), { 'lambda:x': 'a' }, true],
    [
      'default',
      one('StringEquals', "${aws:PrincipalTag/none, 'all of them'}"),
      { 'lambda:x': 'all of them' },
      true,
    ],
    ['default is not used', one('StringEquals', "${aws:PrincipalTag/team, 'x'}"), { 'lambda:x': 'x' }, false],
    [
      'several values are none',
      one('StringEquals', '${aws:TagKeys}'),
      { 'lambda:x': 'a', 'aws:TagKeys': ['a', 'b'] },
      false,
    ],
    ['of the request', one('StringEquals', '${lambda:y}'), { 'lambda:x': 'a', 'lambda:y': 'a' }, true],
    ['escapes', one('StringLike', 'a${*}${?}${$}*'), { 'lambda:x': 'a*?$b' }, true],
    ['escapes', one('StringLike', 'a${*}'), { 'lambda:x': 'ab' }, false],
    ['unfinished is text', one('StringEquals', '${aws:username'), { 'lambda:x': '${aws:username' }, true],
    ['nothing inside is text', one('StringEquals', '${}'), { 'lambda:x': '${}' }, true],
  ]);
});

test('in the older version of the language a variable is text', () => {
  const old = parsed(
    '{"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:s3:::${aws:username}"}}',
    'resource',
  );
  assert.deepEqual(old.statements[0]?.resources?.patterns[0]?.pieces, [
    { kind: 'literal', text: 'arn:aws:s3:::${aws:username}' },
  ]);
});

const decisionFor = (principal: Principal, condition: unknown): string =>
  decisionOf({ principal, identity: [{ ...allowAll, Condition: condition }] }).kind;

test('what the principal says of itself comes from the principal, never from the request', () => {
  const lies = {
    'aws:PrincipalArn': 'x',
    'aws:username': 'mallory',
    'aws:PrincipalTag/team': 'x',
    'aws:userid': 'x',
    'aws:PrincipalOrgID': 'o-x',
    'aws:PrincipalIsAWSService': 'true',
  };
  check([
    ['arn', { StringEquals: { 'aws:PrincipalArn': user.arn } }, lies, true],
    ['account', { StringEquals: { 'aws:PrincipalAccount': '000000000000' } }, lies, true],
    ['type', { StringEquals: { 'aws:PrincipalType': 'User' } }, lies, true],
    ['id', { StringEquals: { 'aws:userid': user.userId } }, lies, true],
    ['name', { StringEquals: { 'aws:username': 'alice' } }, lies, true],
    ['tag', { StringEquals: { 'aws:PrincipalTag/Team': 'core' } }, lies, true],
    ['service', { Bool: { 'aws:PrincipalIsAWSService': 'false' } }, lies, true],
    ['organisation', { Null: { 'aws:PrincipalOrgID': 'true' } }, lies, true],
  ]);
  assert.equal(
    decisionFor(session, { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::000000000000:role/team/worker' } }),
    'allowed',
  );
  assert.equal(decisionFor(session, { StringLike: { 'aws:userid': 'AROA*:s1' } }), 'allowed');
  assert.equal(decisionFor(session, { Null: { 'aws:username': 'true' } }), 'allowed');
  assert.equal(decisionFor(session, { StringEquals: { 'aws:PrincipalType': 'AssumedRole' } }), 'allowed');
});

test('what temporary credentials say of themselves', () => {
  const temporary = { ...session, tokenIssuedAtMs: Date.UTC(2026, 0, 1), sourceIdentity: 'carol' };
  const old = { DateLessThan: { 'aws:TokenIssueTime': '2026-01-02T00:00:00Z' } };
  assert.equal(decisionFor(temporary, old), 'allowed');
  assert.equal(decisionFor({ ...temporary, tokenIssuedAtMs: Date.UTC(2026, 0, 3) }, old), 'denied');
  assert.equal(decisionFor(session, old), 'denied');
  assert.equal(decisionFor(temporary, { StringEquals: { 'aws:SourceIdentity': 'carol' } }), 'allowed');
});

test('services say which they are', () => {
  const authorizer = openAuthorizer({
    revision: 1,
    policiesOf: () => assert.fail('a service has no policies'),
  });
  const decide = (condition: unknown): string =>
    authorizer.decideForOutsider({
      caller: { kind: 'service', service: 's3.amazonaws.com' },
      action: 'lambda:InvokeFunction',
      resource: 'arn:aws:lambda:us-east-1:000000000000:function:f',
      conditions: () =>
        new Map([
          ['aws:sourcearn', 'arn:aws:s3:::b'],
          ['aws:sourceaccount', '000000000000'],
        ]),
      resourcePolicies: [
        JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 's3.amazonaws.com' },
              Action: 'lambda:InvokeFunction',
              Resource: '*',
              Condition: condition,
            },
          ],
        }),
      ],
    }).kind;
  assert.equal(
    decide({
      ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::b' },
      StringEquals: { 'AWS:SourceAccount': '000000000000' },
    }),
    'allowed',
  );
  assert.equal(decide({ ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::other' } }), 'denied');
  assert.equal(decide({ StringEquals: { 'AWS:SourceAccount': '111111111111' } }), 'denied');
  assert.equal(decide({ Bool: { 'aws:PrincipalIsAWSService': 'true' } }), 'allowed');
  assert.equal(decide({ StringEquals: { 'aws:PrincipalServiceName': 's3.amazonaws.com' } }), 'allowed');
});
