/** The numbers of the frontend, in one place. */

/** AWS's quota for a synchronous invoke: 6 MiB. */
export const requestBytesMax = 6 * 1024 * 1024;

/** Base64 characters of X-Amz-Client-Context (AWS's API reference). */
export const clientContextCharsMax = 3_583;

/** Invokes of one function in one chain, after which it is taken for a loop (AWS: about 16). */
export const loopInvokesMax = 16;

/** Functions that are told apart in a chain of invokes; what the trace header carries of them stays below 500 characters. */
export const lineageFunctionsMax = 32;

/**
 * Tries of one invoke with one generation of its version, each with another environment, while the payload has not been
 * handed to a runtime.
 */
export const attemptsMax = 4;

/**
 * How long an invoke starts anew for versions that are replaced before it could run; updates that follow each other faster
 * than environments start would otherwise keep it for ever.
 */
export const replacementsMs = 60_000;

/** How long an invoke waits for a version that is Pending. */
export const pendingWaitMs = 30_000;

/** Invokes that wait for pending versions at once; more are answered as if they had waited. */
export const pendingWaitersMax = 10_000;
