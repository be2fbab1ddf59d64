/** The bounds of the signature check. Times in the unit that the name ends with. */

/** How far a request's time may be from ours, in either direction. */
export const clockSkewMs = 5 * 60_000;

/** How long a presigned request may be valid: one second to one week. */
export const presignedExpirySecondsMin = 1;
export const presignedExpirySecondsMax = 604_800;

/** Signing keys kept, one for each access key, day, region and service. */
export const signingKeysMax = 1024;

/** Parsed Authorization headers kept; only of requests that proved genuine, so strangers cannot push them out. */
export const authorizationsMax = 1024;
