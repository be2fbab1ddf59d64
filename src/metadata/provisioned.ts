/**
 * How many environments are to be kept ready of which version: what is asked for by versions and aliases, brought down to the versions
 * that would run. Pure.
 *
 *     version 3 asks for 4 ─────────────────────────▶ 3: 4
 *     alias `live` ─▶ 5 asks for 10 ────────────────▶ 5: 10
 *     alias `live` ─▶ 5, a quarter ─▶ 6, asks for 10 ▶ 5: 7, 6: 3
 */
import type { AliasRecord, ProvisionedRecord, VersionRecord } from './records.ts';

/** What is wanted of one function; a version that is not named is to have none. */
export interface ProvisionedChange {
  readonly accountId: string;
  readonly functionName: string;
  readonly versions: readonly { readonly version: VersionRecord; readonly count: number }[];
}

/** The versions of one function that can be kept ready, each with its count. */
export function provisionedVersions(
  records: ReadonlyMap<string, ProvisionedRecord>,
  aliases: ReadonlyMap<string, AliasRecord>,
  versions: ReadonlyMap<string, VersionRecord>,
): ProvisionedChange['versions'] {
  const counts = new Map<string, number>();
  for (const { qualifier, requested } of records.values()) {
    const alias = aliases.get(qualifier);
    for (const [name, count] of allotment(requested, alias?.version ?? qualifier, alias?.additionalWeights)) {
      counts.set(name, (counts.get(name) ?? 0) + count);
    }
  }
  return [...counts].flatMap(([name, count]) => {
    const version = versions.get(name);
    return version !== undefined && count > 0 ? [{ version, count }] : [];
  });
}

/** By whose wish a version is kept ready: an alias's, or its own. Of several the first by name. */
export function qualifierOf(
  version: string,
  records: ReadonlyMap<string, ProvisionedRecord>,
  aliases: ReadonlyMap<string, AliasRecord>,
): string {
  const wishing = [...records.values()].filter(({ qualifier, requested }) => {
    const alias = aliases.get(qualifier);
    return allotment(requested, alias?.version ?? qualifier, alias?.additionalWeights).has(version);
  });
  return wishing.map(({ qualifier }) => qualifier).sort()[0] ?? version;
}

/** What each version gets of `requested`: the main one what the weights of the others leave, and one at least where there are enough. */
export function allotment(
  requested: number,
  main: string,
  weights: Readonly<Record<string, number>> = {},
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  let left = requested;
  for (const [version, weight] of Object.entries(weights)) {
    if (weight <= 0) continue;
    const most = weight < 1 ? Math.max(0, left - 1) : left;
    const count = Math.min(most, Math.max(1, Math.round(requested * weight)));
    if (count > 0) counts.set(version, count);
    left -= count;
  }
  if (left > 0) counts.set(main, left);
  return counts;
}
