/** Mappings as clients see them. */
import { functionOf, lastModifiedMs, type MappingRecord, stateAt } from '#event-sources';
import { functionArn, type Place } from '#metadata';
import type { Output } from '#wire';
import { traitsOf } from './kinds.ts';

export const mappingArn = ({ accountId, region }: Place, uuid: string): string =>
  `arn:aws:lambda:${region}:${accountId}:event-source-mapping:${uuid}`;

/** `problem`: what keeps its pollers from their work. AWS shows that for every kind of source, and what went well not for SQS. */
export function mappingConfiguration(record: MappingRecord, nowMs: number, problem?: string): Output {
  const { StartingPositionTimestamp: fromMs, ...settings } = record.settings;
  const { transitionReason, showsLastResult } = traitsOf(record.kind);
  const state = stateAt(record, nowMs);
  return {
    UUID: record.uuid,
    EventSourceMappingArn: mappingArn(record, record.uuid),
    EventSourceArn: record.eventSourceArn,
    FunctionArn: functionArn(functionOf(record), record.qualifier),
    ...settings,
    StartingPositionTimestamp: fromMs === undefined ? undefined : new Date(fromMs),
    // It was there when it was looked up.
    State: state === 'gone' ? 'Deleting' : state,
    StateTransitionReason: transitionReason,
    LastModified: new Date(lastModifiedMs(record, nowMs)),
    LastProcessingResult:
      problem !== undefined ? `PROBLEM: ${problem}` : showsLastResult ? 'No records processed' : undefined,
  };
}
