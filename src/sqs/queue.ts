/** A queue: what is stored of it, its name, ARN and address, and its settings as numbers. */
import type { RedriveAllowance, RedrivePolicy } from './redrive.ts';

export interface QueueRecord {
  /** Never used again: a queue of the same name that comes later has another. */
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
  readonly modifiedMs: number;
  /** What was set, as it was set; defaults are left out. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

export interface QueueSettings {
  readonly fifo: boolean;
  readonly delayMs: number;
  readonly messageBytesMax: number;
  readonly retentionMs: number;
  readonly waitMs: number;
  readonly visibilityTimeoutMs: number;
  readonly contentBasedDeduplication: boolean;
  readonly deduplicationScope: 'queue' | 'messageGroup';
  readonly policy: string | undefined;
  readonly redrive: RedrivePolicy | undefined;
  readonly redriveAllowance: RedriveAllowance;
}

export interface Queue {
  readonly record: QueueRecord;
  readonly settings: QueueSettings;
  readonly arn: string;
  /** Its name in the store. */
  readonly stored: string;
}

export interface Place {
  readonly accountId: string;
  readonly region: string;
}

const standardName = /^[A-Za-z0-9_-]{1,80}$/;
export const fifoSuffix = '.fifo';

export function isQueueName(name: string, fifo: boolean): boolean {
  if (!fifo) return standardName.test(name);
  return (
    name.endsWith(fifoSuffix) && name.length <= 80 && standardName.test(name.slice(0, -fifoSuffix.length))
  );
}

export const queueArn = ({ accountId, region }: Place, name: string): string =>
  `arn:aws:sqs:${region}:${accountId}:${name}`;

/** The name in the ARN of a queue of this account and region. */
export function nameOfArn(arn: string, place: Place): string | undefined {
  const name = arn.split(':', 6)[5] ?? '';
  return arn === queueArn(place, name) && name !== '' ? name : undefined;
}

export const storedName = (id: string): string => `sqs/${id}`;

/** `/000000000000/name`, of an address or alone: only the path counts, as every name of this host leads here. */
export function nameOfUrl(url: string, place: Place): string | undefined {
  const path = /^(?:[a-z]+:\/\/[^/]*)?\/([^/]+)\/([^/?]+)\/?$/.exec(url);
  return path?.[1] === place.accountId ? path[2] : undefined;
}
