/**
 * The shell of auto scaling: knows every target's plan, looks at the clock once a second and at use every five, and sets capacities.
 *
 *     stored ──load──▶ plans ──tick──▶ due actions: new bounds ─▶ capacity within them
 *                        ▲    └─────▶ policies: use ─▶ decision ─▶ capacity
 *                        └─ changed: an operation has written
 *
 * What was due while Lambkin was not running runs once at the start.
 */
import { type Cancel, type Clock, type Documents, type Entropy, putRecord } from '#platform';
import type { Handlers } from '#wire';
import { actionHandlers } from './api/actions.ts';
import { policyHandlers } from './api/policies.ts';
import { targetHandlers } from './api/targets.ts';
import type { Capacity, CapacityState, ScaledFunction } from './autoscaling.ts';
import { activitiesMax, failurePauseMs, sampleMs, tickMs } from './limits.ts';
import type { Parts } from './parts.ts';
import { clamp, Plan } from './plan.ts';
import {
  type ActionRecord,
  type ActivitiesRecord,
  type ActivityRecord,
  belowTarget,
  namedKey,
  type Place,
  type PolicyRecord,
  root,
  scaledFunction,
  targetKey,
  type TargetRecord,
} from './records.ts';
import { Store } from './store.ts';

export interface AutoscalingOptions {
  readonly documents: Documents;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly capacity: Capacity;
  readonly exists: (target: ScaledFunction) => Promise<boolean>;
  /** Told of what went wrong in the background. */
  readonly onTrouble: (message: string, error: unknown) => void;
}

export interface Autoscaling {
  readonly handlers: Handlers;
  /** Takes up what is stored. To be awaited before `handlers` are served. */
  start(): Promise<void>;
  /** Ends; resolves when nothing is under way. */
  close(): Promise<void>;
}

type TargetName = Place & { readonly resourceId: string };

const none: CapacityState = { requested: 0, available: 0, busy: 0 };

export function createAutoscaling(options: AutoscalingOptions): Autoscaling {
  return new Service(options);
}

