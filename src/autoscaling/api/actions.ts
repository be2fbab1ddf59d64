/** PutScheduledAction, DeleteScheduledAction, DescribeScheduledActions. */
import { holdRecord, putRecord } from '#platform';
import type { Handlers, Input, Output, RequestContext } from '#wire';
import { actionsPerTargetMax } from '../limits.ts';
import type { Parts } from '../parts.ts';
import {
  actionArn,
  type ActionRecord,
  belowTarget,
  namedKey,
  targetKey,
  type TargetRecord,
} from '../records.ts';
import { parseSchedule } from '../schedule/schedule.ts';
import { isZone } from '../schedule/zone.ts';
import { missingTarget } from './answers.ts';
import { deleteNamed, pageOfNamed, scheduledActions } from './named.ts';
import { capacity, dimension, namespace, structure, targetOf, text, validation } from './request.ts';
import { tooMany } from './targets.ts';

export function actionHandlers(parts: Parts): Handlers {
  return {
    PutScheduledAction: (input, context) => putAction(parts, input, context),
    DeleteScheduledAction: (input, context) => deleteNamed(parts, scheduledActions, input, context),
    DescribeScheduledActions: async (input, context) => {
      const { items, nextToken } = await pageOfNamed<ActionRecord>(parts, scheduledActions, input, context);
      return { ScheduledActions: items.map(described), NextToken: nextToken };
    },
  };
}

async function putAction(parts: Parts, input: Input, context: RequestContext): Promise<Output> {
  const { store, clock, entropy } = parts;
  const target = targetOf(input, context);
  const name = text(input, 'ScheduledActionName') ?? '';
  const given = settingsOf(input);
  const key = namedKey('actions', target, target.resourceId, name);
  await store.change(async () => {
    const owner = await store.find<TargetRecord>(targetKey('targets', target, target.resourceId));
    if (!owner) throw missingTarget(target);
    const found = await store.find<ActionRecord>(key);
    if (!found) {
      const others = await store.below(belowTarget('actions', target, target.resourceId));
      if (others.length >= actionsPerTargetMax) throw tooMany('scheduled actions');
      if (given.schedule === undefined || !hasCapacity(given)) {
        throw validation(
          'A new scheduled action needs a Schedule and a ScalableTargetAction with MinCapacity or MaxCapacity',
        );
      }
    }
    const nowMs = clock.wallMs();
    const after: ActionRecord = {
      ...target,
      name,
      id: found?.value.id ?? entropy.uuid(),
      schedule: '',
      ...found?.value,
      ...given,
      createdMs: found?.value.createdMs ?? nowMs,
      // Of a schedule that is new what lies behind does not run.
      ranUntilMs: nowMs,
    };
    return { writes: [holdRecord(owner), putRecord(key, found, after)], result: undefined };
  });
  await parts.changed(target);
  return {};
}

type Settings = Partial<
  Pick<ActionRecord, 'schedule' | 'zone' | 'startMs' | 'endMs' | 'minCapacity' | 'maxCapacity'>
>;

function hasCapacity({ minCapacity, maxCapacity }: Settings): boolean {
  return minCapacity !== undefined || maxCapacity !== undefined;
}

function settingsOf(input: Input): Settings {
  const schedule = text(input, 'Schedule');
  if (schedule !== undefined && parseSchedule(schedule) === undefined) {
    throw validation(`Invalid schedule expression: ${schedule}`);
  }
  const zone = text(input, 'Timezone');
  if (zone !== undefined && !isZone(zone)) throw validation(`Invalid time zone: ${zone}`);
  const [start, end] = [input['StartTime'], input['EndTime']];
  const startMs = start instanceof Date ? start.getTime() : undefined;
  const endMs = end instanceof Date ? end.getTime() : undefined;
  if (startMs !== undefined && endMs !== undefined && startMs >= endMs) {
    throw validation('StartTime must be before EndTime');
  }
  const action = structure(input, 'ScalableTargetAction');
  if (action === undefined) return present({ schedule, zone, startMs, endMs });
  const [minCapacity, maxCapacity] = [capacity(action, 'MinCapacity'), capacity(action, 'MaxCapacity')];
  if (!hasCapacity(present({ minCapacity, maxCapacity }))) {
    throw validation('ScalableTargetAction must have MinCapacity or MaxCapacity');
  }
  if (minCapacity !== undefined && maxCapacity !== undefined && minCapacity > maxCapacity) {
    throw validation('Maximum capacity cannot be less than minimum capacity');
  }
  return present({ schedule, zone, startMs, endMs, minCapacity, maxCapacity });
}

function present(given: { readonly [Name in keyof Settings]: Settings[Name] | undefined }): Settings {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function described(action: ActionRecord): Output {
  return {
    ScheduledActionName: action.name,
    ScheduledActionARN: actionArn(action),
    ServiceNamespace: namespace,
    Schedule: action.schedule,
    Timezone: action.zone,
    ResourceId: action.resourceId,
    ScalableDimension: dimension,
    StartTime: action.startMs === undefined ? undefined : new Date(action.startMs),
    EndTime: action.endMs === undefined ? undefined : new Date(action.endMs),
    ScalableTargetAction: { MinCapacity: action.minCapacity, MaxCapacity: action.maxCapacity },
    CreationTime: new Date(action.createdMs),
  };
}
