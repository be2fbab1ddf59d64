/** What is stored of users, roles and customer managed policies: one document each, so that each changes as a whole. */

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface InlinePolicy {
  readonly name: string;
  /** JSON, as it was given. */
  readonly document: string;
}

/** What users and roles have in common. */
export interface Entity {
  readonly name: string;
  /** Begins and ends with `/`. */
  readonly path: string;
  /** `AIDA…` or `AROA…`: never used again, also not by one of the same name. */
  readonly id: string;
  /** Epoch milliseconds, as all times here. */
  readonly createdAtMs: number;
  /** In the order in which they came. */
  readonly tags: readonly Tag[];
  /** ARN of the policy that bounds it. */
  readonly boundary?: string;
  readonly inlinePolicies: readonly InlinePolicy[];
  /** ARNs of attached policies. */
  readonly attachedPolicies: readonly string[];
}

export interface AccessKeyRecord {
  readonly id: string;
  /** See secret-seal.ts. */
  readonly sealedSecret: string;
  readonly status: 'Active' | 'Inactive';
  readonly createdAtMs: number;
}

export interface UserRecord extends Entity {
  readonly accessKeys: readonly AccessKeyRecord[];
}

export interface RoleRecord extends Entity {
  readonly description?: string;
  /** JSON, as it was given. */
  readonly trustPolicy: string;
  /** Seconds. */
  readonly sessionSecondsMax: number;
}

export interface PolicyVersionRecord {
  /** `v1`, counted up; never used again. */
  readonly id: string;
  readonly document: string;
  readonly createdAtMs: number;
}

export interface PolicyRecord {
  readonly name: string;
  readonly path: string;
  /** `ANPA…` */
  readonly id: string;
  readonly description?: string;
  readonly tags: readonly Tag[];
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly versions: readonly PolicyVersionRecord[];
  readonly defaultVersionId: string;
  /** How many versions were ever made. */
  readonly versionsMade: number;
  /** Users and roles that it is attached to, and that it bounds. Kept here, so that it cannot be deleted while it is being attached. */
  readonly attachments: number;
  readonly boundaryUses: number;
}
