/** Tests of the whole decision of one account, each against the rule of IAM's policy evaluation logic. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Principal } from '../principal.ts';
import {
  account,
  allowAll,
  decisionOf,
  denyAll,
  functionArn,
  grant,
  root,
  session,
  type Situation,
  stranger,
  user,
} from './fixtures/policies.ts';

type Case = readonly [rule: string, situation: Situation, because: string | undefined];

/** `because` undefined: allowed. */
function check(cases: readonly Case[]): void {
  for (const [rule, situation, because] of cases) {
    const decision = decisionOf(situation);
    assert.equal(decision.kind === 'denied' ? decision.because : undefined, because, rule);
  }
}

const noIdentity = 'because no identity-based policy allows the lambda:InvokeFunction action';
const noBoundary = 'because no permissions boundary allows the lambda:InvokeFunction action';
const noSession = 'because no session policy allows the lambda:InvokeFunction action';
const noResource = 'because no resource-based policy allows the lambda:InvokeFunction action';
const other = [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }];
const foreignFunction = `arn:aws:lambda:us-east-1:${stranger}:function:hello`;

test('identity policies: default deny, allow, explicit deny', () => {
  check([
    ['nothing said: denied', {}, noIdentity],
    ['another action: denied', { identity: other }, noIdentity],
    ['allowed', { identity: [allowAll] }, undefined],
    ['deny wins', { identity: [allowAll, denyAll] }, 'with an explicit deny in an identity-based policy'],
    [
      'deny wins whatever the order',
      { identity: [denyAll, allowAll] },
      'with an explicit deny in an identity-based policy',
    ],
  ]);
});

const withAction = (action: unknown, asked = 'lambda:InvokeFunction'): string =>
  decisionOf({ identity: [{ Effect: 'Allow', Action: action, Resource: '*' }], action: asked }).kind;

const withNotAction = (notAction: unknown): string =>
  decisionOf({ identity: [{ Effect: 'Allow', NotAction: notAction, Resource: '*' }] }).kind;

test('actions: wildcards, without case, NotAction', () => {
  assert.equal(withAction('LAMBDA:invokefunction'), 'allowed');
  assert.equal(withAction('lambda:Invoke*'), 'allowed');
  assert.equal(withAction('lambda:*Func*'), 'allowed');
  assert.equal(withAction('lambda:InvokeFunctio?'), 'allowed');
  assert.equal(withAction('lambda:InvokeFunction?'), 'denied');
  assert.equal(withAction(['s3:*', 'lambda:Invoke']), 'denied');
  assert.equal(withNotAction('s3:*'), 'allowed');
  assert.equal(withNotAction('lambda:*'), 'denied');
  assert.equal(withNotAction(['s3:*', 'Lambda:INVOKE*']), 'denied');
});

const withResource = (resource: unknown, asked = functionArn): string =>
  decisionOf({ identity: [{ Effect: 'Allow', Action: '*', Resource: resource }], resource: asked }).kind;

const withNotResource = (notResource: unknown): string =>
  decisionOf({ identity: [{ Effect: 'Allow', Action: '*', NotResource: notResource }] }).kind;

test('resources: with case, wildcards, NotResource, no resource in particular', () => {
  assert.equal(withResource(functionArn), 'allowed');
  assert.equal(withResource(functionArn.replace('hello', 'Hello')), 'denied');
  assert.equal(withResource('arn:aws:lambda:*:*:function:hello'), 'allowed');
  assert.equal(withResource('arn:aws:lambda:*:*:function:hello', `${functionArn}:1`), 'denied');
  assert.equal(withResource('arn:aws:lambda:*:*:function:hello:*', `${functionArn}:1`), 'allowed');
  assert.equal(
    withResource(
      `arn:aws:lambda:us-east-1:${account}:function:\${aws:username}`,
      functionArn.replace('hello', 'alice'),
    ),
    'allowed',
  );
  const beforeName = `arn:aws:lambda:us-east-1:${account}:function:*\${aws:username}`;
  assert.equal(withResource(beforeName, functionArn.replace('hello', 'of-alice')), 'allowed');
  assert.equal(withResource(beforeName, functionArn.replace('hello', 'of:alice')), 'denied');
  assert.equal(withResource('*', '*'), 'allowed');
  assert.equal(withResource(functionArn, '*'), 'denied');
  assert.equal(withNotResource(functionArn), 'denied');
  assert.equal(withNotResource('arn:aws:s3:::*'), 'allowed');
});

