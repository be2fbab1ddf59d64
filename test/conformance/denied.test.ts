/**
 * Every operation asks for permission: who has none is refused and changes nothing, who has exactly what the operation needs gets past,
 * and who lacks one of several permissions is refused for that one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthorize, lambdaAccess } from '#access';
import { noPolicies, openAuthorizer, parsePolicy, type PolicySource, type Principal } from '#identity';
import { type Authorize, type Handlers, operations } from '#wire';
import { goodRequests } from './good-requests.ts';
import { openPopulatedWorld, type PopulatedWorld } from './populated-world.ts';

const ada: Principal = {
  kind: 'user',
  accountId: '000000000000',
  arn: 'arn:aws:iam::000000000000:user/ada',
  accessKeyId: 'AKIA',
  userId: 'AIDA',
  userName: 'ada',
};

/** The real decision, for a user with one statement per `action resource`. */
function authorizeFor({ world }: PopulatedWorld, allowed: readonly string[]): Authorize {
  const Statement = allowed.map((each) => {
    const [Action, Resource] = each.split(' ');
    return { Effect: 'Allow', Action, Resource };
  });
  const parsed = parsePolicy(JSON.stringify({ Version: '2012-10-17', Statement }), 'identity');
  assert.ok(allowed.length === 0 || parsed.kind === 'valid');
  const source: PolicySource = {
    revision: 1,
    policiesOf: () => (parsed.kind === 'valid' ? { identity: [parsed.policy] } : noPolicies),
  };
  return createAuthorize({
    rows: lambdaAccess,
    authorizer: openAuthorizer(source),
    metadata: world.metadata,
    region: 'us-east-1',
    nowMs: () => 0,
  });
}

test('permissions of every operation', async (t) => {
  const populated = await openPopulatedWorld(t);
  const requests = goodRequests(populated);
  const before = await populated.snapshot();

  await t.test(
    'without any, every operation that is served is refused with 403 and changes nothing',
    async () => {
      const send = populated.serve({ principal: ada, authorize: authorizeFor(populated, []) });
      for (const operation of Object.keys(populated.handlers)) {
        const { members = {}, needs = [] } = requests.get(operation) ?? {};
        const { statusCode, errorName, message } = await send(operation, members);
        assert.equal(errorName, 'AccessDeniedException', `${operation}: ${message}`);
        assert.equal(statusCode, 403);
        const [action, resource] = (needs[0] ?? '').split(' ');
        assert.equal(
          message,
          `User: ${ada.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
        );
      }
      assert.deepEqual(await populated.snapshot(), before);
    },
  );

  const reached: string[] = [];
  const stubs: Handlers = Object.fromEntries(
    [...operations.keys()].map((operation) => [
      operation,
      async () => {
        reached.push(operation);
        return {};
      },
    ]),
  );
  for (const operation of operations.keys()) {
    await t.test(`${operation} needs exactly what AWS says`, async () => {
      const { members, needs } = requests.get(operation) ?? assert.fail(operation);
      const attempt = async (allowed: readonly string[]) => {
        reached.length = 0;
        const authorize = authorizeFor(populated, allowed);
        return populated.serve({ handlers: stubs, principal: ada, authorize })(operation, members);
      };
      const { errorName, message } = await attempt(needs);
      assert.deepEqual(reached, [operation], `${errorName}: ${message}`);
      for (const missing of needs) {
        const refused = await attempt(needs.filter((each) => each !== missing));
        const [action, resource] = missing.split(' ');
        assert.equal(refused.errorName, 'AccessDeniedException');
        assert.ok(
          refused.message.includes(`perform: ${action} on resource: ${resource} because`),
          refused.message,
        );
        assert.deepEqual(reached, []);
      }
    });
  }
});
