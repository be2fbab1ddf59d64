/** The scale of a mapping's pollers: AWS's figures, honoured bounds, and less of it for functions that fail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { MappingSettings } from './mapping-settings.ts';
import {
  concurrencyOf,
  firstScale,
  type Load,
  reduced,
  type Scale,
  scaled,
  type ScalingPlan,
  scalingPlan,
} from './scaling.ts';

const settings = (more: Partial<MappingSettings> = {}): MappingSettings => ({ BatchSize: 10, ...more });
const minuteMs = 60_000;

/** Looked at once in a second. */
function after(plan: ScalingPlan, from: Scale, load: Load, seconds: number): Scale {
  let scale = from;
  for (let second = 1; second <= seconds; second += 1)
    scale = scaled(plan, scale, load, from.atMs + second * 1_000);
  return scale;
}

test('a busy queue gets 5 invokes at first, 300 more in a minute, and 1,250 at most', () => {
  const plan = scalingPlan(settings());
  const first = firstScale(plan, 0);
  assert.equal(concurrencyOf(plan, first), 5);
  assert.equal(concurrencyOf(plan, after(plan, first, 'busy', 60)), 5);
  assert.equal(concurrencyOf(plan, after(plan, first, 'saturated', 60)), 305);
  assert.equal(concurrencyOf(plan, after(plan, first, 'saturated', 600)), 1_250);
  assert.equal(concurrencyOf(plan, after(plan, after(plan, first, 'saturated', 600), 'idle', 600)), 5);
});

test('a bound of the client is never passed', () => {
  const plan = scalingPlan(settings({ ScalingConfig: { MaximumConcurrency: 2 } }));
  const first = firstScale(plan, 0);
  assert.equal(concurrencyOf(plan, first), 2);
  assert.equal(concurrencyOf(plan, after(plan, first, 'saturated', 600)), 2);
});

test('provisioned pollers do ten invokes each, from the fewest to the most', () => {
  const plan = scalingPlan(settings({ ProvisionedPollerConfig: { MinimumPollers: 3, MaximumPollers: 20 } }));
  const first = firstScale(plan, 0);
  assert.equal(concurrencyOf(plan, first), 30);
  assert.equal(concurrencyOf(plan, after(plan, first, 'saturated', 6)), 130);
  assert.equal(concurrencyOf(plan, after(plan, first, 'saturated', 600)), 200);
});

test('failures bring it down to one, no faster than once in a second, and it comes back', () => {
  const plan = scalingPlan(settings());
  let scale = after(plan, firstScale(plan, 0), 'saturated', 60);
  const at = scale.atMs;
  scale = reduced(plan, scale, at);
  assert.equal(concurrencyOf(plan, scale), 228);
  assert.equal(concurrencyOf(plan, reduced(plan, scale, at + 500)), 228);
  for (let second = 1; second <= 60; second += 1) scale = reduced(plan, scale, at + second * 1_000);
  assert.equal(concurrencyOf(plan, scale), 1);
  assert.equal(concurrencyOf(plan, after(plan, scale, 'busy', 1)), 5);
});

test('whatever happens, it lies between one and the most', () => {
  const step = fc.tuple(
    fc.constantFrom<Load | 'failed'>('saturated', 'busy', 'idle', 'failed'),
    fc.integer({ min: -5, max: minuteMs }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 1_000 }), fc.array(step), (MaximumConcurrency, steps) => {
      const plan = scalingPlan(settings({ ScalingConfig: { MaximumConcurrency } }));
      let scale = firstScale(plan, 0);
      let nowMs = 0;
      for (const [load, ms] of steps) {
        nowMs += ms;
        scale = load === 'failed' ? reduced(plan, scale, nowMs) : scaled(plan, scale, load, nowMs);
        const concurrency = concurrencyOf(plan, scale);
        assert.ok(concurrency >= 1 && concurrency <= MaximumConcurrency);
      }
    }),
  );
});
