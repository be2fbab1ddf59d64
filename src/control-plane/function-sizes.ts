/** How much a function may have: memory, time, temporary storage. */
import { constraintError, type Input } from '#wire';
import { ephemeralStorageMbMax, memoryMbMax, timeoutSecondsMax } from './limits.ts';
import { number, structure } from './request.ts';

export function memoryOf(input: Input): number | undefined {
  return atMost(number(input, 'MemorySize'), memoryMbMax, 'memorySize');
}

export function timeoutOf(input: Input): number | undefined {
  return atMost(number(input, 'Timeout'), timeoutSecondsMax, 'timeout');
}

/** Kept and shown; what a sandbox makes of it is its own matter (the process sandbox sets no limit). */
export function ephemeralStorageOf(input: Input): number | undefined {
  const storage = structure(input, 'EphemeralStorage');
  return storage && atMost(number(storage, 'Size'), ephemeralStorageMbMax, 'ephemeralStorage.size');
}

/** The constraints of the API are wider: they hold for functions of capacity providers too. */
function atMost(value: number | undefined, max: number, member: string): number | undefined {
  if (value === undefined || value <= max) return value;
  throw constraintError(member, value, `Member must have value less than or equal to ${max}`);
}
