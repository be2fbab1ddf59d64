/**
 * Who may use a function URL, and from where: permissions, signatures, what is gone, CORS. Against AWS, LAMBKIN_TEST_IAM_ENDPOINT names IAM's
 * endpoint.
 */
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateAliasCommand,
  CreateFunctionUrlConfigCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteFunctionUrlConfigCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  RemovePermissionCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { openTarget, type Target } from '../../target.ts';
import { fetchUrl, type Signing, type UrlAnswer, type UrlRequest } from '../../url-client.ts';
import { allowEverybody, echoOf, expect, openTo, site } from '../../url-site.ts';

let target: Target;
let ownSigning: Signing;
before(async () => {
  target = await openTarget();
  ownSigning = { credentials: target.credentials, region: target.region };
});
after(() => target.close());

const forbidden =
  '{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}';

function assertForbidden({ text, headers }: UrlAnswer): void {
  assert.equal(text, forbidden);
  assert.equal(headers['x-amzn-errortype'], 'AccessDeniedException');
  assert.equal(headers['content-type'], 'application/json');
  assert.ok(headers['x-amzn-requestid']);
}

const isUnknown = ({ statusCode, text, headers }: UrlAnswer): void => {
  assert.deepEqual([statusCode, text], [403, '{"Message":null}']);
  assert.equal(headers['x-amzn-errortype'], 'AccessDeniedException');
};

suite('who may', () => {
  test('everybody, once both permissions are there', async () => {
    const { client } = target;
    const FunctionName = await target.createFunction();
    const { FunctionUrl: url = '' } = await client.send(
      new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE' }),
    );
    assertForbidden(await expect(403, url));
    assertForbidden(await expect(403, url, { sign: ownSigning }));
    await allowEverybody(target, FunctionName);
    await expect(200, url);
    for (const StatementId of ['url', 'invoke']) {
      await client.send(new RemovePermissionCommand({ FunctionName, StatementId }));
      assertForbidden(await expect(403, url));
      await client.send(
        new RemovePermissionCommand({ FunctionName, StatementId: StatementId === 'url' ? 'invoke' : 'url' }),
      );
      await allowEverybody(target, FunctionName);
    }
    // What was said for AuthType NONE does not hold for AWS_IAM, and the account's own root needs nobody's leave.
    await client.send(new UpdateFunctionUrlConfigCommand({ FunctionName, AuthType: 'AWS_IAM' }));
    assertForbidden(await expect(403, url));
    await expect(200, url, { sign: ownSigning });
  });

  test('signers, and the function is told who', async () => {
    const { url } = await site(target, 'echo', { AuthType: 'AWS_IAM' });
    const request = {
      method: 'POST',
      target: 'a%20b?q=1',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    };
    const { event } = echoOf(await expect(200, url, { ...request, sign: ownSigning }));
    const { accountId, authorizer } = event.requestContext;
    const { iam } = authorizer as { readonly iam: Readonly<Record<string, unknown>> };
    assert.equal(accountId, target.accountId);
    assert.deepEqual(
      [iam['accessKey'], iam['accountId']],
      [target.credentials.accessKeyId, target.accountId],
    );
    assert.match(String(iam['userArn']), /^arn:aws:/);
    assert.equal(event.headers['authorization'], undefined);
    assertForbidden(await expect(403, url, request));
  });

  test('a wrong signature: another key, service, region or body', async () => {
    const { url } = await site(target, 'echo', { AuthType: 'AWS_IAM' });
    await expect(200, url, { sign: ownSigning });
    const { credentials, region } = ownSigning;
    for (const sign of [
      { ...ownSigning, service: 'execute-api' },
      { credentials, region: region === 'eu-west-1' ? 'us-west-1' : 'eu-west-1' },
      { credentials: { ...credentials, secretAccessKey: 'x' }, region },
      { credentials: { ...credentials, accessKeyId: 'AKIANOBODYNOBODYNOBO' }, region },
    ]) {
      const { statusCode, text } = await fetchUrl(url, { sign });
      assert.equal(statusCode, 403);
      assert.doesNotMatch(text, /"event"/);
    }
  });

  test('a user by its own policies, for both actions', async () => {
    const { region } = target;
    const endpoint = process.env['LAMBKIN_TEST_IAM_ENDPOINT'] ?? target.endpoint;
    const iam = new IAMClient({ endpoint, region, credentials: target.credentials });
    const { functionName, url } = await site(target, 'echo', { AuthType: 'AWS_IAM' });
    const UserName = target.name();
    await iam.send(new CreateUserCommand({ UserName }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
    const sign = { credentials: { accessKeyId, secretAccessKey }, region };
    const Resource = `arn:aws:lambda:${region}:${target.accountId}:function:${functionName}`;
    const allow = async (actions: readonly string[], Condition?: object): Promise<void> => {
      const Statement = { Effect: 'Allow', Action: actions, Resource, ...(Condition && { Condition }) };
      const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
      await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument }));
    };
    try {
      assertForbidden(await expect(403, url, { sign }));
      await allow(['lambda:InvokeFunctionUrl']);
      assertForbidden(await expect(403, url, { sign }));
      await allow(['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction']);
      const { event } = echoOf(await expect(200, url, { sign }));
      const { iam: caller } = event.requestContext['authorizer'] as {
        readonly iam: { readonly userArn: string };
      };
      assert.equal(caller.userArn, `arn:aws:iam::${target.accountId}:user/${UserName}`);
    } finally {
      await iam.send(new DeleteUserPolicyCommand({ UserName, PolicyName: 'p' })).catch(() => undefined);
      await iam
        .send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: accessKeyId }))
        .catch(() => undefined);
      await iam.send(new DeleteUserCommand({ UserName })).catch(() => undefined);
      iam.destroy();
    }
  });
});

