/** The numbers of counting, in one place. */

/** Invokes at once in one account (AWS's default quota; settable). */
export const accountConcurrencyDefault = 1_000;

/** Invokes per second for each unit of concurrency, of the account or of a reservation (AWS's quota). */
export const invokesPerSecondPerConcurrency = 10;

/** New environments of one function at once, and the time in which that allowance fills up again (AWS's quota). */
export const environmentsBurstMax = 1_000;
export const environmentsRefillMs = 10_000;

/** What a throttled caller is told to wait at least. */
export const retryAfterSecondsMin = 1;

/** Functions of one account with something to remember: a reservation, slots in use, or an allowance not full again. */
export const functionsTrackedMax = 100_000;

/** How many remembered functions each new one looks at, to drop those that have become idle. */
export const functionsSweptPerNew = 2;
