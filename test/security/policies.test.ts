/**
 * Hostile policies through the listener, to every operation that takes one: each is refused with an error of the client's, changes
 * nothing, and does not hold the event loop; patterns that are stored do not hold it either when they are evaluated.
 */
import {
  CreateRoleCommand,
  DeleteRoleCommand,
  GetRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  DeleteResourcePolicyCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
  RemovePermissionCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { archive } from '../archive.ts';
import { credentials, region, role, type Service, startService } from '../service.ts';
import {
  almostMatching,
  catastrophicPattern,
  invalidPolicies,
  strangeStatementIds,
} from './hostile-policies.ts';

let service: Service;
let iam: IAMClient;
/** The median of ordinary requests, in milliseconds: everything else is measured against it. */
let ordinaryMs = 0;

const hello = 'arn:aws:lambda:us-east-1:000000000000:function:hello';
/** A hostile request may take as long as this many ordinary ones: a matcher that backtracks takes billions. */
const ratioMax = 300;
const samples = 21;
const triesMax = 3;

const resource = { Principal: { Service: 'sns.amazonaws.com' }, Resource: hello };
const trust = (more: object = {}) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole', ...more },
    ],
  });

before(async () => {
  service = await startService();
  iam = new IAMClient({ endpoint: service.endpoint, region, credentials, maxAttempts: 1 });
  await service.client.send(
    new CreateFunctionCommand({
      FunctionName: 'hello',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      Code: { ZipFile: await archive({ 'index.mjs': 'export const handler = () => 1;' }) },
    }),
  );
  await iam.send(new CreateRoleCommand({ RoleName: 'keeper', AssumeRolePolicyDocument: trust() }));
  const times: number[] = [];
  for (let round = 0; round < samples; round += 1) {
    times.push(await timed(() => service.client.send(read())));
  }
  ordinaryMs = times.sort((a, b) => a - b)[Math.floor(samples / 2)] ?? 0;
});
after(async () => {
  iam.destroy();
  await service.stop();
});

const read = () => new GetFunctionConfigurationCommand({ FunctionName: 'hello' });

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

interface Refusal {
  readonly name: string;
  readonly message: string;
  readonly $metadata: { readonly httpStatusCode?: number };
}

/** Refused as the client's fault; while it is worked on, others are served. */
async function refused(work: () => Promise<unknown>, names: readonly string[]): Promise<void> {
  // Of a few tries the quickest: a busy host only adds.
  for (let tries = triesMax; ; tries -= 1) {
    const longestMs = await refusedOnce(work, names);
    if (longestMs < ordinaryMs * ratioMax) return;
    assert.ok(tries > 1, `${longestMs} ms, where an ordinary request takes ${ordinaryMs} ms`);
  }
}

/** Resolves with what it took, or what another request took meanwhile, in milliseconds. */
async function refusedOnce(work: () => Promise<unknown>, names: readonly string[]): Promise<number> {
  let refusal: Refusal | undefined;
  const attempt = timed(() =>
    work().then(
      () => undefined,
      (error: unknown) => (refusal = error as Refusal),
    ),
  );
  const [ownMs, othersMs] = await Promise.all([attempt, timed(() => service.client.send(read()))]);
  assert.ok(refusal !== undefined, 'taken');
  const { name, message, $metadata } = refusal;
  const shown = `${name} ${$metadata?.httpStatusCode}: ${message}`.slice(0, 300);
  assert.ok(names.includes(name), shown);
  const status = $metadata.httpStatusCode ?? 0;
  assert.ok(status >= 400 && status < 500, shown);
  assert.ok(message.length < 5_000, `the message repeats the policy: ${message.length} characters`);
  return Math.max(ownMs, othersMs);
}

const lambdaNames = [
  'InvalidParameterValueException',
  'PolicyLengthExceededException',
  'ValidationException',
  'SerializationException',
  'RequestEntityTooLargeException',
];

suite('PutResourcePolicy', () => {
  for (const { name, document } of invalidPolicies(resource)) {
    test(`${name} is refused`, () =>
      refused(
        () => service.client.send(new PutResourcePolicyCommand({ ResourceArn: hello, Policy: document })),
        lambdaNames,
      ));
  }

  test('a lone surrogate is refused', () => {
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [] }).replace('[]', '["\ud800"]');
    return refused(
      () => service.client.send(new PutResourcePolicyCommand({ ResourceArn: hello, Policy })),
      lambdaNames,
    );
  });

  test('nothing of them is there afterwards', async () => {
    await assert.rejects(service.client.send(new GetResourcePolicyCommand({ ResourceArn: hello })), {
      name: 'ResourceNotFoundException',
    });
  });
});

