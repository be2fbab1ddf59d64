/** What the queue manager is told of functions: counted as events come and go, looked at and begun anew now and then. */
import { Lru } from '#lib/lru';
import { functionsCountedMax } from './limits.ts';
import type { Processed } from './processing.ts';
import type { FunctionSample } from './queue-manager.ts';

interface Counts {
  attempts: number;
  failures: number;
  queued: number;
}

export class Traffic {
  readonly #functions = new Lru<string, Counts>(functionsCountedMax);

  sent(functionKey: string): void {
    this.#of(functionKey).queued += 1;
  }

  processed(functionKey: string, { effect, outcome }: Processed): void {
    const counts = this.#of(functionKey);
    if (effect.kind === 'delete') counts.queued = Math.max(0, counts.queued - 1);
    if (outcome === 'none') return;
    counts.attempts += 1;
    if (outcome === 'failed' || outcome === 'refused') counts.failures += 1;
  }

  /** What was seen since the last time. */
  take(): readonly FunctionSample[] {
    const samples: FunctionSample[] = [];
    for (const [functionKey, counts] of this.#functions.entries()) {
      if (counts.attempts === 0 && counts.queued === 0) {
        this.#functions.delete(functionKey);
        continue;
      }
      samples.push({ functionKey, ...counts });
      counts.attempts = 0;
      counts.failures = 0;
    }
    return samples;
  }

  #of(functionKey: string): Counts {
    const known = this.#functions.get(functionKey);
    if (known !== undefined) return known;
    const counts: Counts = { attempts: 0, failures: 0, queued: 0 };
    this.#functions.set(functionKey, counts);
    return counts;
  }
}