class Service implements Autoscaling {
  readonly handlers: Handlers;
  readonly #options: AutoscalingOptions;
  readonly #store: Store;
  readonly #plans = new Map<string, Plan>();
  /** When each target was looked at last, and until when it is left alone after a failure: monotonic ms. */
  readonly #sampledAtMs = new Map<string, number>();
  #cancel: Cancel | undefined;
  #working: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: AutoscalingOptions) {
    this.#options = options;
    this.#store = new Store(options.documents);
    const { clock, entropy, exists } = options;
    const parts: Parts = {
      store: this.#store,
      clock,
      entropy,
      exists,
      changed: (target) => this.#load(target),
    };
    this.handlers = { ...targetHandlers(parts), ...actionHandlers(parts), ...policyHandlers(parts) };
  }

  async start(): Promise<void> {
    for (const { value } of await this.#store.below<TargetRecord>(root('targets'))) await this.#load(value);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#working;
  }

  async #load(name: TargetName): Promise<void> {
    const { resourceId } = name;
    const key = targetKey('targets', name, resourceId);
    const [target, actions, policies] = await Promise.all([
      this.#store.find<TargetRecord>(key),
      this.#store.below<ActionRecord>(belowTarget('actions', name, resourceId)),
      this.#store.below<PolicyRecord>(belowTarget('policies', name, resourceId)),
    ]);
    if (target === undefined) {
      this.#plans.delete(key);
      this.#sampledAtMs.delete(key);
      return;
    }
    const records = {
      target: target.value,
      actions: actions.map(({ value }) => value),
      policies: policies.map(({ value }) => value),
    };
    this.#plans.set(key, new Plan(records, this.#plans.get(key)));
    this.#arm();
  }

  /** One timer, only while there is something to look after, and never two looks at once. */
  #arm(): void {
    if (this.#isClosed || this.#cancel !== undefined || this.#plans.size === 0) return;
    this.#cancel = this.#options.clock.after(tickMs, () => {
      this.#working = this.#tick().finally(() => {
        this.#cancel = undefined;
        this.#working = undefined;
        this.#arm();
      });
    });
  }

  async #tick(): Promise<void> {
    for (const [key, plan] of this.#plans) {
      if (this.#isClosed) return;
      try {
        await this.#look(key, plan);
      } catch (error) {
        this.#pause(key);
        this.#options.onTrouble(`auto scaling of ${plan.target.resourceId} failed`, error);
      }
    }
  }

  async #look(key: string, plan: Plan): Promise<void> {
    const { clock, capacity } = this.#options;
    for (const action of plan.due(clock.wallMs())) await this.#run(plan.target, action);
    const current = this.#plans.get(key);
    const nowMs = clock.monotonicMs();
    if (current === undefined || !current.isBounded) return;
    if (nowMs < (this.#sampledAtMs.get(key) ?? -Infinity) + sampleMs) return;
    this.#sampledAtMs.set(key, nowMs);
    const scaled = scaledFunction(current.target, current.target.resourceId);
    if (scaled === undefined) return;
    const state = (await capacity.read(scaled)) ?? none;
    const bounded = clamp(state.requested, current.target);
    if (bounded !== state.requested) {
      const bound = bounded > state.requested ? 'minimum' : 'maximum';
      return this.#set(current.target, bounded, `${bound} capacity was set to ${bounded}`);
    }
    if (!current.hasPolicies) return;
    const decision = current.observe(state, nowMs);
    if (decision === undefined) return;
    const { policy, use } = decision;
    await this.#set(
      current.target,
      decision.capacity,
      `policy ${policy.name}: the utilization was ${use.toFixed(2)}, the target is ${policy.target}`,
    );
  }

  /** Sets the bounds that a scheduled action gives, and brings the capacity within them. */
  async #run({ resourceId, ...place }: TargetRecord, action: ActionRecord): Promise<void> {
    const { clock, capacity } = this.#options;
    const after = await this.#store.change(async () => {
      const target = await this.#store.find<TargetRecord>(targetKey('targets', place, resourceId));
      const found = await this.#store.find<ActionRecord>(namedKey('actions', place, resourceId, action.name));
      if (!target || !found) return { writes: [], result: undefined };
      const ran = putRecord(found.key, found, { ...found.value, ranUntilMs: clock.wallMs() });
      if (target.value.isScheduleSuspended) return { writes: [ran], result: undefined };
      const { minCapacity = target.value.minCapacity, maxCapacity = target.value.maxCapacity } = found.value;
      // One bound alone takes the other along.
      const bounds =
        found.value.maxCapacity === undefined
          ? { minCapacity, maxCapacity: Math.max(minCapacity, maxCapacity) }
          : { minCapacity: Math.min(minCapacity, maxCapacity), maxCapacity };
      const bounded = { ...target.value, ...bounds };
      return { writes: [ran, putRecord(target.key, target, bounded)], result: bounded };
    });
    await this.#load({ ...place, resourceId });
    const scaled = scaledFunction(place, resourceId);
    if (after === undefined || scaled === undefined) return;
    const { requested } = (await capacity.read(scaled)) ?? none;
    const wanted = clamp(requested, after);
    if (wanted !== requested) await this.#set(after, wanted, `scheduled action ${action.name} was triggered`);
  }

  async #set(target: TargetRecord, wanted: number, cause: string): Promise<void> {
    const { clock, entropy, capacity } = this.#options;
    const { resourceId } = target;
    const scaled = scaledFunction(target, resourceId);
    if (scaled === undefined) return;
    const startMs = clock.wallMs();
    let statusCode: ActivityRecord['statusCode'] = 'Successful';
    let statusMessage = `Successfully set provisioned concurrency to ${wanted}. Change successfully fulfilled by lambda.`;
    try {
      await capacity.set(scaled, wanted);
    } catch (error) {
      statusCode = 'Failed';
      const reason = error instanceof Error ? error.message : String(error);
      statusMessage = `Failed to set provisioned concurrency to ${wanted}. Reason: ${reason}`;
      this.#pause(targetKey('targets', target, resourceId));
    }
    await this.#remember(target, {
      id: entropy.uuid(),
      description: `Setting provisioned concurrency to ${wanted}.`,
      cause,
      startMs,
      endMs: clock.wallMs(),
      statusCode,
      statusMessage,
    });
  }

  async #remember(target: TargetRecord, activity: ActivityRecord): Promise<void> {
    const { accountId, region, resourceId } = target;
    const key = targetKey('activities', target, resourceId);
    await this.#store.change(async () => {
      const found = await this.#store.find<ActivitiesRecord>(key);
      const activities = [activity, ...(found?.value.activities ?? [])].slice(0, activitiesMax);
      const after: ActivitiesRecord = { accountId, region, resourceId, activities };
      return { writes: [putRecord(key, found, after)], result: undefined };
    });
  }

  #pause(key: string): void {
    this.#sampledAtMs.set(key, this.#options.clock.monotonicMs() + failurePauseMs - sampleMs);
  }
}
