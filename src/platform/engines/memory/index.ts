/** The memory engine: all four ports, durable for as long as the process lives. For the simulator and tests. */
import type { EngineLimits } from '../../limits.ts';
import type { Blobs } from '../../blobs.ts';
import type { Clock } from '../../clock.ts';
import type { Documents } from '../../documents.ts';
import type { Journal } from '../../journal.ts';
import type { Queue } from '../../queue.ts';
import type { Entropy } from '../../random.ts';
import { systemClock } from '../../system-clock.ts';
import { systemEntropy } from '../../system-random.ts';
import { MemoryBlobs } from './blobs.ts';
import { MemoryDocuments } from './documents.ts';
import { MemoryJournal } from './journal.ts';
import { MemoryQueue } from './queue.ts';

export function memoryDocuments(limits: Partial<EngineLimits> = {}): Documents {
  return new MemoryDocuments(limits);
}

export function memoryJournal(limits: Partial<EngineLimits> = {}): Journal {
  return new MemoryJournal(limits);
}

export function memoryQueue(
  options: {
    readonly clock?: Clock;
    readonly entropy?: Entropy;
    readonly limits?: Partial<EngineLimits>;
  } = {},
): Queue {
  const { clock = systemClock, entropy = systemEntropy, limits = {} } = options;
  return new MemoryQueue(clock, entropy, limits);
}

export function memoryBlobs(): Blobs {
  return new MemoryBlobs();
}
