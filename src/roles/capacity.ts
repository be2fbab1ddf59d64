/** What this host offers as a worker. */
import { totalmem } from 'node:os';

/** A configured megabyte is rarely used: process sandboxes share the host's memory, and only what is touched counts. */
const overcommitFactor = 4;
/** Environments on one host at once, whatever its memory. */
const environmentsMax = 1_000;

export function localCapacity(): { readonly memoryMb: number; readonly environmentsMax: number } {
  return { memoryMb: Math.floor((totalmem() / 2 ** 20) * overcommitFactor), environmentsMax };
}
