/**
 * Which partition something belongs to. A version by the hash of its ARN; an environment by its id, which begins with the
 * partition in two hex digits, so that worker events and leftovers find their partition without a table.
 */
import { hash32 } from '#lib/hash';
import { functionArn } from '#metadata';
import type { VersionRecord } from '#metadata';
import { partitionsCount } from './limits.ts';

const known = new WeakMap<VersionRecord, number>();

export function versionArn(version: VersionRecord): string {
  return functionArn(version, version.version);
}

/** Remembered per record, because it is on the warm path. */
export function partitionOfVersion(version: VersionRecord): number {
  let partition = known.get(version);
  if (partition === undefined) {
    partition = hash32(versionArn(version)) % partitionsCount;
    known.set(version, partition);
  }
  return partition;
}

/** Undefined for an id that assignment has not made. */
export function partitionOfEnvironment(environmentId: string): number | undefined {
  const partition = Number.parseInt(environmentId.slice(0, 2), 16);
  return partition >= 0 && partition < partitionsCount ? partition : undefined;
}

/** 32 hex digits: two for the partition, and 15 bytes of entropy. */
export function environmentIdOf(partition: number, entropy: Uint8Array): string {
  let id = hex(partition);
  for (const byte of entropy) id += hex(byte);
  return id;
}

export function journalName(partition: number): string {
  return `assignment/${hex(partition)}`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
