/** A version of a managed runtime, in the forms of AWS. Lambkin's runtimes are told apart by their identifier alone: each has one version. */
import { createHash } from 'node:crypto';
import type { VersionRecord } from './records.ts';

export function runtimeVersionArn({
  region,
  configuration,
}: Pick<VersionRecord, 'region' | 'configuration'>): string {
  const digest = createHash('sha256').update(configuration.runtime).digest('hex');
  return `arn:aws:lambda:${region}::runtime:${digest}`;
}

/** As logs name it: `nodejs:24.v1` of nodejs24.x, `python:3.12.v1`, `provided:al2023.v1`. */
export function runtimeVersionName(runtime: string): string {
  const [, name, release] = /^([a-z]+)(?:\.|(?=\d))(.+?)(?:\.x)?$/.exec(runtime) ?? [];
  return name === undefined || release === undefined ? runtime : `${name}:${release}.v1`;
}