suite('what is not there', () => {
  test('an alias has its own URL and permissions, which go with it', async () => {
    const { client } = target;
    const { functionName: FunctionName, url } = await site(target, 'echo');
    const { Version: FunctionVersion = '' } = await client.send(new PublishVersionCommand({ FunctionName }));
    await client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion }));
    const aliasUrl = await openTo(target, FunctionName, { Qualifier: 'live' });
    const { arn } = echoOf(await expect(200, aliasUrl));
    assert.match(arn, /:live$/);
    await client.send(new DeleteAliasCommand({ FunctionName, Name: 'live' }));
    isUnknown(await expect(403, aliasUrl));
    await expect(200, url);
  });

  test('a URL that was deleted, and one whose function was', async () => {
    const { client } = target;
    const one = await site(target, 'echo');
    await expect(200, one.url);
    await client.send(new DeleteFunctionUrlConfigCommand({ FunctionName: one.functionName }));
    isUnknown(await expect(403, one.url));
    const two = await site(target, 'echo');
    await expect(200, two.url);
    await client.send(new DeleteFunctionCommand({ FunctionName: two.functionName }));
    isUnknown(await expect(403, two.url));
  });

  test('a function that may not run at all is throttled', async () => {
    const { functionName: FunctionName, url } = await site(target, 'echo');
    await expect(200, url);
    await target.client.send(
      new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }),
    );
    const { text, headers } = await expect(429, url);
    assert.equal(headers['x-amzn-errortype'], 'TooManyRequestsException');
    assert.deepEqual(JSON.parse(text), {
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      Type: 'User',
      message: 'Rate Exceeded.',
    });
  });
});

const page = 'https://page.example';
const preflight = (origin: string, headers = 'x-a'): UrlRequest => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': headers },
});
const saidIn = ({ headers }: UrlAnswer): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

suite('CORS', () => {
  test('the URL answers preflights itself, and adds its headers to every answer', async () => {
    const { url, functionName: FunctionName } = await site(target, 'say', {
      Cors: {
        AllowOrigins: [page],
        AllowMethods: ['PUT', 'GET'],
        AllowHeaders: ['X-A'],
        ExposeHeaders: ['X-B', 'X-C'],
        AllowCredentials: true,
        MaxAge: 60,
      },
    });
    const answer = await expect(200, url, preflight(page));
    assert.equal(answer.text, '');
    assert.deepEqual(saidIn(answer), {
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'PUT,GET',
      'access-control-allow-headers': 'X-A',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '60',
    });
    assert.deepEqual(saidIn(await fetchUrl(url, preflight('https://other.example'))), {});
    const result = { statusCode: 200, headers: { 'Access-Control-Allow-Origin': '*' } };
    const body = JSON.stringify(result);
    const said = await expect(200, url, { method: 'PUT', headers: { origin: page }, body });
    assert.deepEqual(saidIn(said), {
      'access-control-allow-origin': page,
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'X-B,X-C',
    });
    const failed = await fetchUrl(url, { target: 'fails', headers: { origin: page } });
    assert.deepEqual([failed.statusCode, failed.headers['access-control-allow-origin']], [502, page]);
    await target.client.send(
      new UpdateFunctionUrlConfigCommand({ FunctionName, Cors: { AllowOrigins: ['*'] } }),
    );
    const anybody = await fetchUrl(url, {
      method: 'PUT',
      headers: { origin: 'https://other.example' },
      body,
    });
    assert.equal(anybody.headers['access-control-allow-origin'], 'https://other.example');
  });

  test('without a configuration preflights are the function’s', async () => {
    const { url } = await site(target, 'echo');
    const { event } = echoOf(await expect(200, url, preflight(page)));
    assert.equal(event.headers['access-control-request-method'], 'PUT');
  });
});
