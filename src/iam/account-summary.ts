/** GetAccountSummary and ListAccountAliases; and lists of what users cannot have here, which are true though empty. */
import { policyLimits } from '#identity';
import type { Handler, Handlers } from '#wire';
import { noSuchEntity } from './answers.ts';
import type { IamContext } from './context.ts';
import { getEntity } from './entities.ts';
import { quotas } from './limits.ts';
import { text } from './request.ts';
import { callerName } from './users.ts';

export function accountHandlers(context: IamContext): Handlers {
  const { view } = context.account.directory;
  /** Of the user who is named, or who calls. */
  const nothingOf =
    (member: string): Handler =>
    async (input, request) => {
      getEntity(context, 'user', text(input, 'UserName') ?? callerName(request));
      return { [member]: [], IsTruncated: false };
    };
  /** There is no console to sign in to. */
  const noPassword: Handler = async (input, request) => {
    const { name } = getEntity(context, 'user', text(input, 'UserName') ?? callerName(request));
    throw noSuchEntity(`Login Profile for User ${name} cannot be found.`);
  };
  return {
    GetAccountSummary: async () => ({
      SummaryMap: {
        Users: view.count('users'),
        UsersQuota: quotas.users,
        Groups: 0,
        Roles: view.count('roles'),
        RolesQuota: quotas.roles,
        Policies: view.count('policies'),
        PoliciesQuota: quotas.policies,
        PolicyVersionsInUse: view.policies().reduce((sum, { versions }) => sum + versions.length, 0),
        VersionsPerPolicyQuota: quotas.policyVersions,
        AccessKeysPerUserQuota: quotas.accessKeysPerUser,
        AttachedPoliciesPerRoleQuota: quotas.attachedPolicies,
        AttachedPoliciesPerUserQuota: quotas.attachedPolicies,
        PolicySizeQuota: policyLimits.managedPolicyCharactersMax,
        RolePolicySizeQuota: policyLimits.roleInlinePoliciesCharactersMax,
        UserPolicySizeQuota: policyLimits.userInlinePoliciesCharactersMax,
        AssumeRolePolicySizeQuota: policyLimits.trustPolicyCharactersMax,
        AccountAccessKeysPresent: 1,
        AccountMFAEnabled: 0,
        MFADevices: 0,
        MFADevicesInUse: 0,
        InstanceProfiles: 0,
        Providers: 0,
        ServerCertificates: 0,
      },
    }),
    ListAccountAliases: async () => ({ AccountAliases: [], IsTruncated: false }),
    ListVirtualMFADevices: async () => ({ VirtualMFADevices: [], IsTruncated: false }),
    GetLoginProfile: noPassword,
    DeleteLoginProfile: noPassword,
    ListGroupsForUser: nothingOf('Groups'),
    ListMFADevices: nothingOf('MFADevices'),
    ListSSHPublicKeys: nothingOf('SSHPublicKeys'),
    ListServiceSpecificCredentials: nothingOf('ServiceSpecificCredentials'),
    ListSigningCertificates: nothingOf('Certificates'),
  };
}
