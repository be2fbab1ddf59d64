/** Properties of decisions, whatever the policies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { AccessDecision, AccessQuestion } from '../authorizer.ts';
import { openAuthorizer, type PolicyAuthorizer } from './decisions.ts';
import {
  account,
  documentOf,
  policyOf,
  root,
  session,
  type StatementText,
  stranger,
  user,
  valuesOf,
} from './fixtures/policies.ts';

const actions = ['lambda:InvokeFunction', 'lambda:GetFunction', 's3:GetObject', 'sts:AssumeRole'] as const;
const resources = [
  `arn:aws:lambda:us-east-1:${account}:function:a`,
  `arn:aws:lambda:us-east-1:${account}:function:a:1`,
  `arn:aws:lambda:us-east-1:${stranger}:function:a`,
  '*',
] as const;
const principals = [
  root,
  user,
  session,
  { ...session, arn: session.arn.replace('s1', 's2'), userId: session.userId.replace('s1', 's2') },
] as const;
const names = [account, stranger, '*', user.arn, session.arn, session.roleArn ?? ''] as const;

const someOf = <Item>(...items: Item[]): fc.Arbitrary<Item[]> =>
  fc.uniqueArray(fc.constantFrom(...items), { minLength: 1, maxLength: 3 });
const condition = fc.constantFrom(
  {},
  {},
  { StringEquals: { 'lambda:x': ['a', 'b'] } },
  { StringNotEquals: { 'lambda:x': ['a', 'b'] } },
  { StringEquals: { 'aws:username': '${lambda:x}' } },
  { 'ForAllValues:StringLike': { 'lambda:x': ['a*', '*b'] }, Null: { 'aws:username': 'false' } },
  { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/*' } },
);
/** Broad and allowing more often than not, so that allowed and denied both come up for every caller. */
const effect = fc.constantFrom('Allow', 'Allow', 'Allow', 'Allow', 'Allow', 'Deny');
const action = fc.oneof(
  fc.record({ Action: someOf<string>(...actions, 'lambda:*', '*') }),
  fc.constant({ Action: '*' }),
  fc.record({ NotAction: someOf<string>(...actions.slice(1), 's3:*') }),
);
const resource = fc.oneof(
  fc.record({
    Resource: someOf<string>(
      ...resources,
      'arn:aws:lambda:*:*:function:*',
      `arn:aws:lambda:us-east-1:${account}:function:\${lambda:x}`,
    ),
  }),
  fc.constant({ Resource: '*' }),
  fc.record({ NotResource: someOf<string>(...resources.slice(0, 3)) }),
);
const statement: fc.Arbitrary<StatementText> = fc
  .tuple(effect, action, resource, condition)
  .map(([Effect, action, resource, Condition]) => Object.assign({ Effect, Condition }, action, resource));
const named: fc.Arbitrary<StatementText> = fc
  .tuple(statement, someOf<string>(...names), fc.boolean())
  .map(([statement, AWS, negated]) => {
    const name = negated && statement['Effect'] === 'Deny' ? 'NotPrincipal' : 'Principal';
    return Object.assign({ [name]: { AWS } }, statement);
  });

const sometimes = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 1 });
const world = fc
  .record({
    identity: fc.array(statement, { maxLength: 4 }),
    boundary: sometimes(fc.array(statement, { minLength: 1, maxLength: 3 })),
    session: sometimes(fc.array(statement, { minLength: 1, maxLength: 3 })),
    resource: sometimes(fc.array(named, { minLength: 1, maxLength: 3 })),
  })
  .map(({ identity, ...others }): World =>
    Object.assign(
      { identity },
      ...Object.entries(others).map(([name, value]) => (value ? { [name]: value } : {})),
    ),
  );
interface World {
  readonly identity: readonly StatementText[];
  readonly boundary?: readonly StatementText[];
  readonly session?: readonly StatementText[];
  readonly resource?: readonly StatementText[];
}

const asked = fc.record({
  principal: fc.constantFrom(...principals),
  action: fc.constantFrom(...actions.slice(0, 3)),
  resource: fc.constantFrom(...resources),
  value: fc.constantFrom(undefined, 'a', 'b', 'c', ['a', 'b'], [], 'alice'),
});
type Asked = typeof asked extends fc.Arbitrary<infer Value> ? Value : never;

function authorizerOf({ identity, boundary }: World): PolicyAuthorizer {
  const policies = {
    identity: identity.length === 0 ? [] : [policyOf('identity', ...identity)],
    ...(boundary && { boundary: policyOf('identity', ...boundary) }),
  };
  return openAuthorizer({ revision: 1, policiesOf: () => policies });
}

function questionOf(
  { session: narrowed, resource: resourcePolicy }: World,
  { principal, value, ...rest }: Asked,
): AccessQuestion {
  return {
    ...rest,
    principal: narrowed ? { ...principal, sessionPolicies: [documentOf(...narrowed)] } : principal,
    conditions: () => valuesOf(value === undefined ? {} : { 'lambda:x': value }),
    ...(resourcePolicy && { resourcePolicies: [documentOf(...resourcePolicy)] }),
  };
}

