/** Tests of the authoriser: what it remembers, what it forgets, and properties that hold whatever the policies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessQuestion } from '../authorizer.ts';
import type { CompiledPolicy } from './compiled.ts';
import { openAuthorizer } from './decisions.ts';
import {
  account,
  allowAll,
  denyAll,
  documentOf,
  functionArn,
  grant,
  policyOf,
  root,
  session,
  type StatementText,
  user,
  valuesOf,
} from './fixtures/policies.ts';
import { cachedDecisionsMax } from './limits.ts';
import type { PolicySource } from './source.ts';
import { trustsService } from './trust.ts';

const question: AccessQuestion = {
  principal: user,
  action: 'lambda:InvokeFunction',
  resource: functionArn,
  conditions: () => assert.fail('no condition was to be looked at'),
};

/** A source whose policies can be changed, and which counts how often it is asked. */
function changeable(
  ...first: CompiledPolicy[]
): PolicySource & { asked: number; become(...policies: CompiledPolicy[]): void } {
  let identity = first;
  const source = {
    revision: 1,
    asked: 0,
    policiesOf: () => {
      source.asked += 1;
      return { identity };
    },
    become: (...policies: CompiledPolicy[]) => {
      identity = policies;
      source.revision += 1;
    },
  };
  return source;
}

test('what is asked again is remembered, also by another object of the same principal', () => {
  const source = changeable(policyOf('identity', allowAll));
  const authorizer = openAuthorizer(source);
  const first = authorizer.decide(question);
  assert.equal(authorizer.decide({ ...question, principal: { ...user, accessKeyId: 'another' } }), first);
  assert.equal(source.asked, 1);
});

test('root without resource policies asks nobody', () => {
  const source = changeable();
  assert.equal(openAuthorizer(source).decide({ ...question, principal: root }).kind, 'allowed');
  assert.equal(source.asked, 0);
});

test('a change of policies is seen at once', () => {
  const source = changeable(policyOf('identity', allowAll));
  const authorizer = openAuthorizer(source);
  assert.equal(authorizer.decide(question).kind, 'allowed');
  source.become(policyOf('identity', allowAll, denyAll));
  assert.equal(authorizer.decide(question).kind, 'denied');
  source.become();
  assert.deepEqual(authorizer.decide(question), {
    kind: 'denied',
    because: 'because no identity-based policy allows the lambda:InvokeFunction action',
  });
});

test('other resource policies are another question', () => {
  const authorizer = openAuthorizer(changeable());
  const decide = (...resourcePolicies: string[]): string =>
    authorizer.decide({ ...question, resourcePolicies }).kind;
  const allow = documentOf(grant('*'));
  const deny = documentOf(grant('*', { Effect: 'Deny' }));
  assert.equal(decide(), 'denied');
  assert.equal(decide(allow), 'allowed');
  assert.equal(decide(allow, deny), 'denied');
  assert.equal(decide(deny, allow), 'denied');
  assert.equal(decide(allow), 'allowed');
  assert.equal(decide(), 'denied');
});

test('a decision in which the request had a say is made anew for every request', () => {
  const from = { ...allowAll, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } };
  const authorizer = openAuthorizer(changeable(policyOf('identity', from)));
  const decide = (sourceIp: string): string =>
    authorizer.decide({ ...question, conditions: () => valuesOf({ 'aws:SourceIp': sourceIp }) }).kind;
  assert.equal(decide('10.1.1.1'), 'allowed');
  assert.equal(decide('11.1.1.1'), 'denied');
  assert.equal(decide('10.1.1.1'), 'allowed');
});

test('conditions that the principal answers are remembered, and the request is not even looked at', () => {
  const authorizer = openAuthorizer(
    changeable(
      policyOf('identity', { ...allowAll, Condition: { StringEquals: { 'aws:username': 'alice' } } }),
    ),
  );
  const first = authorizer.decide(question);
  assert.equal(first.kind, 'allowed');
  assert.equal(authorizer.decide(question), first);
});