test('a boundary and session policies narrow what identity policies allow', () => {
  check([
    ['both', { identity: [allowAll], boundary: [allowAll] }, undefined],
    ['a boundary grants nothing', { boundary: [allowAll] }, noIdentity],
    ['not in the boundary', { identity: [allowAll], boundary: other }, noBoundary],
    [
      'denied by the boundary',
      { identity: [allowAll], boundary: [allowAll, denyAll] },
      'with an explicit deny in a permissions boundary',
    ],
    ['both', { principal: session, identity: [allowAll], session: [allowAll] }, undefined],
    ['a session policy grants nothing', { principal: session, session: [allowAll] }, noIdentity],
    ['not in the session policy', { principal: session, identity: [allowAll], session: other }, noSession],
    [
      'denied by it',
      { principal: session, identity: [allowAll], session: [denyAll] },
      'with an explicit deny in a session policy',
    ],
    [
      'all three',
      { principal: session, identity: [allowAll], boundary: [allowAll], session: [allowAll] },
      undefined,
    ],
  ]);
});

const named = (AWS: string, situation: Situation = {}): Situation => ({
  ...situation,
  resourcePolicy: [grant({ AWS })],
});

test('a resource policy of the same account: what it is worth depends on who it names', () => {
  const role = session.roleArn ?? '';
  check([
    ['the user itself: enough', named(user.arn), undefined],
    ['the user itself, by its unique id', named(user.userId), undefined],
    ['another user', named(`${user.arn}2`), noIdentity],
    ['the user itself: no boundary narrows it', named(user.arn, { boundary: other }), undefined],
    [
      'the user itself: an explicit deny of the boundary does',
      named(user.arn, { boundary: [denyAll] }),
      'with an explicit deny in a permissions boundary',
    ],
    ['the account: delegates to identity policies', named(account), noIdentity],
    ['the account, by its root', named(`arn:aws:iam::${account}:root`), noIdentity],
    ['the account: with identity policies', named(account, { identity: [allowAll] }), undefined],
    ['everyone: enough', named('*'), undefined],
    ['everyone: a boundary narrows it', named('*', { boundary: other }), noBoundary],
    ['the role: enough for its sessions', named(role, { principal: session }), undefined],
    ['the role, by its unique id', named('AROAWORKERWORKERWORK', { principal: session }), undefined],
    ['the role: a boundary narrows it', named(role, { principal: session, boundary: other }), noBoundary],
    ['the role: session policies narrow it', named(role, { principal: session, session: other }), noSession],
    [
      'the role without its path is another role',
      named(role.replace('team/', ''), { principal: session }),
      noIdentity,
    ],
    [
      'the session itself: nothing narrows it',
      named(session.arn, { principal: session, boundary: other, session: other }),
      undefined,
    ],
    [
      'another session of the role',
      named(session.arn.replace('s1', 's2'), { principal: session }),
      noIdentity,
    ],
    ['a user whose session was narrowed is not the user', named(user.arn, { session: other }), noSession],
    ['a service is somebody else', { resourcePolicy: [grant({ Service: 's3.amazonaws.com' })] }, noIdentity],
    ['another action', { resourcePolicy: [grant('*', { Action: 'lambda:GetFunction' })] }, noIdentity],
    ['another version', { resourcePolicy: [grant('*', { Resource: `${functionArn}:1` })] }, noIdentity],
    [
      'silence does not hinder',
      { identity: [allowAll], resourcePolicy: [grant({ AWS: stranger })] },
      undefined,
    ],
  ]);
});

const denying = (principal: unknown, who: Principal = user): Situation => ({
  principal: who,
  identity: [allowAll],
  resourcePolicy: [grant(principal, { Effect: 'Deny' })],
});

test('an explicit deny of a resource policy: by every name of the caller', () => {
  const deny = 'with an explicit deny in a resource-based policy';
  check([
    ['everyone', denying('*'), deny],
    ['the account', denying({ AWS: account }), deny],
    ['the user', denying({ AWS: user.arn }), deny],
    ['the role', denying({ AWS: session.roleArn }, session), deny],
    ['the session', denying({ AWS: session.arn }, session), deny],
    ['another', denying({ AWS: session.arn }), undefined],
    ['root too', denying({ AWS: account }, root), deny],
    ['root too', denying('*', root), deny],
    ['root is not the user', denying({ AWS: user.arn }, root), undefined],
  ]);
});

