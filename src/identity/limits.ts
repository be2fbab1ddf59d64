/** The bounds of identity. */

/** How long a role's credentials live. */
export const roleCredentialsSecondsDefault = 6 * 3600;
export const roleCredentialsSecondsMax = 12 * 3600;

/** Opened session tokens kept; further ones are opened anew when they come again. */
export const openedTokensMax = 10_000;

/** A longer session token is not one of ours. */
export const sessionTokenCharactersMax = 4096;

/** Characters of what a session token says, before it is packed: policies, tags and all. */
export const sessionCharactersMax = 16_384;

/** Documents of policies that are kept compiled. Further ones are compiled anew when they are asked for again. */
export const compiledDocumentsMax = 20_000;

/** Users and roles whose policies are kept together, ready to be asked about. */
export const gatheredPoliciesMax = 10_000;

/** Attempts of one change that meets others of the same user, role or policy. */
export const commitAttemptsMax = 20;

/** Access keys whose last use is remembered. */
export const keyUsesMax = 10_000;
