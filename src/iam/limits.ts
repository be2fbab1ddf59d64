/** The quotas of an account: IAM's own defaults, or the most that IAM can be asked to raise them to. */

export const quotas = {
  users: 5000,
  roles: 5000,
  policies: 5000,
  accessKeysPerUser: 2,
  /** Policies attached to one user or role. */
  attachedPolicies: 10,
  policyVersions: 5,
  tags: 50,
} as const;

/** Inline policies of one user or role; IAM bounds only their size. */
export const inlinePoliciesMax = 100;

/** Characters of all documents of one user, role or policy with their white space, which IAM's quotas leave out. */
export const storedCharactersMax = 600_000;

/** Items on a page where the request does not say. */
export const pageItemsDefault = 100;
export const pageItemsMax = 1000;

/** Pairs of action and resource in one simulation. */
export const simulatedPairsMax = 1000;

/** STS: life of credentials in seconds. */
export const sessionSecondsDefault = 3600;
export const chainedSessionSecondsMax = 3600;
export const rootSessionSecondsMax = 3600;
export const userSessionSecondsDefault = 43_200;

/** STS: managed policies that narrow a session. */
export const sessionPolicyArnsMax = 10;
