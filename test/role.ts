/** Roles that functions of a test take. */
import assert from 'node:assert/strict';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import type { Target } from './target.ts';

/** The ARN of a new role that functions can take and that may do these actions on everything. */
export async function createRole(target: Target, actions: readonly string[]): Promise<string> {
  const { endpoint, region, credentials } = target;
  const iam = new IAMClient({ endpoint, region, credentials, maxAttempts: 1 });
  const RoleName = target.name();
  const trust = { Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: statement(trust) }),
  );
  const PolicyDocument = statement({ Action: actions, Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'allowed', PolicyDocument }));
  iam.destroy();
  assert.ok(Role?.Arn);
  return Role.Arn;
}

const statement = (more: object): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...more }] });
