/** Auto scaling over memory and a clock that stands still: what operations answer, and what becomes of capacity. */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { memoryDocuments } from '#engines/memory';
import { type Documents, FakeClock, seededEntropy } from '#platform';
import { type Input, type Output, WireError } from '#wire';
import { context } from '#wire/fixtures';
import type { CapacityState } from './autoscaling.ts';
import { autoscalingService, createAutoscaling } from './index.ts';

const ResourceId = 'function:hello:live';
const scaled = {
  ServiceNamespace: 'lambda',
  ResourceId,
  ScalableDimension: 'lambda:function:ProvisionedConcurrency',
};

class World {
  readonly clock: FakeClock;
  readonly documents: Documents;
  state: CapacityState = { requested: 0, available: 0, busy: 0 };
  refusal: string | undefined;
  readonly set: number[] = [];
  readonly troubles: string[] = [];
  readonly #autoscaling;
  readonly #service;

  constructor(documents: Documents = memoryDocuments(), clock = new FakeClock()) {
    this.documents = documents;
    this.clock = clock;
    this.#autoscaling = createAutoscaling({
      documents,
      clock,
      entropy: seededEntropy(1),
      exists: async ({ functionName }) => functionName === 'hello',
      capacity: {
        read: async () => (this.state.requested === 0 ? undefined : this.state),
        set: async (_target, capacity) => {
          if (this.refusal !== undefined) throw new Error(this.refusal);
          this.set.push(capacity);
          this.state = { ...this.state, requested: capacity, available: capacity };
        },
      },
      onTrouble: (message) => this.troubles.push(message),
    });
    this.#service = autoscalingService(
      this.#autoscaling,
      (error) => {
        throw error;
      },
      () => undefined,
    );
  }

  start(): Promise<void> {
    return this.#autoscaling.start();
  }

  close(): Promise<void> {
    return this.#autoscaling.close();
  }

  /** As it goes over the wire. */
  async call(operation: string, input: Input = {}): Promise<Output> {
    const routed = this.#service.route({
      method: 'POST',
      rawPath: '/',
      rawQuery: '',
      headers: { 'x-amz-target': `AnyScaleFrontendService.${operation}` },
    });
    assert.ok(routed.kind === 'operation', operation);
    const { statusCode, body } = await routed.call(Buffer.from(JSON.stringify(input)), context);
    const answer = JSON.parse(Buffer.from(body ?? []).toString()) as Output;
    if (statusCode === 200) return answer;
    throw new WireError(answer['__type'] as WireError['errorName'], String(answer['message']));
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      this.clock.advance(Math.min(1_000, ms - passed));
      for (let turn = 0; turn < 12; turn++) await setImmediate();
    }
  }

  register(MinCapacity: number, MaxCapacity: number, more: Input = {}): Promise<Output> {
    return this.call('RegisterScalableTarget', { ...scaled, MinCapacity, MaxCapacity, ...more });
  }

  act(ScheduledActionName: string, Schedule: string, more: Input): Promise<Output> {
    return this.call('PutScheduledAction', { ...scaled, ScheduledActionName, Schedule, ...more });
  }

  track(TargetValue: number, more: Input = {}): Promise<Output> {
    return this.call('PutScalingPolicy', {
      ...scaled,
      PolicyName: 'use',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue,
        PredefinedMetricSpecification: { PredefinedMetricType: 'LambdaProvisionedConcurrencyUtilization' },
        ...more,
      },
    });
  }
}

async function open(t: TestContext, ...given: ConstructorParameters<typeof World>): Promise<World> {
  const world = new World(...given);
  await world.start();
  t.after(() => world.close());
  return world;
}

const refuses = (work: Promise<unknown>, name: string, message: RegExp): Promise<void> =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof WireError, String(error));
    assert.equal(error.errorName, name, error.message);
    assert.match(error.message, message);
    return true;
  });

const of = (answer: Output, name: string): readonly Output[] => answer[name] as readonly Output[];