function decisionIn(world: World, asked: Asked): AccessDecision {
  return authorizerOf(world).decide(questionOf(world, asked));
}

const isAllowed = (world: World, asked: Asked): boolean => decisionIn(world, asked).kind === 'allowed';
const numRuns = 400;

test('a decision is always made, and says why it denies', () => {
  fc.assert(
    fc.property(world, asked, (world, asked) => {
      const decision = decisionIn(world, asked);
      if (decision.kind === 'denied')
        assert.match(decision.because, /^(because no .* allows the .* action|with an explicit deny in .*)$/);
    }),
    { numRuns },
  );
});

test('another Deny never allows more', () => {
  fc.assert(
    fc.property(world, asked, statement, named, (world, asked, extra, extraNamed) => {
      const deny = { ...extra, Effect: 'Deny' };
      const denyNamed = { ...extraNamed, Effect: 'Deny' };
      const before = isAllowed(world, asked);
      for (const after of [
        { ...world, identity: [...world.identity, deny] },
        {
          ...world,
          boundary: [...(world.boundary ?? [{ Effect: 'Allow', Action: '*', Resource: '*' }]), deny],
        },
        { ...world, resource: [...(world.resource ?? []), denyNamed] },
        ...(world.session ? [{ ...world, session: [...world.session, deny] }] : []),
      ]) {
        if (isAllowed(after, asked)) assert.ok(before, JSON.stringify(after));
      }
    }),
    { numRuns },
  );
});

test('another Allow never takes away', () => {
  fc.assert(
    fc.property(world, asked, statement, fc.constantFrom(...names), (world, asked, extra, AWS) => {
      const allow = { ...extra, Effect: 'Allow' };
      if (!isAllowed(world, asked)) return;
      for (const after of [
        { ...world, identity: [...world.identity, allow] },
        { ...world, resource: [...(world.resource ?? []), { ...allow, Principal: { AWS } }] },
        ...(world.boundary ? [{ ...world, boundary: [...world.boundary, allow] }] : []),
        ...(world.session ? [{ ...world, session: [...world.session, allow] }] : []),
      ]) {
        assert.ok(isAllowed(after, asked), JSON.stringify(after));
      }
    }),
    { numRuns },
  );
});

test('a boundary or a session policy never adds', () => {
  fc.assert(
    fc.property(world, asked, (world, asked) => {
      const { boundary, session, ...bare } = world;
      void boundary;
      void session;
      if (isAllowed(world, asked)) assert.ok(isAllowed(bare, asked));
    }),
    { numRuns },
  );
});

const turned = (statements: readonly StatementText[]): StatementText[] =>
  statements.toReversed().map((statement) =>
    Object.fromEntries(
      Object.entries(statement)
        .toReversed()
        .map(([name, value]) => [name, Array.isArray(value) ? value.toReversed() : value]),
    ),
  );

test('the order of statements and of what is in them does not matter', () => {
  fc.assert(
    fc.property(world, asked, (world, asked) => {
      const { boundary, session, resource } = world;
      const other: World = {
        identity: turned(world.identity),
        ...(boundary && { boundary: turned(boundary) }),
        ...(session && { session: turned(session) }),
        ...(resource && { resource: turned(resource) }),
      };
      assert.deepEqual(decisionIn(other, asked), decisionIn(world, asked));
    }),
    { numRuns },
  );
});

test('a remembered decision is the one that would be made', () => {
  fc.assert(
    fc.property(world, fc.array(asked, { minLength: 2, maxLength: 20 }), (world, questions) => {
      const authorizer = authorizerOf(world);
      for (const asked of [...questions, ...questions]) {
        assert.deepEqual(authorizer.decide(questionOf(world, asked)), decisionIn(world, asked));
      }
    }),
    { numRuns: 200 },
  );
});

const worldWith = (statement: StatementText): World => ({
  identity: [{ Effect: 'Allow', Action: '*', Resource: '*', ...statement }],
});

test('NotAction and NotResource are the complements', () => {
  fc.assert(
    fc.property(someOf<string>(...actions, 'lambda:*', '*:Get*'), asked, (listed, asked) => {
      const its = { ...asked, principal: user, resource: '*' as const };
      assert.notEqual(
        isAllowed(worldWith({ Action: listed }), its),
        isAllowed(worldWith({ Action: undefined, NotAction: listed }), its),
      );
    }),
  );
  fc.assert(
    fc.property(
      someOf<string>(...resources.slice(0, 2), 'arn:aws:lambda:*:*:function:*'),
      asked,
      (listed, asked) => {
        const its = { ...asked, principal: user, resource: resources[asked.resource === '*' ? 0 : 1] };
        assert.notEqual(
          isAllowed(worldWith({ Resource: listed }), its),
          isAllowed(worldWith({ Resource: undefined, NotResource: listed }), its),
        );
      },
    ),
  );
});
