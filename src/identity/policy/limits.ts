/** The bounds of policy documents (IAM and STS quotas, Lambda quotas) and of what is kept of them. Characters unless the name says otherwise. */

/** What IAM's API takes as a document at all; nothing longer is parsed. */
export const documentCharactersMax = 131_072;

/** IAM counts without white space: see `policyCharacters`. */
export const managedPolicyCharactersMax = 6144;
export const userInlinePoliciesCharactersMax = 2048;
export const groupInlinePoliciesCharactersMax = 5120;
export const roleInlinePoliciesCharactersMax = 10_240;
export const trustPolicyCharactersMax = 2048;
export const sessionPolicyCharactersMax = 2048;

/** Of a function, version, alias or layer version, with white space. */
export const resourcePolicyCharactersMax = 20_480;

/** Brackets open at once. A policy document needs six. */
export const documentDepthMax = 16;
/** Values and members of one document. */
export const documentValuesMax = 20_000;

/** Decisions that are kept for when the same is asked again. */
export const cachedDecisionsMax = 20_000;
/** Principals whose policies and names are kept ready. */
export const cachedPrincipalsMax = 5000;
/** Texts of resource and session policies that are kept compiled. */
export const compiledTextsMax = 10_000;
/** Characters of the texts of resource and session policies that are kept compiled. */
export const compiledTextsCharactersMax = 4_000_000;