test('a target is registered, changed, listed, tagged and deregistered', async (t) => {
  const world = await open(t);
  const { ScalableTargetARN: arn } = await world.register(1, 10, { Tags: { team: 'blue' } });
  assert.match(
    String(arn),
    /^arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target\/[0-9a-f]{32}$/,
  );
  await world.call('RegisterScalableTarget', {
    ...scaled,
    MaxCapacity: 20,
    SuspendedState: { DynamicScalingInSuspended: true },
  });
  const [target = {}] = of(
    await world.call('DescribeScalableTargets', { ServiceNamespace: 'lambda', ResourceIds: [ResourceId] }),
    'ScalableTargets',
  );
  assert.deepEqual(
    [target['MinCapacity'], target['MaxCapacity'], target['ScalableTargetARN'], target['SuspendedState']],
    [
      1,
      20,
      arn,
      {
        DynamicScalingInSuspended: true,
        DynamicScalingOutSuspended: false,
        ScheduledScalingSuspended: false,
      },
    ],
  );
  await world.call('TagResource', { ResourceARN: arn, Tags: { a: 'b' } });
  await world.call('UntagResource', { ResourceARN: arn, TagKeys: ['team'] });
  assert.deepEqual(await world.call('ListTagsForResource', { ResourceARN: arn }), { Tags: { a: 'b' } });
  await world.act('morning', 'rate(1 hour)', { ScalableTargetAction: { MinCapacity: 5 } });
  await world.track(0.7);
  await world.call('DeregisterScalableTarget', scaled);
  for (const [operation, list] of [
    ['DescribeScalableTargets', 'ScalableTargets'],
    ['DescribeScheduledActions', 'ScheduledActions'],
    ['DescribeScalingPolicies', 'ScalingPolicies'],
  ] as const) {
    assert.deepEqual(of(await world.call(operation, { ServiceNamespace: 'lambda' }), list), []);
  }
  await refuses(
    world.call('DeregisterScalableTarget', scaled),
    'ObjectNotFoundException',
    /^No scalable target found for service namespace: lambda, resource ID: function:hello:live, scalable dimension: lambda:function:ProvisionedConcurrency$/,
  );
  await world.pass(10_000);
  assert.deepEqual(world.set, []);
});

test('what cannot be is refused', async (t) => {
  const world = await open(t);
  const invalid = 'ValidationException';
  await refuses(world.act('a', 'rate(1 hour)', {}), 'ObjectNotFoundException', /No scalable target/);
  await refuses(world.track(0.5), 'ObjectNotFoundException', /No scalable target/);
  await refuses(world.register(2, 1), invalid, /less than minimum/);
  await refuses(world.register(-1, 1), invalid, /MinCapacity/);
  await refuses(world.call('RegisterScalableTarget', { ...scaled, MinCapacity: 1 }), invalid, /required/);
  for (const other of [{ ServiceNamespace: 'ecs' }, { ScalableDimension: 'ecs:service:DesiredCount' }]) {
    await refuses(world.register(1, 2, other), invalid, /^Unsupported service namespace, resource type/);
  }
  await refuses(world.register(1, 2, { ServiceNamespace: 'moon' }), invalid, /enum value set/);
  for (const resource of ['function:hello', 'function:hello:$LATEST', 'table/hello', 'function:a/b:c']) {
    await refuses(world.register(1, 2, { ResourceId: resource }), invalid, /ResourceId/);
  }
  await refuses(world.register(1, 2, { ResourceId: 'function:nobody:live' }), invalid, /does not exist/);
  await world.register(1, 10);
  const capacity = { ScalableTargetAction: { MinCapacity: 1 } };
  await refuses(world.act('a', 'whenever', capacity), invalid, /Invalid schedule expression: whenever/);
  await refuses(world.act('a', 'rate(1 hour)', { ...capacity, Timezone: 'Mars' }), invalid, /Mars/);
  await refuses(world.act('a', 'rate(1 hour)', {}), invalid, /needs/);
  await refuses(world.act('a:b', 'rate(1 hour)', capacity), invalid, /scheduledActionName/);
  await refuses(world.act('a', 'rate(1 hour)', { ScalableTargetAction: {} }), invalid, /must have/);
  await refuses(world.track(0.05), invalid, /between 0\.1 and 0\.9/);
  await refuses(
    world.call('PutScalingPolicy', { ...scaled, PolicyName: 'steps', StepScalingPolicyConfiguration: {} }),
    invalid,
    /StepScaling yet/,
  );
  await refuses(world.track(0.5, { CustomizedMetricSpecification: {} }), invalid, /customized metrics/);
  await refuses(
    world.call('DescribeScalableTargets', { ServiceNamespace: 'lambda', NextToken: 'x' }),
    'InvalidNextTokenException',
    /invalid/,
  );
  await refuses(
    world.call('DeleteScheduledAction', { ...scaled, ScheduledActionName: 'none' }),
    'ObjectNotFoundException',
    /No scheduled action found for .*scheduled action name: none$/,
  );
  await refuses(
    world.call('DeleteScalingPolicy', { ...scaled, PolicyName: 'none' }),
    'ObjectNotFoundException',
    /No scaling policy found for .*policy name: none$/,
  );
});

