/**
 * How many batches of a mapping may be in work at a time. Pure.
 *
 *     steady ──all are busy and more wait──▶ grows by so many in a minute, up to the plan's most
 *     above the first, and not all are busy ──▶ shrinks as fast, down to the first
 *     an invoke failed or was throttled ──▶ three quarters, once in a second, down to one; grows back as invokes succeed
 */
import {
  concurrencyAtFirst,
  concurrencyMax,
  concurrencyPerMinute,
  concurrencyPerPoller,
  provisionedPerMinute,
} from './limits.ts';
import type { MappingSettings } from './mapping-settings.ts';

export interface ScalingPlan {
  readonly first: number;
  readonly most: number;
  readonly perMinute: number;
}

export interface Scale {
  /** With a fraction; what counts is the whole part. */
  readonly level: number;
  /** Up to when `level` is right, in milliseconds of a monotonic clock. */
  readonly atMs: number;
  readonly reducedAtMs: number;
}

/** What was seen since the last look: `saturated` is that all were busy while more waited. */
export type Load = 'saturated' | 'busy' | 'idle';

const reductionMs = 1_000;
const reductionFactor = 0.75;

/** AWS's figures: pollers that scale by themselves, with a bound that the client sets, or provisioned ones. */
export function scalingPlan({
  ScalingConfig,
  ProvisionedPollerConfig: pollers,
}: MappingSettings): ScalingPlan {
  if (pollers) {
    return {
      first: pollers.MinimumPollers * concurrencyPerPoller,
      most: pollers.MaximumPollers * concurrencyPerPoller,
      perMinute: provisionedPerMinute,
    };
  }
  const most = ScalingConfig?.MaximumConcurrency ?? concurrencyMax;
  return { first: Math.min(concurrencyAtFirst, most), most, perMinute: concurrencyPerMinute };
}

export const firstScale = ({ first }: ScalingPlan, nowMs: number): Scale => ({
  level: first,
  atMs: nowMs,
  reducedAtMs: -Infinity,
});

export function scaled(plan: ScalingPlan, scale: Scale, load: Load, nowMs: number): Scale {
  const change = (plan.perMinute * Math.max(0, nowMs - scale.atMs)) / 60_000;
  const level = bounded(plan, scale.level);
  const at = { ...scale, atMs: nowMs };
  if (level < plan.first) {
    // Reduced: it comes back while work goes well, and also when there is none.
    return { ...at, level: Math.min(plan.first, level + change) };
  }
  if (load === 'saturated') return { ...at, level: bounded(plan, level + change) };
  if (load === 'busy') return { ...at, level };
  return { ...at, level: Math.max(plan.first, level - change) };
}

/** A function that failed, or was throttled: less is asked of it for a while. */
export function reduced(plan: ScalingPlan, scale: Scale, nowMs: number): Scale {
  if (nowMs - scale.reducedAtMs < reductionMs) return { ...scale, atMs: nowMs };
  const level = Math.max(1, bounded(plan, scale.level) * reductionFactor);
  return { level, atMs: nowMs, reducedAtMs: nowMs };
}

export const concurrencyOf = (plan: ScalingPlan, { level }: Scale): number =>
  Math.floor(bounded(plan, level));

const bounded = ({ most }: ScalingPlan, level: number): number => Math.min(most, Math.max(1, level));
