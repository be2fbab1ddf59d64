/** What the operations of auto scaling work with. */
import type { Clock, Entropy } from '#platform';
import type { ScaledFunction } from './autoscaling.ts';
import type { Place } from './records.ts';
import type { Store } from './store.ts';

export interface Parts {
  readonly store: Store;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Whether the function has such a version or alias. */
  readonly exists: (target: ScaledFunction) => Promise<boolean>;
  /** Something of the target has changed: resolves when scaling goes by it. */
  readonly changed: (target: Place & { readonly resourceId: string }) => Promise<void>;
}
