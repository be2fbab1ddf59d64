/** What is planned for one target: when which action runs next, and what its policies make of its use. No I/O. */
import type { CapacityState } from './autoscaling.ts';
import type { ActionRecord, PolicyRecord, TargetRecord } from './records.ts';
import { nextRun, parseSchedule } from './schedule/schedule.ts';
import { type Decision, Tracking } from './tracking.ts';

interface Tracked {
  readonly policy: PolicyRecord;
  readonly tracking: Tracking;
}

export interface PlanRecords {
  readonly target: TargetRecord;
  readonly actions: readonly ActionRecord[];
  readonly policies: readonly PolicyRecord[];
}

export interface PolicyDecision extends Decision {
  readonly policy: PolicyRecord;
}

export class Plan {
  readonly target: TargetRecord;
  readonly actions: readonly { readonly action: ActionRecord; readonly nextMs: number }[];
  readonly #tracked: readonly Tracked[];

  /** What policies have seen so far is kept where they have not changed. */
  constructor({ target, actions, policies }: PlanRecords, before?: Plan) {
    this.target = target;
    this.actions = actions.map((action) => ({ action, nextMs: nextOf(action) }));
    const seen = before === undefined ? [] : before.#tracked;
    this.#tracked = policies.map((policy) => {
      const known = seen.find((each) => JSON.stringify(each.policy) === JSON.stringify(policy));
      return known ?? { policy, tracking: new Tracking() };
    });
  }

  get hasPolicies(): boolean {
    return this.#tracked.length > 0;
  }

  /** Whether its capacity is kept within its bounds, whoever else changes it. */
  get isBounded(): boolean {
    return this.hasPolicies || this.actions.some(({ action }) => action.ranUntilMs > action.createdMs);
  }

  /** The actions whose time has come, in order. Epoch milliseconds. */
  due(nowMs: number): readonly ActionRecord[] {
    return this.actions
      .filter(({ nextMs }) => nextMs <= nowMs)
      .toSorted((a, b) => a.nextMs - b.nextMs)
      .map(({ action }) => action);
  }

  /** Has every policy see the use of this moment. One that wants more wins; less is only for all together. Monotonic ms. */
  observe({ requested, available, busy }: CapacityState, nowMs: number): PolicyDecision | undefined {
    const { minCapacity, maxCapacity, isInSuspended, isOutSuspended } = this.target;
    const decisions = this.#tracked.map(({ policy, tracking }): PolicyDecision | undefined => {
      tracking.observe(available === 0 ? undefined : busy / available, nowMs);
      const decision = tracking.decide(
        requested,
        {
          target: policy.target,
          minCapacity,
          maxCapacity,
          scaleOutCooldownMs: (policy.scaleOutCooldownSeconds ?? 0) * 1_000,
          scaleInCooldownMs: (policy.scaleInCooldownSeconds ?? 0) * 1_000,
          mayScaleOut: !isOutSuspended,
          mayScaleIn: !isInSuspended && policy.disableScaleIn !== true,
        },
        nowMs,
      );
      return decision && { ...decision, policy };
    });
    const made = decisions.filter((decision) => decision !== undefined);
    const outs = made.filter(({ direction }) => direction === 'out');
    if (outs.length > 0) return largest(outs);
    return made.length === this.#tracked.length ? largest(made) : undefined;
  }
}

export function clamp(capacity: number, { minCapacity, maxCapacity }: TargetRecord): number {
  return Math.min(maxCapacity, Math.max(minCapacity, capacity));
}

/** Infinity: never again. */
function nextOf({
  schedule: text,
  zone = 'UTC',
  startMs,
  endMs,
  createdMs,
  ranUntilMs,
}: ActionRecord): number {
  const schedule = parseSchedule(text);
  if (schedule === undefined) return Infinity;
  // What runs at a start time is after the moment before it.
  const afterMs = Math.max(ranUntilMs, (startMs ?? 0) - 1);
  const next = nextRun(schedule, afterMs, { zone, startMs: startMs ?? createdMs });
  return next === undefined || (endMs !== undefined && next > endMs) ? Infinity : next;
}

function largest(decisions: readonly PolicyDecision[]): PolicyDecision | undefined {
  return decisions.toSorted((a, b) => b.capacity - a.capacity)[0];
}