test('a scheduled action sets the bounds, and capacity follows', async (t) => {
  const world = await open(t, memoryDocuments(), new FakeClock(Date.UTC(2026, 0, 1, 7, 59, 30)));
  await world.register(1, 10);
  await world.act('morning', 'cron(0 8 * * ? *)', {
    ScalableTargetAction: { MinCapacity: 20, MaxCapacity: 40 },
  });
  await world.act('evening', 'at(2026-01-01T08:01:00)', { ScalableTargetAction: { MaxCapacity: 4 } });
  await world.pass(28_000);
  assert.deepEqual(world.set, []);
  await world.pass(4_000);
  assert.deepEqual(world.set, [20]);
  await world.pass(62_000);
  assert.deepEqual(world.set, [20, 4]);
  const [target = {}] = of(
    await world.call('DescribeScalableTargets', { ServiceNamespace: 'lambda' }),
    'ScalableTargets',
  );
  assert.deepEqual([target['MinCapacity'], target['MaxCapacity']], [4, 4], 'one bound takes the other along');
  const activities = of(
    await world.call('DescribeScalingActivities', { ServiceNamespace: 'lambda', ResourceId }),
    'ScalingActivities',
  );
  assert.deepEqual(
    activities.map((each) => [each['Cause'], each['StatusCode']]),
    [
      ['scheduled action evening was triggered', 'Successful'],
      ['scheduled action morning was triggered', 'Successful'],
    ],
  );
  await world.pass(120_000);
  assert.deepEqual(world.set, [20, 4], 'once each');
});

test('what was due while nobody ran runs once at the start, and a suspended schedule not at all', async (t) => {
  const documents = memoryDocuments();
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const first = new World(documents, clock);
  await first.start();
  await first.register(1, 100);
  await first.act('often', 'rate(1 minute)', { ScalableTargetAction: { MinCapacity: 7 } });
  await first.close();
  clock.advance(600_000);
  const second = await open(t, documents, clock);
  await second.pass(2_000);
  assert.deepEqual(second.set, [7]);
  await second.call('RegisterScalableTarget', {
    ...scaled,
    MinCapacity: 1,
    SuspendedState: { ScheduledScalingSuspended: true },
  });
  second.state = { requested: 3, available: 3, busy: 0 };
  await second.pass(180_000);
  assert.deepEqual(second.set, [7]);
});

test('use above the target scales out, use below it slowly in, and the bounds hold', async (t) => {
  const world = await open(t);
  await world.register(2, 12);
  await world.pass(10_000);
  assert.deepEqual(world.set, [], 'nobody scales without a policy');
  await world.track(0.5);
  await world.pass(6_000);
  assert.deepEqual(world.set, [2], 'at least the minimum');
  world.state = { requested: 4, available: 4, busy: 4 };
  await world.pass(200_000);
  assert.equal(world.set.at(-1), 8);
  world.state = { requested: 8, available: 8, busy: 0 };
  await world.pass(20 * 60_000);
  assert.ok(
    world.set.slice(2).every((capacity, index) => capacity === 7 - index),
    String(world.set),
  );
  assert.ok(world.set.length > 3);
  world.state = { requested: 30, available: 30, busy: 30 };
  await world.pass(6_000);
  assert.equal(world.set.at(-1), 12, 'at most the maximum');
});

test('what cannot be set is a failed activity, and waits before it is tried again', async (t) => {
  const world = await open(t);
  await world.register(2, 12);
  await world.track(0.5);
  world.refusal = 'too much';
  await world.pass(50_000);
  const activities = of(
    await world.call('DescribeScalingActivities', { ServiceNamespace: 'lambda' }),
    'ScalingActivities',
  );
  assert.equal(activities.length, 1);
  assert.equal(activities[0]?.['StatusCode'], 'Failed');
  assert.match(String(activities[0]?.['StatusMessage']), /too much$/);
  world.refusal = undefined;
  await world.pass(15_000);
  assert.deepEqual(world.set, [2]);
  assert.deepEqual(world.troubles, []);
});
