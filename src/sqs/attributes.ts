/** The attributes of queues: which there are, what they may be, what they are when nobody set them. */
import { parsePolicy } from '#identity';
import { WireError } from '#wire';
import { invalidAttribute, unknownAttribute } from './faults.ts';
import { delaySecondsMax, messageBytesMax, visibilitySecondsMax, waitSecondsMax } from './limits.ts';
import type { QueueSettings } from './queue.ts';
import { parseRedriveAllowance, parseRedrivePolicy } from './redrive.ts';

interface Attribute {
  /** Of standard queues, where there is one. */
  readonly initial?: string;
  readonly fifoOnly?: true;
  /** Whether an empty value takes it away. */
  readonly removable?: true;
  /** Throws where the value is none. */
  readonly check: (name: string, value: string) => void;
}

const number = (min: number, max: number, initial?: number): Attribute => ({
  check(name, value) {
    const given = Number(value);
    if (!/^\d{1,9}$/.test(value) || given < min || given > max) throw invalidAttribute(name);
  },
  ...(initial === undefined ? {} : { initial: String(initial) }),
});

const oneOf = (...values: readonly string[]): Pick<Attribute, 'check'> => ({
  check(name, value) {
    if (!values.includes(value)) throw invalidAttribute(name);
  },
});

const settable: Readonly<Record<string, Attribute>> = {
  DelaySeconds: number(0, delaySecondsMax, 0),
  MaximumMessageSize: number(1024, messageBytesMax, messageBytesMax),
  MessageRetentionPeriod: number(60, 1_209_600, 345_600),
  ReceiveMessageWaitTimeSeconds: number(0, waitSecondsMax, 0),
  VisibilityTimeout: number(0, visibilitySecondsMax, 30),
  Policy: {
    removable: true,
    check(name, value) {
      if (parsePolicy(value, 'resource').kind === 'invalid') throw invalidAttribute(name);
    },
  },
  RedrivePolicy: { removable: true, check: (_name, value) => void parseRedrivePolicy(value) },
  RedriveAllowPolicy: { removable: true, check: (_name, value) => void parseRedriveAllowance(value) },
  KmsMasterKeyId: {
    removable: true,
    check(name, value) {
      if (value.length > 2048) throw invalidAttribute(name);
    },
  },
  KmsDataKeyReusePeriodSeconds: number(60, 86_400),
  SqsManagedSseEnabled: { initial: 'true', ...oneOf('true', 'false') },
  FifoQueue: { fifoOnly: true, ...oneOf('true', 'false') },
  ContentBasedDeduplication: { initial: 'false', fifoOnly: true, ...oneOf('true', 'false') },
  DeduplicationScope: { initial: 'queue', fifoOnly: true, ...oneOf('queue', 'messageGroup') },
  FifoThroughputLimit: { initial: 'perQueue', fifoOnly: true, ...oneOf('perQueue', 'perMessageGroupId') },
};

/** Those that nobody sets. */
const observed: ReadonlySet<string> = new Set([
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'QueueArn',
]);

type Attributes = Readonly<Record<string, string>>;

export const isAttributeName = (name: string): boolean => Object.hasOwn(settable, name) || observed.has(name);

/** The attributes after a change. Throws InvalidAttributeName or InvalidAttributeValue. */
export function changedAttributes(before: Attributes, change: Attributes, fifo: boolean): Attributes {
  const after: Record<string, string> = { ...before };
  for (const [name, value] of Object.entries(change)) {
    const attribute = Object.hasOwn(settable, name) ? settable[name] : undefined;
    if (attribute === undefined || (attribute.fifoOnly === true && !fifo)) throw unknownAttribute(name);
    if (value === '' && attribute.removable === true) delete after[name];
    else {
      attribute.check(name, value);
      after[name] = value;
    }
  }
  checkTogether(after, change);
  return after;
}

function checkTogether(after: Record<string, string>, change: Attributes): void {
  if (change['KmsMasterKeyId'] && change['SqsManagedSseEnabled'] === 'true') {
    throw new WireError(
      'InvalidAttributeName',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
  }
  if (change['KmsMasterKeyId']) after['SqsManagedSseEnabled'] = 'false';
  else if (change['SqsManagedSseEnabled'] === 'true') delete after['KmsMasterKeyId'];
  if (
    after['FifoThroughputLimit'] === 'perMessageGroupId' &&
    after['DeduplicationScope'] !== 'messageGroup'
  ) {
    throw invalidAttribute(
      'FifoThroughputLimit',
      'The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.',
    );
  }
}

/** What was set, and what holds where nothing was. */
export function effectiveAttributes(attributes: Attributes, fifo: boolean): Attributes {
  const all: Record<string, string> = {};
  for (const [name, { initial, fifoOnly }] of Object.entries(settable)) {
    const value = attributes[name] ?? (fifoOnly === true && !fifo ? undefined : initial);
    if (value !== undefined) all[name] = value;
  }
  if (all['KmsMasterKeyId'] !== undefined) all['KmsDataKeyReusePeriodSeconds'] ??= '300';
  return all;
}

export function settingsOf(attributes: Attributes): QueueSettings {
  const fifo = attributes['FifoQueue'] === 'true';
  const all = effectiveAttributes(attributes, fifo);
  const ms = (name: string): number => Number(all[name]) * 1000;
  const redrive = all['RedrivePolicy'];
  const allowance = all['RedriveAllowPolicy'];
  return {
    fifo,
    delayMs: ms('DelaySeconds'),
    messageBytesMax: Number(all['MaximumMessageSize']),
    retentionMs: ms('MessageRetentionPeriod'),
    waitMs: ms('ReceiveMessageWaitTimeSeconds'),
    visibilityTimeoutMs: ms('VisibilityTimeout'),
    contentBasedDeduplication: all['ContentBasedDeduplication'] === 'true',
    deduplicationScope: all['DeduplicationScope'] === 'messageGroup' ? 'messageGroup' : 'queue',
    policy: all['Policy'],
    redrive: redrive === undefined ? undefined : parseRedrivePolicy(redrive),
    redriveAllowance: allowance === undefined ? { kind: 'all' } : parseRedriveAllowance(allowance),
  };
}
