/** The public face of counting: whether an invoke fits the account's, the function's reserved, and the scaling-rate limits. */
export type { Admission, Counting, Granted, SlotRequest, ThrottleReason } from './counting.ts';
export { createCounting } from './service.ts';
export type { CountingOptions } from './service.ts';
