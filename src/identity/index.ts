/** The public face of identity: the account, its users, roles and policies, and who may do what. */
export { Account } from './account.ts';
export type { AccountOptions, NewSession, TemporaryCredentials } from './account.ts';
export { openIdentity } from './identity.ts';
export type { IdentityOptions, OpenOutcome, RootIdentity } from './identity.ts';
export { denialMessage } from './authorizer.ts';
export type { AccessDecision, AccessQuestion, Authorizer, ConditionValues } from './authorizer.ts';
export { Directory, openDirectory } from './directory/directory.ts';
export type { DirectoryOptions } from './directory/directory.ts';
export { arnOf, nameInArn } from './directory/keys.ts';
export type { Collection } from './directory/keys.ts';
export type {
  AccessKeyRecord,
  Entity,
  InlinePolicy,
  PolicyRecord,
  PolicyVersionRecord,
  RoleRecord,
  Tag,
  UserRecord,
} from './directory/records.ts';
export type { PolicyUses } from './directory/uses.ts';
export { DirectoryPolicies } from './directory-policies.ts';
export { accessKeyId, secretBytes, secretOfBytes, uniqueId, uniqueIdBytes } from './key-text.ts';
export { sessionTokenCharactersMax } from './limits.ts';
export { KeyUses } from './key-uses.ts';
export { predefinedPolicies } from './managed-policies/table.ts';
export type { PredefinedPolicy } from './managed-policies/table.ts';
export type { Outsider } from './policy/caller.ts';
export type { CompiledPolicy, PolicyDialect } from './policy/compiled.ts';
export { openAuthorizer } from './policy/decisions.ts';
export type { OutsiderQuestion, PolicyAuthorizer } from './policy/decisions.ts';
export * as policyLimits from './policy/limits.ts';
export { parsePolicy, policyCharacters } from './policy/parse.ts';
export type { PolicyOutcome } from './policy/parse.ts';
export { checkResourcePolicy, isPublic } from './policy/resource-policy.ts';
export { noPolicies } from './policy/source.ts';
export type { PolicySource, PrincipalPolicies } from './policy/source.ts';
export { trustsService } from './policy/trust.ts';
export { openAccount } from './open-account.ts';
export type { OpenAccountOptions, OpenedAccount } from './open-account.ts';
export { PolicyCompiler } from './policy-compiler.ts';
export type { AccessKey, Credentials, Identity, Principal, RoleState } from './principal.ts';
export { assumedRoleArn } from './principals.ts';
export { isRootKey } from './root-key.ts';
export type { RootKey, RootKeyStore } from './root-key.ts';
export type { RoleSession, Session } from './session-token.ts';
export { defaultAccountId, defaultRegion } from './settings.ts';
export type { Settings } from './settings.ts';
