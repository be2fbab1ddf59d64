/** Who may invoke through a URL. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Principal } from '#identity';
import type { FunctionUrlRecord } from '#metadata';
import {
  permissions,
  publicStatements,
  someArn,
  someUrl,
  someUser,
  statement,
} from './fixtures/permissions.ts';
import { someRequest } from './fixtures/requests.ts';
import { mayInvoke } from './permission.ts';

const latest = '$LATEST';
const invokeFunctionUrl = 'lambda:InvokeFunctionUrl';
const invokeFunction = 'lambda:InvokeFunction';

function may(
  statements: Readonly<Record<string, readonly object[]>>,
  given: {
    readonly url?: Partial<FunctionUrlRecord>;
    readonly principal?: Principal;
    readonly tags?: Readonly<Record<string, string>>;
    readonly request?: Parameters<typeof someRequest>[0];
  } = {},
): boolean {
  const { url, principal, tags, request } = given;
  return mayInvoke(permissions(statements, tags), someUrl(url), someRequest(request), principal);
}

test('without a policy nobody may but root', () => {
  assert.equal(may({}), false);
  assert.equal(may({}, { principal: someUser, url: { authType: 'AWS_IAM' } }), false);
  const root: Principal = { ...someUser, kind: 'root', arn: 'arn:aws:iam::000000000000:root' };
  assert.equal(may({}, { principal: root, url: { authType: 'AWS_IAM' } }), true);
});

test('the public needs both permissions', () => {
  const [viaUrl = {}, invoke = {}] = publicStatements();
  assert.equal(may({ [latest]: [viaUrl, invoke] }), true);
  assert.equal(may({ [latest]: [viaUrl] }), false);
  assert.equal(may({ [latest]: [invoke] }), false);
});

test('a permission for the other AuthType, for direct invokes only, or for somebody else lets nobody in', () => {
  const [viaUrl = {}, invoke = {}] = publicStatements();
  const signedOnly = { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } };
  assert.equal(
    may({ [latest]: [statement('lambda:InvokeFunctionUrl', someArn, signedOnly), invoke] }),
    false,
  );
  const direct = { Bool: { 'lambda:InvokedViaFunctionUrl': 'false' } };
  assert.equal(may({ [latest]: [viaUrl, statement('lambda:InvokeFunction', someArn, direct)] }), false);
  const service = statement('lambda:InvokeFunction', someArn, undefined, { Service: 's3.amazonaws.com' });
  assert.equal(may({ [latest]: [viaUrl, service] }), false);
  const account = { AWS: 'arn:aws:iam::000000000000:root' };
  assert.equal(
    may({ [latest]: [viaUrl, statement('lambda:InvokeFunction', someArn, undefined, account)] }),
    false,
  );
});

test('each action has its own condition keys', () => {
  const [viaUrl = {}, invoke = {}] = publicStatements();
  const swapped = [
    statement('lambda:InvokeFunctionUrl', someArn, { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } }),
    statement('lambda:InvokeFunction', someArn, { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } }),
  ] as const;
  assert.equal(may({ [latest]: [swapped[0], invoke] }), false);
  assert.equal(may({ [latest]: [viaUrl, swapped[1]] }), false);
});

test('an alias has its own policy, and the function’s does not hold for it', () => {
  const url = { qualifier: 'live' };
  assert.equal(may({ [latest]: publicStatements() }, { url }), false);
  assert.equal(may({ live: publicStatements(`${someArn}:live`) }, { url }), true);
  assert.equal(may({ live: publicStatements(`${someArn}:live`) }), false);
  // Of names that every object has.
  assert.equal(may({ live: publicStatements() }, { url: { qualifier: 'constructor' } }), false);
});

test('a signer may by the resource policy, and a deny wins', () => {
  const url = { authType: 'AWS_IAM' } as const;
  const ada = { AWS: someUser.arn };
  const condition = { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } };
  const allowed = [
    statement('lambda:InvokeFunctionUrl', someArn, condition, ada),
    statement('lambda:InvokeFunction', someArn, undefined, ada),
  ];
  assert.equal(may({ [latest]: allowed }, { url, principal: someUser }), true);
  const other: Principal = {
    ...someUser,
    arn: 'arn:aws:iam::000000000000:user/bob',
    userName: 'bob',
    userId: 'AIDABOB',
  };
  assert.equal(may({ [latest]: allowed }, { url, principal: other }), false);
  const deny = {
    ...statement('lambda:InvokeFunctionUrl', someArn, undefined, ada),
    Sid: 'no',
    Effect: 'Deny',
  };
  assert.equal(may({ [latest]: [...allowed, deny] }, { url, principal: someUser }), false);
});

const sees = (condition: object): boolean =>
  may(
    {
      [latest]: [invokeFunctionUrl, invokeFunction].map((action) => statement(action, someArn, condition)),
    },
    {
      tags: { Team: 'a' },
      request: { sourceIp: '10.1.2.3', headers: { referer: 'http://page/' } },
    },
  );

test('conditions see the client, the time and the tags of the function', () => {
  assert.equal(sees({ IpAddress: { 'aws:SourceIp': '10.1.0.0/16' } }), true);
  assert.equal(sees({ IpAddress: { 'aws:SourceIp': '10.2.0.0/16' } }), false);
  assert.equal(sees({ StringEquals: { 'aws:UserAgent': 'agent', 'aws:Referer': 'http://page/' } }), true);
  assert.equal(sees({ StringEquals: { 'aws:ResourceTag/team': 'a' } }), true);
  assert.equal(sees({ DateLessThan: { 'aws:CurrentTime': '2026-01-02T03:04:06Z' } }), true);
  assert.equal(sees({ DateLessThan: { 'aws:CurrentTime': '2026-01-02T03:04:05Z' } }), false);
  assert.equal(sees({ Bool: { 'aws:SecureTransport': 'true' } }), false);
});
