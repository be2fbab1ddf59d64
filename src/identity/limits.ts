/** The bounds of identity. */

/** How long a role's credentials live. */
export const roleCredentialsSecondsDefault = 6 * 3600;
export const roleCredentialsSecondsMax = 12 * 3600;

/** Opened session tokens kept; further ones are opened anew when they come again. */
export const openedTokensMax = 10_000;

/** A longer session token is not one of ours. */
export const sessionTokenCharactersMax = 2048;
