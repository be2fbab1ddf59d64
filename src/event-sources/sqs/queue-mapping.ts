/** What a mapping of a queue asks of its pollers. */
import type { BatchPlan } from '../batching.ts';
import { compileFilter, type RecordFilter } from '../filter/record-filter.ts';
import type { Limits } from '../limits.ts';
import type { MappingRecord } from '../mapping.ts';
import { eventFrameBytes } from './event-record.ts';

export function batchPlanOf({ settings }: MappingRecord, { batchBytesMax }: Limits): BatchPlan {
  return {
    recordsMax: settings.BatchSize,
    windowMs: (settings.MaximumBatchingWindowInSeconds ?? 0) * 1_000,
    bytesMax: batchBytesMax - eventFrameBytes,
  };
}

export function filterOf({ settings }: MappingRecord): RecordFilter {
  const patterns = (settings.FilterCriteria?.Filters ?? []).map(({ Pattern }) => Pattern);
  return compileFilter(patterns, 'body');
}

export const isFifo = ({ kind }: MappingRecord): boolean => kind === 'sqs-fifo';

export const reportsFailures = ({ settings }: MappingRecord): boolean =>
  settings.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false;
