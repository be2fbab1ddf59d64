/**
 * The records of a partition's journal: JSON, one object each, `v` the version of the format.
 *
 * Times are durations, never instants: a reader counts a lease from when it read the record, by its own monotonic clock, so that clocks of two
 * hosts need not agree.
 */

export interface EnvironmentRecord {
  readonly id: string;
  readonly workerId: string;
  /** Of the version, qualified with it. */
  readonly functionArn: string;
  readonly generation: string;
  readonly memoryMb: number;
  readonly leaseMs: number;
  /** It is kept ready. Left out: it is not. */
  readonly isProvisioned?: true;
}

export interface Leadership {
  /** Increases with every claim. */
  readonly term: number;
  readonly holder: string;
  readonly leaseMs: number;
}

export type JournalEntry =
  /** `holder` leads from here on. */
  | { readonly kind: 'led'; readonly leadership: Leadership }
  | { readonly kind: 'created'; readonly environment: EnvironmentRecord }
  | { readonly kind: 'removed'; readonly id: string }
  /** The leases of the leader and of every environment of the partition begin anew. */
  | { readonly kind: 'renewed'; readonly term: number }
  /** Everything before this record may be forgotten. */
  | {
      readonly kind: 'snapshot';
      readonly leadership: Leadership;
      readonly environments: readonly EnvironmentRecord[];
    };

const formatVersion = 1;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function encodeEntry(entry: JournalEntry): Uint8Array {
  return encoder.encode(JSON.stringify({ v: formatVersion, ...entry }));
}

/** Throws an Error that says what is wrong with the record: a partition whose journal cannot be read must not be led. */
export function decodeEntry(body: Uint8Array): JournalEntry {
  const value: unknown = JSON.parse(decoder.decode(body));
  if (!isObject(value)) throw new Error('a journal record of assignment is no object');
  if (value['v'] !== formatVersion) {
    throw new Error(`a journal record of assignment has format ${String(value['v'])}, this release reads 1`);
  }
  switch (value['kind']) {
    case 'led':
      return { kind: 'led', leadership: leadershipOf(value['leadership']) };
    case 'created':
      return { kind: 'created', environment: environmentOf(value['environment']) };
    case 'removed':
      return { kind: 'removed', id: textOf(value, 'id') };
    case 'renewed':
      return { kind: 'renewed', term: countOf(value, 'term') };
    case 'snapshot': {
      const { environments } = value;
      if (!Array.isArray(environments)) throw new Error('a snapshot of assignment lists no environments');
      return {
        kind: 'snapshot',
        leadership: leadershipOf(value['leadership']),
        environments: environments.map(environmentOf),
      };
    }
    default:
      throw new Error(`a journal record of assignment has unknown kind ${JSON.stringify(value['kind'])}`);
  }
}

function leadershipOf(value: unknown): Leadership {
  if (!isObject(value)) throw new Error('a journal record of assignment says nothing of its leader');
  return {
    term: countOf(value, 'term'),
    holder: textOf(value, 'holder'),
    leaseMs: countOf(value, 'leaseMs'),
  };
}

function environmentOf(value: unknown): EnvironmentRecord {
  if (!isObject(value)) throw new Error('a journal record of assignment says nothing of its environment');
  return {
    id: textOf(value, 'id'),
    workerId: textOf(value, 'workerId'),
    functionArn: textOf(value, 'functionArn'),
    generation: textOf(value, 'generation'),
    memoryMb: countOf(value, 'memoryMb'),
    leaseMs: countOf(value, 'leaseMs'),
    ...(value['isProvisioned'] === true && { isProvisioned: true }),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: Readonly<Record<string, unknown>>, name: string): string {
  const text = value[name];
  if (typeof text !== 'string') throw new Error(`a journal record of assignment has no ${name}`);
  return text;
}

function countOf(value: Readonly<Record<string, unknown>>, name: string): number {
  const count = value[name];
  if (typeof count !== 'number' || !(count >= 0)) {
    throw new Error(`a journal record of assignment has no ${name}`);
  }
  return count;
}
