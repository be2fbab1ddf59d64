/** Tests of the asking: one question per permission, the policies and tags that count, the conditions, AWS's sentence. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { AccessDecision, AccessQuestion, Principal } from '#identity';
import type { FunctionPolicyRecord } from '#metadata';
import { someVersion } from '#metadata/fixtures';
import { type Input, type RequestContext, WireError } from '#wire';
import { createAuthorize } from './authorize.ts';
import { lambdaAccess } from './lambda.ts';
import { logsAccess } from './logs.ts';

const base = 'arn:aws:lambda:us-east-1:000000000000';
const user: Principal = {
  kind: 'user',
  accountId: '000000000000',
  arn: 'arn:aws:iam::000000000000:user/ada',
  accessKeyId: 'AKIA',
  userId: 'AIDA',
  userName: 'ada',
};
const root: Principal = {
  kind: 'root',
  accountId: '000000000000',
  arn: 'arn:aws:iam::000000000000:root',
  accessKeyId: 'AKIA',
  userId: '000000000000',
};
const refusal: AccessDecision = { kind: 'denied', because: 'because no identity-based policy allows it' };

const contextOf = (principal: Principal): RequestContext => ({
  requestId: 'r',
  principal,
  region: 'us-east-1',
  endpoint: 'http://127.0.0.1:9000',
  sourceIp: '10.1.2.3',
  userAgent: 'test/1',
  signal: new AbortController().signal,
});

const statement = (principal: unknown, more: object = {}) => ({
  Sid: 's1',
  Effect: 'Allow',
  Principal: principal,
  Action: 'lambda:InvokeFunction',
  Resource: `${base}:function:f`,
  ...more,
});
const documentOf = (...statements: readonly unknown[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

interface Asked {
  readonly questions: readonly AccessQuestion[];
  readonly error: unknown;
}

function ask(
  operation: string,
  input: Input,
  given: {
    readonly principal?: Principal;
    readonly decide?: (question: AccessQuestion) => AccessDecision;
    readonly policies?: Readonly<Record<string, string>>;
    readonly tags?: Readonly<Record<string, string>>;
  } = {},
): Asked {
  const questions: AccessQuestion[] = [];
  const record: FunctionPolicyRecord | undefined = given.policies && {
    accountId: '000000000000',
    region: 'us-east-1',
    functionName: 'f',
    policies: Object.fromEntries(
      Object.entries(given.policies).map(([qualifier, document]) => [
        qualifier,
        { document, revisionId: 'r' },
      ]),
    ),
  };
  const authorize = createAuthorize({
    rows: lambdaAccess.has(operation) ? lambdaAccess : logsAccess,
    authorizer: {
      decide(question) {
        questions.push(question);
        return given.decide?.(question) ?? { kind: 'allowed' };
      },
    },
    metadata: {
      policies: (_accountId, functionName) => (functionName === 'f' ? record : undefined),
      resolve: (_accountId, functionName) => ({
        kind: 'found',
        function: {
          accountId: '000000000000',
          region: 'us-east-1',
          functionName,
          functionId: 'i',
          lastVersion: 0,
          tags: given.tags ?? {},
        },
        version: someVersion({ functionName }),
        invokedArn: '',
      }),
    },
    region: 'us-east-1',
    nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5),
  });
  let error: unknown;
  try {
    authorize(operation, input, contextOf(given.principal ?? user));
  } catch (thrown) {
    error = thrown;
  }
  return { questions, error };
}

const only = ({ questions }: Asked): AccessQuestion => {
  assert.equal(questions.length, 1);
  return questions[0] ?? assert.fail();
};

function conditions(
  operation: string,
  input: Input,
  given: Parameters<typeof ask>[2] = {},
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(ask(operation, input, given).questions[0]?.conditions() ?? []);
}

suite('refusals', () => {
  test('a denial is AWS’s sentence', () => {
    const { error } = ask('GetFunction', { FunctionName: 'f' }, { decide: () => refusal });
    assert.ok(error instanceof WireError);
    assert.equal(error.errorName, 'AccessDeniedException');
    assert.equal(
      error.message,
      `User: ${user.arn} is not authorized to perform: lambda:GetFunction on resource: ${base}:function:f because no identity-based policy allows it`,
    );
  });

  test('a permission for everything is named with its star', () => {
    const { error } = ask('ListFunctions', {}, { decide: () => refusal });
    assert.match(String(error), /lambda:ListFunctions on resource: \* because/);
  });

  test('all of several permissions are needed', () => {
    const input = { FunctionName: 'f', Role: 'arn:aws:iam::000000000000:role/r' };
    const { error } = ask('CreateFunction', input, {
      decide: ({ action }) => (action === 'iam:PassRole' ? refusal : { kind: 'allowed' }),
    });
    assert.match(String(error), /iam:PassRole on resource: arn:aws:iam::000000000000:role\/r because/);
  });

  test('what belongs to another account was granted to nobody, root or not', () => {
    const foreign = 'arn:aws:lambda:us-east-1:111111111111';
    for (const principal of [root, user]) {
      for (const [operation, input, action, arn] of [
        ['Invoke', { FunctionName: `${foreign}:function:f` }, 'InvokeFunction', 'function:f'],
        [
          'GetLayerVersion',
          { LayerName: `${foreign}:layer:l`, VersionNumber: 1 },
          'GetLayerVersion',
          'layer:l:1',
        ],
        ['ListTags', { Resource: `${foreign}:function:f` }, 'ListTags', 'function:f'],
      ] as const) {
        const { error, questions } = ask(operation, input, { principal });
        assert.equal(
          error instanceof WireError && error.message,
          `User: ${principal.arn} is not authorized to perform: lambda:${action} on resource: ${foreign}:${arn} because no resource-based policy allows the lambda:${action} action`,
        );
        assert.deepEqual(questions, []);
      }
    }
  });
});

test('a role of another account cannot be passed', () => {
  const input = { FunctionName: 'f', Role: 'arn:aws:iam::111111111111:role/r' };
  for (const operation of ['CreateFunction', 'UpdateFunctionConfiguration']) {
    const { error } = ask(operation, input, { principal: root });
    assert.equal(error instanceof WireError && error.message, 'Cross-account pass role is not allowed.');
  }
});

suite('resource policies', () => {
  const policies = { $LATEST: 'function’s', live: 'alias’s', '2': 'version’s' };
  const given = (operation: string, input: Input, principal = user) =>
    only(ask(operation, input, { policies, principal })).resourcePolicies;

  test('the one of exactly what is invoked counts', () => {
    assert.deepEqual(given('Invoke', { FunctionName: 'f' }), ['function’s']);
    assert.deepEqual(given('Invoke', { FunctionName: 'f:$LATEST' }), ['function’s']);
    assert.deepEqual(given('Invoke', { FunctionName: 'f', Qualifier: 'live' }), ['alias’s']);
    assert.deepEqual(given('Invoke', { FunctionName: 'f:2' }), ['version’s']);
    assert.equal(given('Invoke', { FunctionName: 'f:3' }), undefined);
    assert.equal(given('Invoke', { FunctionName: 'f:constructor' }), undefined);
    assert.equal(given('Invoke', { FunctionName: 'other' }), undefined);
  });

  test('the function’s counts for everything else that is done with the function', () => {
    assert.deepEqual(given('GetFunction', { FunctionName: 'f', Qualifier: 'live' }), ['function’s']);
    assert.deepEqual(given('TagResource', { Resource: `${base}:function:f`, Tags: {} }), ['function’s']);
    assert.deepEqual(given('GetPolicy', { FunctionName: 'f', Qualifier: 'live' }), ['alias’s']);
  });

  test('root can always look at, replace and take away a policy that locks everybody out', () => {
    for (const [operation, input] of [
      ['GetPolicy', { FunctionName: 'f' }],
      ['RemovePermission', { FunctionName: 'f', StatementId: 's1' }],
      ['GetResourcePolicy', { ResourceArn: `${base}:function:f` }],
      ['PutResourcePolicy', { ResourceArn: `${base}:function:f`, Policy: '{}' }],
      ['DeleteResourcePolicy', { ResourceArn: `${base}:function:f` }],
    ] as const) {
      assert.equal(given(operation, input, root), undefined, operation);
      assert.deepEqual(given(operation, input, user), ['function’s'], operation);
    }
    assert.deepEqual(given('DeleteFunction', { FunctionName: 'f' }, root), ['function’s']);
  });
});

suite('conditions', () => {
  test('every request has those of the request itself', () => {
    assert.deepEqual(conditions('ListFunctions', {}), {
      'aws:currenttime': '2026-01-02T03:04:05.000Z',
      'aws:epochtime': '1767323045',
      'aws:requestedregion': 'us-east-1',
      'aws:securetransport': 'false',
      'aws:viaawsservice': 'false',
      'aws:principalisawsservice': 'false',
      'aws:sourceip': '10.1.2.3',
      'aws:useragent': 'test/1',
    });
  });

  test('a function’s tags are the resource’s', () => {
    const found = conditions('Invoke', { FunctionName: 'f:live' }, { tags: { Team: 'blue' } });
    assert.equal(found['aws:resourcetag/team'], 'blue');
    assert.equal(found['aws:resourceaccount'], '000000000000');
  });

  const cases: readonly (readonly [string, Input, Readonly<Record<string, unknown>>])[] = [
    [
      'CreateFunction',
      {
        FunctionName: 'f',
        Tags: { Team: 'blue', b: 'c' },
        Layers: [`${base}:layer:a:1`],
        VpcConfig: { SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
        CodeSigningConfigArn: 'csc',
      },
      {
        'aws:requesttag/team': 'blue',
        'aws:requesttag/b': 'c',
        'aws:tagkeys': ['Team', 'b'],
        'lambda:layer': `${base}:layer:a:1`,
        'lambda:subnetids': ['subnet-1', 'subnet-2'],
        'lambda:securitygroupids': 'sg-1',
        'lambda:codesigningconfigarn': 'csc',
      },
    ],
    [
      'CreateEventSourceMapping',
      { FunctionName: 'f:live' },
      { 'lambda:functionarn': `${base}:function:f:live` },
    ],
    [
      'CreateFunctionUrlConfig',
      { FunctionName: 'f', Qualifier: 'live', AuthType: 'NONE' },
      { 'lambda:functionurlauthtype': 'NONE', 'lambda:functionarn': `${base}:function:f` },
    ],
    [
      'AddPermission',
      {
        FunctionName: 'f',
        Principal: 'sns.amazonaws.com',
        FunctionUrlAuthType: 'AWS_IAM',
        InvokedViaFunctionUrl: true,
      },
      {
        'lambda:principal': 'sns.amazonaws.com',
        'lambda:functionurlauthtype': 'AWS_IAM',
        'lambda:invokedviafunctionurl': 'true',
      },
    ],
    ['UntagResource', { Resource: `${base}:function:f`, TagKeys: ['a', 'b'] }, { 'aws:tagkeys': ['a', 'b'] }],
    [
      'PutResourcePolicy',
      {
        ResourceArn: `${base}:function:f`,
        Policy: documentOf(statement({ AWS: ['111111111111', '*'] }), statement('*')),
      },
      { 'lambda:principal': ['111111111111', '*'] },
    ],
    ['PutResourcePolicy', { ResourceArn: `${base}:function:f`, Policy: '{"Statement":[null,7,"x"]}' }, {}],
    ['PutResourcePolicy', { ResourceArn: `${base}:function:f`, Policy: '[[[[' }, {}],
    ['UntagLogGroup', { logGroupName: 'g', tags: ['a'] }, { 'aws:tagkeys': ['a'] }],
  ];
  for (const [operation, input, expected] of cases) {
    test(`${operation} ${JSON.stringify(input).slice(0, 80)}`, () => {
      const own = Object.entries(conditions(operation, input)).filter(
        ([key]) => /^(lambda:|aws:(requesttag|tagkeys))/.test(key) && key !== 'aws:resourceaccount',
      );
      assert.deepEqual(Object.fromEntries(own), expected);
    });
  }

  test('a permission that is taken away says whom it was given to', () => {
    const url = { Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } } };
    const policies = {
      $LATEST: documentOf(statement({ Service: 's3.amazonaws.com' }), statement('*', { Sid: 's2', ...url })),
    };
    const removed = (StatementId: string) => {
      const found = conditions('RemovePermission', { FunctionName: 'f', StatementId }, { policies });
      return [found['lambda:principal'], found['lambda:functionurlauthtype']];
    };
    assert.deepEqual(removed('s1'), ['s3.amazonaws.com', undefined]);
    assert.deepEqual(removed('s2'), ['*', 'NONE']);
    assert.deepEqual(removed('s3'), [undefined, undefined]);
  });

  test('a role is passed to Lambda, for a function', () => {
    const input = { FunctionName: 'f', Role: 'arn:aws:iam::000000000000:role/r' };
    const passing = ask('CreateFunction', input).questions[1];
    assert.equal(passing?.action, 'iam:PassRole');
    assert.equal(passing.conditions().get('iam:passedtoservice'), 'lambda.amazonaws.com');
    assert.equal(passing.conditions().get('iam:associatedresourcearn'), `${base}:function:f`);
  });

  test('nothing is put together before a policy looks', () => {
    let looked = 0;
    const members: Input = { FunctionName: 'f', Principal: 'sns.amazonaws.com' };
    const input = new Proxy(members, {
      get(target, name: string) {
        if (name === 'Principal') looked += 1;
        return target[name];
      },
    });
    const question = only(ask('AddPermission', input));
    assert.equal(looked, 0);
    assert.equal(question.conditions().get('lambda:principal'), 'sns.amazonaws.com');
    assert.equal(looked, 1);
  });
});