suite('AddPermission', () => {
  const permission = {
    FunctionName: 'hello',
    StatementId: 's1',
    Action: 'lambda:InvokeFunction',
    Principal: 'sns.amazonaws.com',
  };
  const add = (more: object) => () =>
    service.client.send(new AddPermissionCommand({ ...permission, ...more }));
  for (const [what, more] of Object.entries({
    'a principal of 1 MB': { Principal: 'a'.repeat(2 ** 20) },
    'a principal that is a policy': { Principal: '{"AWS":"*"}' },
    'a principal of letters that are no ASCII': { Principal: 'größe-日本-🙂' },
    'a statement id of 1 MB': { StatementId: 'a'.repeat(2 ** 20) },
    'a statement id of letters that are no ASCII': { StatementId: 'größe-日本-🙂' },
    'a source with a quote': { SourceArn: '","Effect":"Deny' },
    'an action of another service': { Action: 's3:GetObject' },
    'a source account that is none': { SourceAccount: '1'.repeat(13) },
  })) {
    test(`${what} is refused`, () => refused(add(more), lambdaNames));
  }

  test('a policy that grows beyond its bound is refused, and stays as it was', async () => {
    const Action = `lambda:${'a'.repeat(9_000)}`;
    await add({ StatementId: 'first', Action })();
    await add({ StatementId: 'second', Action })();
    await refused(add({ StatementId: 'third', Action }), ['PolicyLengthExceededException']);
    const { Policy = '' } = await service.client.send(new GetPolicyCommand({ FunctionName: 'hello' }));
    const { Statement } = JSON.parse(Policy) as { readonly Statement: readonly { readonly Sid: string }[] };
    assert.deepEqual(
      Statement.map(({ Sid }) => Sid),
      ['first', 'second'],
    );
    for (const StatementId of ['first', 'second']) {
      await service.client.send(new RemovePermissionCommand({ FunctionName: 'hello', StatementId }));
    }
  });
});

suite('roles', () => {
  const names = [
    'MalformedPolicyDocumentException',
    'MalformedPolicyDocument',
    'LimitExceededException',
    'LimitExceeded',
    'ValidationError',
    'ValidationException',
    'InvalidInputException',
    'InvalidInput',
    'RequestEntityTooLargeException',
    'RequestEntityTooLarge',
  ];
  for (const { name, document } of [...invalidPolicies({ Resource: '*' }), ...strangeStatementIds]) {
    test(`PutRolePolicy: ${name} is refused`, () =>
      refused(
        () =>
          iam.send(
            new PutRolePolicyCommand({ RoleName: 'keeper', PolicyName: 'p', PolicyDocument: document }),
          ),
        names,
      ));
  }
  const trusted = { Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  for (const { name, document } of invalidPolicies(trusted)) {
    test(`CreateRole: ${name} is refused`, () =>
      refused(
        () => iam.send(new CreateRoleCommand({ RoleName: 'hostile', AssumeRolePolicyDocument: document })),
        names,
      ));
  }

  test('nothing of them is there afterwards', async () => {
    await assert.rejects(iam.send(new GetRoleCommand({ RoleName: 'hostile' })), {
      name: 'NoSuchEntityException',
    });
    await iam.send(new DeleteRoleCommand({ RoleName: 'keeper' })); // refused while it has inline policies
  });
});

test('a pattern that a naive matcher never finishes is stored, evaluated and taken away in ordinary time', async () => {
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'slow',
        Effect: 'Deny',
        Principal: '*',
        Action: 'lambda:GetFunctionConfiguration',
        Resource: hello,
        Condition: { StringLike: { 'aws:UserAgent': catastrophicPattern } },
      },
    ],
  });
  await service.client.send(new PutResourcePolicyCommand({ ResourceArn: hello, Policy: policy }));
  const asking = (userAgent: string) => () => {
    const command = read();
    command.middlewareStack.add(
      (next) => (given) => {
        (given.request as { headers: Record<string, string> }).headers['user-agent'] = userAgent;
        return next(given);
      },
      { step: 'build', priority: 'low' },
    );
    return service.client.send(command);
  };
  const ms = await timed(asking(almostMatching));
  assert.ok(ms < ordinaryMs * ratioMax, `${ms} ms, where an ordinary request takes ${ordinaryMs} ms`);
  await assert.rejects(asking(`${almostMatching}b`)(), { name: 'AccessDeniedException' });
  await service.client.send(new DeleteResourcePolicyCommand({ ResourceArn: hello }));
});
