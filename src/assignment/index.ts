/** The public face of assignment: it knows every execution environment of a function version and which is idle. */
export type { Assigned, Assignment, ProvisionedStatus, ProvisionedUse, Provisioning } from './assignment.ts';
export { keepProvisioned } from './keeper.ts';
export type { KeeperOptions } from './keeper.ts';
export { createAssignment } from './service.ts';
export type { AssignmentOptions, AssignmentService } from './service.ts';
export type { Limits } from './limits.ts';
