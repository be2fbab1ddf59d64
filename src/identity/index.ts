/** The public face of identity: accounts, access keys, and who a request comes from. */
export type { AccessKey, Credentials, Identity, Principal } from './principal.ts';
