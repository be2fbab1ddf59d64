/** Whether a role of IAM may do something, asked before anybody acts in its name. */
import type { ControlPlaneOptions } from '#control-plane';
import type { RoleMay } from '#event-invoke';
import { assumedRoleArn, type Account, type Authorizer } from '#identity';

/** Of roles that IAM does not know nothing is said. */
export function roleAccess(
  account: Pick<Account, 'accountId' | 'findRole'>,
  authorizer: Pick<Authorizer, 'decide'>,
  policyOf: (resourceArn: string) => string | undefined = () => undefined,
): RoleMay & NonNullable<ControlPlaneOptions['roleMay']> {
  const { accountId } = account;
  return (roleArn: string, action: string, resource: string, resourcePolicy?: string) => {
    const role = account.findRole(roleArn);
    if (role === undefined) return undefined;
    const sessionName = 'lambda';
    const policy = resourcePolicy ?? policyOf(resource);
    const { kind } = authorizer.decide({
      principal: {
        kind: 'assumed-role',
        accountId,
        arn: assumedRoleArn(accountId, roleArn, sessionName),
        userId: `${role.id}:${sessionName}`,
        roleArn,
        accessKeyId: '',
      },
      action,
      resource,
      conditions: () => new Map(),
      ...(policy !== undefined && { resourcePolicies: [policy] }),
    });
    return kind === 'allowed';
  };
}
