/** Thousands of functions, one of them a nuisance. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsDefault } from './limits.ts';
import { type Outcome, type Plan, quantile, simulate, type Tenant } from './fixtures/simulation.ts';

const tenants: readonly Tenant[] = Array.from({ length: 2_000 }, (_, index) => ({
  name: `000000000000/tenant-${index}`,
  perSecond: 0.25,
  serviceMs: 30,
  fails: false,
}));
/** 100 times the load of another, and every attempt fails after three seconds. */
const noisy: Tenant = { name: '000000000000/noisy', perSecond: 25, serviceMs: 3_000, fails: true };
const plan: Plan = {
  seed: 1,
  tenants,
  arrivalsMs: 60_000,
  mode: 'shards',
  slots: 64,
  pollers: 2,
};

const delaysOfOthers = ({ delaysMs }: Outcome): readonly number[] =>
  [...delaysMs].flatMap(([name, delays]) => (name.includes('tenant') ? delays : []));
const p99 = (outcome: Outcome): number => quantile(delaysOfOthers(outcome), 0.99);
const worst = (outcome: Outcome): number => quantile(delaysOfOthers(outcome), 1);

test('a function with 100 times the load that always fails does not double the delay of the others', (t) => {
  const results = new Map<string, number>();
  for (const mode of ['shards', 'one-queue'] as const) {
    const alone = p99(simulate({ ...plan, mode }));
    const outcome = simulate({ ...plan, mode, tenants: [...tenants, noisy] });
    const beside = p99(outcome);
    results.set(mode, beside / alone);
    t.diagnostic(
      `${mode}: p99 of ${tenants.length} functions ${alone.toFixed(0)} ms alone, ${beside.toFixed(0)} ms beside the noisy one (x${(beside / alone).toFixed(1)})`,
    );
    assert.equal(outcome.ended, outcome.accepted, 'everything ends');
    if (mode === 'shards')
      assert.ok(
        outcome.layouts.some((layout) => layout.endsWith('+1')),
        'it is moved out',
      );
  }
  assert.ok((results.get('shards') ?? Infinity) <= 2, `x${results.get('shards')}`);
  assert.ok((results.get('one-queue') ?? 0) > 10, 'the experiment would show it');
});

test('it holds from the start, before anybody has noticed the noise', () => {
  const short = { ...plan, arrivalsMs: 8_000 };
  const alone = p99(simulate(short));
  const beside = p99(simulate({ ...short, tenants: [...tenants, noisy] }));
  assert.ok(beside <= 2 * alone, `${alone.toFixed(0)} ms alone, ${beside.toFixed(0)} ms beside`);
});

test('several nuisances at once, each in its own way', () => {
  const flood: Tenant = { name: '000000000000/flood', perSecond: 300, serviceMs: 100, fails: false };
  const slow: Tenant = { name: '000000000000/slow', perSecond: 5, serviceMs: 60_000, fails: true };
  const alone = p99(simulate(plan));
  const outcome = simulate({ ...plan, tenants: [...tenants, noisy, flood, slow] });
  const others = p99(outcome);
  assert.ok(others <= 2 * alone, `${alone.toFixed(0)} ms alone, ${others.toFixed(0)} ms beside three`);
});

test('when a poller dies, another takes its shards, and every event still ends', () => {
  for (const seed of [1, 2, 3]) {
    const outcome = simulate({
      ...plan,
      seed,
      arrivalsMs: 40_000,
      deathMs: 20_000,
      tenants: [...tenants, noisy],
    });
    assert.equal(outcome.ended, outcome.accepted);
    assert.ok(outcome.redelivered > 0, 'it had something in hand');
    assert.ok(outcome.redelivered <= plan.slots, 'and no more than its slots');
    // Lease, then visibility timeout: those that it had in hand wait for both, all others only for the lease.
    assert.ok(worst(outcome) < limitsDefault.leaseMs + limitsDefault.visibilityMs + 10_000);
  }
});

test('the same seed gives the same run', () => {
  const short = { ...plan, arrivalsMs: 5_000 };
  assert.deepEqual(simulate(short), simulate(short));
});