test('conditions of statements that do not matter are not looked at', () => {
  const elsewhere = {
    Effect: 'Deny',
    Action: 's3:*',
    Resource: '*',
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  const authorizer = openAuthorizer(changeable(policyOf('identity', elsewhere, allowAll)));
  assert.equal(authorizer.decide(question).kind, 'allowed');
});

test('action and resource are kept apart, whatever is in them', () => {
  const authorizer = openAuthorizer(
    changeable(policyOf('identity', { Effect: 'Allow', Action: 's3:x', Resource: '*' })),
  );
  assert.equal(authorizer.decide({ ...question, action: 's3:x', resource: 'y' }).kind, 'allowed');
  assert.equal(authorizer.decide({ ...question, action: 's3:xy', resource: '' }).kind, 'denied');
});

test('a narrowed session is not the session', () => {
  const authorizer = openAuthorizer(changeable(policyOf('identity', allowAll)));
  const narrowed = {
    ...session,
    sessionPolicies: [documentOf({ Effect: 'Allow', Action: 's3:*', Resource: '*' })],
  };
  assert.equal(authorizer.decide({ ...question, principal: session }).kind, 'allowed');
  assert.equal(authorizer.decide({ ...question, principal: narrowed }).kind, 'denied');
  assert.equal(authorizer.decide({ ...question, principal: session }).kind, 'allowed');
});

test('a stored policy that cannot be read denies everybody but root', () => {
  const authorizer = openAuthorizer(changeable(policyOf('identity', allowAll)));
  const resourcePolicies = ['{"broken'];
  assert.deepEqual(authorizer.decide({ ...question, resourcePolicies }), {
    kind: 'denied',
    because: 'with an explicit deny in a resource-based policy',
  });
  assert.equal(authorizer.decide({ ...question, principal: root, resourcePolicies }).kind, 'allowed');
  const broken = { ...session, sessionPolicies: ['{"broken'] };
  assert.equal(authorizer.decide({ ...question, principal: broken }).kind, 'denied');
});

test('more questions than are remembered are all answered right', () => {
  const authorizer = openAuthorizer(
    changeable(policyOf('identity', { Effect: 'Allow', Action: '*', Resource: 'arn:aws:s3:::*7' })),
  );
  for (let round = 0; round < 2; round++) {
    for (let count = 0; count < cachedDecisionsMax + 100; count++) {
      const expected = count % 10 === 7 ? 'allowed' : 'denied';
      assert.equal(authorizer.decide({ ...question, resource: `arn:aws:s3:::${count}` }).kind, expected);
    }
  }
});

test('services and unsigned requests: the resource policies alone decide', () => {
  const authorizer = openAuthorizer(changeable());
  const { action, resource, conditions } = question;
  const decide = (
    caller: 'anonymous' | 's3.amazonaws.com',
    ...statements: StatementText[]
  ): string | undefined => {
    const decision = authorizer.decideForOutsider({
      caller: caller === 'anonymous' ? { kind: 'anonymous' } : { kind: 'service', service: caller },
      action,
      resource,
      conditions,
      ...(statements.length > 0 && { resourcePolicies: [documentOf(...statements)] }),
    });
    return decision.kind === 'denied' ? decision.because : undefined;
  };
  const silent = 'because no resource-based policy allows the lambda:InvokeFunction action';
  const s3 = grant({ Service: 's3.amazonaws.com' });
  assert.equal(decide('s3.amazonaws.com'), silent);
  assert.equal(decide('s3.amazonaws.com', s3), undefined);
  assert.equal(decide('s3.amazonaws.com', grant({ Service: 'sns.amazonaws.com' })), silent);
  assert.equal(decide('s3.amazonaws.com', grant({ AWS: account })), silent);
  assert.equal(
    decide('s3.amazonaws.com', s3, grant('*', { Effect: 'Deny' })),
    'with an explicit deny in a resource-based policy',
  );
  assert.equal(decide('anonymous', s3), silent);
  assert.equal(decide('anonymous', grant('*')), undefined);
});

const trustWith = (more: StatementText): CompiledPolicy =>
  policyOf('trust', {
    Effect: 'Allow',
    Principal: { Service: ['s3.amazonaws.com', 'lambda.amazonaws.com'] },
    Action: 'sts:AssumeRole',
    ...more,
  });

test('whether a role trusts a service', () => {
  assert.ok(trustsService(trustWith({}), 'lambda.amazonaws.com'));
  assert.ok(!trustsService(trustWith({}), 'edgelambda.amazonaws.com'));
  assert.ok(!trustsService(trustWith({ Action: 'sts:TagSession' }), 'lambda.amazonaws.com'));
  assert.ok(!trustsService(trustWith({ Effect: 'Deny' }), 'lambda.amazonaws.com'));
  assert.ok(!trustsService(trustWith({ Principal: { AWS: account } }), 'lambda.amazonaws.com'));
  const ours = trustWith({ Condition: { StringEquals: { 'aws:SourceAccount': account } } });
  assert.ok(trustsService(ours, 'lambda.amazonaws.com', new Map([['aws:sourceaccount', account]])));
  assert.ok(!trustsService(ours, 'lambda.amazonaws.com', new Map([['aws:sourceaccount', '111111111111']])));
});
