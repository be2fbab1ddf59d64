/**
 * Event source mappings as they are stored. A mapping's state is a function of its record and the time, so that a crash leaves none
 * in between: what a client asked for is under way for `transitionMs`, and done from then on.
 *
 *   create ─▶ Creating ─┐             ┌─▶ Enabling ──▶ Enabled
 *   update ─▶ Updating ─┼─▶ Enabled ──┤
 *                       └─▶ Disabled ─┴─▶ Disabling ─▶ Disabled      delete ─▶ Deleting ─▶ gone
 */
import type { FunctionName, Place } from '#metadata';
import { mappingTransitionMs } from './limits.ts';
import type { MappingSettings } from './mapping-settings.ts';

export type SourceKind =
  | 'sqs'
  | 'sqs-fifo'
  | 'kinesis'
  | 'dynamodb'
  | 'msk'
  | 'self-managed-kafka'
  | 'mq'
  | 'documentdb';

export type Transition = 'Creating' | 'Updating' | 'Enabling' | 'Disabling' | 'Deleting';

export interface MappingRecord {
  readonly accountId: string;
  readonly region: string;
  readonly uuid: string;
  readonly kind: SourceKind;
  /** None for a self-managed source. */
  readonly eventSourceArn?: string;
  readonly functionName: string;
  /** A version or alias, as the client gave it. */
  readonly qualifier?: string;
  readonly settings: MappingSettings;
  readonly enabled: boolean;
  /** What was last asked for, and when (epoch milliseconds). */
  readonly transition: Transition;
  readonly changedAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

export type MappingState = Transition | 'Enabled' | 'Disabled' | 'gone';

export function stateAt(record: MappingRecord, nowMs: number): MappingState {
  if (nowMs < settledAtMs(record)) return record.transition;
  if (record.transition === 'Deleting') return 'gone';
  return record.enabled ? 'Enabled' : 'Disabled';
}

/** When the state last changed, in epoch milliseconds. */
export function lastModifiedMs(record: MappingRecord, nowMs: number): number {
  const settledMs = settledAtMs(record);
  return nowMs < settledMs ? record.changedAtMs : settledMs;
}

const settledAtMs = ({ changedAtMs }: MappingRecord): number => changedAtMs + mappingTransitionMs;

export const functionOf = ({ accountId, region, functionName }: MappingRecord): FunctionName => ({
  accountId,
  region,
  functionName,
});

/** Records stand in Documents at `<prefix><uuid>`, written by the control plane alone. */
export const mappingsRoot = 'control-plane/event-source-mappings/';
export const mappingRecordsPrefix = ({ accountId, region }: Place): string =>
  `${mappingsRoot}records/${accountId}/${region}/`;
