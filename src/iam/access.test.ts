/** What permission IAM's operations need: every one of them is asked for, on the right resource and with the right conditions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessQuestion } from '#identity';
import { memoryDocuments } from '#engines/memory';
import type { RequestContext } from '#wire';
import { openIdentityWorld } from './fixtures/identity-world.ts';
import { iamAuthorize } from './access.ts';
import { iamNotServed } from './not-served.ts';
import { iamOperations } from './operations.ts';

const account = '000000000000';
const arn = (resource: string) => `arn:aws:iam::${account}:${resource}`;

const caller: RequestContext = {
  requestId: 'r',
  principal: {
    kind: 'user',
    userId: 'AIDA',
    userName: 'ann',
    accountId: account,
    arn: arn('user/ann'),
    accessKeyId: 'AKIA',
  },
  region: 'us-east-1',
  endpoint: 'http://127.0.0.1:9000',
  sourceIp: '192.0.2.1',
  userAgent: 'test',
  signal: new AbortController().signal,
};

async function asking() {
  const identity = await openIdentityWorld(memoryDocuments());
  const asked: AccessQuestion[] = [];
  const authorizer = {
    ...identity.authorizer,
    decide: (question: AccessQuestion) => {
      asked.push(question);
      return { kind: 'allowed' } as const;
    },
  };
  const authorize = iamAuthorize({ ...identity, authorizer });
  return {
    identity,
    asked,
    ask: (operation: string, input: Readonly<Record<string, unknown>> = {}) => {
      authorize(operation, input, caller);
      const question = asked.at(-1);
      assert.ok(question);
      return question;
    },
  };
}

test('the resource is what the request names', async () => {
  const { identity, ask } = await asking();
  const { directory } = identity.account;
  const role = {
    name: 'there',
    path: '/team/',
    id: 'AROA',
    createdAtMs: 0,
    tags: [{ key: 'Team', value: 'blue' }],
    inlinePolicies: [],
    attachedPolicies: [],
    boundary: 'arn:aws:iam::aws:policy/PowerUserAccess',
    trustPolicy: '{}',
    sessionSecondsMax: 3600,
  };
  await directory.change(async () => ({ writes: [directory.add('roles', role)], result: undefined }));
  const policyArn = 'arn:aws:iam::aws:policy/IAMFullAccess';
  for (const [operation, input, resource] of [
    ['CreateRole', { RoleName: 'new', Path: '/a/' }, arn('role/a/new')],
    ['GetRole', { RoleName: 'there' }, arn('role/team/there')],
    ['PutRolePolicy', { RoleName: 'there', PolicyName: 'p' }, arn('role/team/there')],
    ['AttachRolePolicy', { RoleName: 'there', PolicyArn: policyArn }, arn('role/team/there')],
    ['AttachUserPolicy', { UserName: 'bea', PolicyArn: policyArn }, arn('user/bea')],
    ['PutUserPolicy', { UserName: 'bea', PolicyName: 'p' }, arn('user/bea')],
    ['CreateUser', { UserName: 'new', Path: '/a/' }, arn('user/a/new')],
    ['GetUser', {}, arn('user/ann')],
    ['CreateAccessKey', {}, arn('user/ann')],
    ['CreateAccessKey', { UserName: 'bea' }, arn('user/bea')],
    ['CreatePolicy', { PolicyName: 'p', Path: '/a/' }, arn('policy/a/p')],
    ['GetPolicy', { PolicyArn: policyArn }, policyArn],
    ['DeletePolicyVersion', { PolicyArn: policyArn, VersionId: 'v1' }, policyArn],
    ['UpdateUser', { UserName: 'bea', NewUserName: 'cid' }, arn('user/cid')],
    ['UpdateUser', { UserName: 'bea', NewPath: '/a/' }, arn('user/a/bea')],
    ['ListRoles', { PathPrefix: '/a/' }, '*'],
    ['GetAccountSummary', {}, '*'],
    ['SimulatePrincipalPolicy', { PolicySourceArn: arn('role/r') }, arn('role/r')],
  ] as const) {
    const question = ask(operation, input);
    assert.equal(question.action, `iam:${operation}`);
    assert.equal(question.resource, resource, operation);
  }
  const values = ask('AttachRolePolicy', { RoleName: 'there', PolicyArn: policyArn }).conditions();
  assert.equal(values.get('iam:policyarn'), policyArn);
  assert.equal(values.get('iam:permissionsboundary'), role.boundary);
  assert.equal(values.get('aws:resourcetag/team'), 'blue');
  assert.equal(values.get('aws:sourceip'), '192.0.2.1');
  const tagging = ask('TagRole', { RoleName: 'there', Tags: [{ Key: 'K', Value: 'v' }] }).conditions();
  assert.equal(tagging.get('aws:requesttag/k'), 'v');
  assert.deepEqual(tagging.get('aws:tagkeys'), ['K']);
  assert.deepEqual(
    ask('UntagRole', { RoleName: 'there', TagKeys: ['K'] })
      .conditions()
      .get('aws:tagkeys'),
    ['K'],
  );
});

test('who renames a user must be allowed to at both places', async () => {
  const { ask, asked } = await asking();
  ask('UpdateUser', { UserName: 'bea', NewPath: '/a/', NewUserName: 'cid' });
  assert.deepEqual(
    asked.map(({ resource }) => resource),
    [arn('user/bea'), arn('user/a/cid')],
  );
});

test('no operation reaches its handler without a question, whatever its input', async () => {
  const { ask } = await asking();
  for (const operation of Object.keys(iamOperations)) assert.equal(ask(operation).action, `iam:${operation}`);
});

test('every operation of IAM is served or refused by its name, and none both', () => {
  const served = Object.keys(iamOperations);
  assert.equal(new Set([...served, ...iamNotServed]).size, served.length + iamNotServed.length);
  assert.ok(served.length + iamNotServed.length >= 176);
});
