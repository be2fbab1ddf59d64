/** What this host offers as a worker. */
import { totalmem } from 'node:os';

/** A configured megabyte is rarely used: process sandboxes share the host's memory, and only what is touched counts. */
const overcommitFactor = 4;
/** Environments on one host at once, whatever its memory. */
const environmentsMax = 1_000;

const poolSizeMin = 4;
const poolSizeMax = 16;

export function localCapacity(): { readonly memoryMb: number; readonly environmentsMax: number } {
  return { memoryMb: Math.floor((totalmem() / 2 ** 20) * overcommitFactor), environmentsMax };
}

/**
 * Runtime processes kept ready of one kind where nobody says how many: one per GiB of the host's memory, within reason. A waiting Node
 * process has about 9 MB to itself.
 */
export function defaultPoolSize(): number {
  return Math.min(poolSizeMax, Math.max(poolSizeMin, Math.floor(totalmem() / 2 ** 30)));
}