const sparing = (AWS: readonly (string | undefined)[], who: Principal = user): Situation => {
  const statement = { Effect: 'Deny', NotPrincipal: { AWS }, Action: '*', Resource: '*' };
  return { principal: who, identity: [allowAll], resourcePolicy: [statement] };
};

test('NotPrincipal spares whoever is listed by all of its names', () => {
  const deny = 'with an explicit deny in a resource-based policy';
  check([
    ['user and account', sparing([user.arn, account]), undefined],
    ['the user alone', sparing([user.arn]), deny],
    ['the account alone', sparing([account]), deny],
    ['session, role and account', sparing([session.arn, session.roleArn, account], session), undefined],
    ['session and account', sparing([session.arn, account], session), deny],
    ['root', sparing([account], root), undefined],
    ['root is not listed', sparing([stranger], root), deny],
  ]);
});

test('root may do everything in its account, and nothing in another without its leave', () => {
  check([
    ['its own', { principal: root }, undefined],
    ['no resource in particular', { principal: root, resource: '*' }, undefined],
    ['a bucket', { principal: root, resource: 'arn:aws:s3:::bucket' }, undefined],
    [
      'a policy of AWS',
      { principal: root, resource: 'arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole' },
      undefined,
    ],
    ["another account's", { principal: root, resource: foreignFunction }, noResource],
    [
      "another account's, with its leave",
      {
        principal: root,
        resource: foreignFunction,
        resourcePolicy: [grant({ AWS: account }, { Resource: foreignFunction })],
      },
      undefined,
    ],
  ]);
});

test("another account's resource: both accounts must allow", () => {
  const foreign = (principal: unknown, situation: Situation = {}): Situation => ({
    resource: foreignFunction,
    resourcePolicy: [grant(principal, { Resource: foreignFunction })],
    ...situation,
  });
  check([
    ['identity policies alone', { identity: [allowAll], resource: foreignFunction }, noResource],
    ['the resource policy alone, even by name', foreign({ AWS: user.arn }), noIdentity],
    ['everyone is not enough either', foreign('*'), noIdentity],
    ['both, by name', foreign({ AWS: user.arn }, { identity: [allowAll] }), undefined],
    ['both, by account', foreign({ AWS: account }, { identity: [allowAll] }), undefined],
    [
      'both, but the boundary',
      foreign({ AWS: user.arn }, { identity: [allowAll], boundary: other }),
      noBoundary,
    ],
    [
      'the session by name',
      foreign({ AWS: session.arn }, { principal: session, identity: [allowAll], session: other }),
      noSession,
    ],
    ['its own account is not named', foreign({ AWS: stranger }, { identity: [allowAll] }), noResource],
  ]);
});

test('a trust policy must speak, and where it names no more than the account, identity policies must too', () => {
  const roleArn = `arn:aws:iam::${account}:role/target`;
  const assume = (principal: unknown, situation: Situation = {}, effect = 'Allow'): Situation => ({
    action: 'sts:AssumeRole',
    resource: roleArn,
    resourcePolicy: [{ Effect: effect, Principal: principal, Action: 'sts:AssumeRole' }],
    ...situation,
  });
  const noTrust = 'because no role trust policy allows the sts:AssumeRole action';
  check([
    [
      'somebody else is trusted',
      assume({ Service: 'lambda.amazonaws.com' }, { identity: [allowAll] }),
      noTrust,
    ],
    ['by name: enough', assume({ AWS: user.arn }), undefined],
    [
      'by account: not enough',
      assume({ AWS: account }),
      'because no identity-based policy allows the sts:AssumeRole action',
    ],
    ['by account, with identity policies', assume({ AWS: account }, { identity: [allowAll] }), undefined],
    [
      'denied',
      assume({ AWS: user.arn }, { identity: [allowAll] }, 'Deny'),
      'with an explicit deny in the role trust policy',
    ],
    ['root', assume({ Service: 'lambda.amazonaws.com' }, { principal: root }), undefined],
  ]);
});
