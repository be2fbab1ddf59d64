/** RegisterScalableTarget, DeregisterScalableTarget, DescribeScalableTargets, and the tags of targets. */
import { putRecord, removeRecord, type Stored } from '#platform';
import { type Handlers, type Input, type Output, type RequestContext, WireError } from '#wire';
import type { Parts } from '../parts.ts';
import { tagsMax, targetsMax } from '../limits.ts';
import {
  belowTarget,
  type Place,
  placePrefix,
  scaledFunction,
  serviceRoleArn,
  targetArn,
  targetKey,
  type TargetRecord,
} from '../records.ts';
import {
  capacity,
  dimension,
  flag,
  namespace,
  pageOf,
  placeOf,
  requireLambda,
  structure,
  targetOf,
  text,
  texts,
  validation,
} from './request.ts';
import { missingTarget } from './answers.ts';

export function targetHandlers(parts: Parts): Handlers {
  const { store } = parts;
  return {
    RegisterScalableTarget: (input, context) => register(parts, input, context),
    DeregisterScalableTarget: async (input, context) => {
      const name = targetOf(input, context);
      const [actions, policies, activities] = await Promise.all([
        store.below(belowTarget('actions', name, name.resourceId)),
        store.below(belowTarget('policies', name, name.resourceId)),
        store.find(targetKey('activities', name, name.resourceId)),
      ]);
      await store.change(async () => {
        const found = await store.find<TargetRecord>(targetKey('targets', name, name.resourceId));
        if (!found) throw missingTarget(name);
        return { writes: [removeRecord(found)], result: undefined };
      });
      // What hangs on it may go after it: nothing runs for a target that is not there.
      await store.removeAll([...actions, ...policies, ...(activities ? [activities] : [])]);
      await parts.changed(name);
      return {};
    },
    DescribeScalableTargets: async (input, context) => {
      requireLambda(input);
      const wanted = texts(input, 'ResourceIds');
      const { items, nextToken } = await pageOf<TargetRecord>(
        store,
        placePrefix('targets', placeOf(context)),
        input,
        ({ resourceId }) => wanted === undefined || wanted.length === 0 || wanted.includes(resourceId),
      );
      return { ScalableTargets: items.map(described), NextToken: nextToken };
    },
    ListTagsForResource: async (input, context) => ({
      Tags: (await byArn(parts, input, context)).value.tags,
    }),
    TagResource: (input, context) =>
      changeTags(parts, input, context, (tags) => ({ ...tags, ...tagsIn(input) })),
    UntagResource: (input, context) => {
      const keys = texts(input, 'TagKeys') ?? [];
      return changeTags(parts, input, context, (tags) =>
        Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key))),
      );
    },
  };
}

async function register(parts: Parts, input: Input, context: RequestContext): Promise<Output> {
  const { store, clock, entropy } = parts;
  const name = targetOf(input, context);
  const suspended = structure(input, 'SuspendedState');
  const [min, max] = [capacity(input, 'MinCapacity'), capacity(input, 'MaxCapacity')];
  const key = targetKey('targets', name, name.resourceId);
  const scaled = scaledFunction(name, name.resourceId);
  if (scaled === undefined || !(await parts.exists(scaled))) {
    throw validation(`Lambda function version or alias does not exist: ${name.resourceId}`);
  }
  const record = await store.change(async () => {
    const found = await store.find<TargetRecord>(key);
    const before = found?.value;
    const minCapacity = min ?? before?.minCapacity;
    const maxCapacity = max ?? before?.maxCapacity;
    if (minCapacity === undefined || maxCapacity === undefined) {
      throw validation('Both MinCapacity and MaxCapacity are required to register a new scalable target');
    }
    if (minCapacity > maxCapacity) throw validation('Maximum capacity cannot be less than minimum capacity');
    if (before !== undefined && structure(input, 'Tags') !== undefined) {
      throw validation('Tags are for new scalable targets only: use TagResource for one that is registered');
    }
    if (before === undefined) {
      const { items } = await store.page(placePrefix('targets', name), undefined, 1_000);
      if (items.length >= targetsMax) throw tooMany('scalable targets');
    }
    const after: TargetRecord = {
      ...name,
      id: before?.id ?? entropy.uuid().replaceAll('-', ''),
      minCapacity,
      maxCapacity,
      isInSuspended:
        (suspended && flag(suspended, 'DynamicScalingInSuspended')) ?? before?.isInSuspended ?? false,
      isOutSuspended:
        (suspended && flag(suspended, 'DynamicScalingOutSuspended')) ?? before?.isOutSuspended ?? false,
      isScheduleSuspended:
        (suspended && flag(suspended, 'ScheduledScalingSuspended')) ?? before?.isScheduleSuspended ?? false,
      tags: before?.tags ?? limited(tagsIn(input)),
      createdMs: before?.createdMs ?? clock.wallMs(),
    };
    return { writes: [putRecord(key, found, after)], result: after };
  });
  await parts.changed(name);
  return { ScalableTargetARN: targetArn(record) };
}

export function tooMany(what: string): WireError {
  return new WireError('LimitExceededException', `The maximum number of ${what} is reached.`);
}

async function byArn({ store }: Parts, input: Input, context: RequestContext): Promise<Stored<TargetRecord>> {
  const arn = text(input, 'ResourceARN') ?? '';
  const place: Place = placeOf(context);
  const all = await store.below<TargetRecord>(placePrefix('targets', place));
  const found = all.find(({ value }) => targetArn(value) === arn);
  if (!found) throw new WireError('ResourceNotFoundException', `No scalable target found for ARN: ${arn}`);
  return found;
}

async function changeTags(
  parts: Parts,
  input: Input,
  context: RequestContext,
  change: (tags: TargetRecord['tags']) => TargetRecord['tags'],
): Promise<Output> {
  await parts.store.change(async () => {
    const found = await byArn(parts, input, context);
    const tags = limited(change(found.value.tags));
    return { writes: [putRecord(found.key, found, { ...found.value, tags })], result: undefined };
  });
  return {};
}

function limited(tags: TargetRecord['tags']): TargetRecord['tags'] {
  if (Object.keys(tags).length <= tagsMax) return tags;
  throw new WireError('TooManyTagsException', `A scalable target can have at most ${tagsMax} tags`);
}

function tagsIn(input: Input): TargetRecord['tags'] {
  return (structure(input, 'Tags') ?? {}) as TargetRecord['tags'];
}

function described(target: TargetRecord): Output {
  return {
    ServiceNamespace: namespace,
    ResourceId: target.resourceId,
    ScalableDimension: dimension,
    MinCapacity: target.minCapacity,
    MaxCapacity: target.maxCapacity,
    RoleARN: serviceRoleArn(target.accountId),
    CreationTime: new Date(target.createdMs),
    SuspendedState: {
      DynamicScalingInSuspended: target.isInSuspended,
      DynamicScalingOutSuspended: target.isOutSuspended,
      ScheduledScalingSuspended: target.isScheduleSuspended,
    },
    ScalableTargetARN: targetArn(target),
  };
}
