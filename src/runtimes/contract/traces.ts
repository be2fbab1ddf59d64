/** Trace ids of invokes one after the other, and what a function's process keeps of them. */
import { existsSync } from 'node:fs';
import type { RunningFunction } from './running-function.ts';

/** Of all kinds; one invoke has none. */
export const traceIds = [
  'Root=1-2',
  'Root=1-3;ü',
  'x'.repeat(5000),
  'Root=1-4',
  undefined,
  'Root=1-5',
] as const;

/** Why growth cannot be measured here. */
export const noProc = !existsSync('/proc/self/status') && 'there is no /proc here';

/**
 * How the memory of a process grows over 300 invokes with trace ids of 100 kB each, in KiB. Its handler answers its memory as `kib`, after
 * collecting its garbage where that waits; the event says whether it is asked to (`true`). The ids are that long so that 30 MB of them stand out.
 */
export async function memoryGrowthKib(run: RunningFunction): Promise<number> {
  let turn = 0;
  const kibAfter = async (invokes: number): Promise<number> => {
    for (const end = turn + invokes; turn < end; turn += 1)
      await run.host.invoke('false', { traceId: `Root=${turn};${'x'.repeat(100_000)}` });
    const { kib } = await run.parsed('true', { traceId: 'Root=1' });
    return Number(kib);
  };
  // The first ones make room for what an invoke takes.
  const before = await kibAfter(20);
  return (await kibAfter(300)) - before;
}
