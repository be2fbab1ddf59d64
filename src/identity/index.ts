/** The public face of identity: accounts, access keys, and who a request comes from. */
export { openIdentity } from './identity.ts';
export type { IdentityOptions, OpenOutcome, RootIdentity } from './identity.ts';
export { denialMessage } from './authorizer.ts';
export type { AccessDecision, AccessQuestion, Authorizer, ConditionValues } from './authorizer.ts';
export type { AccessKey, Credentials, Identity, Principal } from './principal.ts';
export { isRootKey } from './root-key.ts';
export type { RootKey, RootKeyStore } from './root-key.ts';
export { defaultAccountId, defaultRegion } from './settings.ts';
export type { Settings } from './settings.ts';
