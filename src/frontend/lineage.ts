/**
 * The chain of invokes that an invoke is part of, as the trace header carries it, to find functions that invoke themselves over and
 * over. Pure.
 *
 *   Root=…;Parent=…;Sampled=0;Lineage=1:a87bd80c:1|1:68fd508a:0
 *                                     │ │        └ earlier invokes of it in this chain (0: none)
 *                                     │ └ the function: 8 hex digits
 *                                     └ of the format
 *
 * A function hands the header on with the calls that it makes (AWS's SDKs do so by themselves), so each invoke finds its own
 * function's count there. AWS's older form, without the leading number, is read as well. What is no lineage starts a new one: it is a
 * caller's word, and lying in it only loses the protection.
 */
import { loopInvokesMax, lineageFunctionsMax } from './limits.ts';

export type Chained =
  /** `trace` is what the function gets. */
  | { readonly kind: 'goes-on'; readonly trace: string }
  /** The function has run as often in this chain as it may. */
  | { readonly kind: 'loops' };

interface Link {
  readonly functionHash: string;
  readonly earlierInvokes: number;
}

const lineageName = /^\s*Lineage\s*=\s*/i;
const linkPattern = /^(?:[0-9]{1,5}:)?([0-9a-f]{8}):([0-9]{1,3})$/;

/** The first invoke of a chain: a part for the trace header. */
export const firstLineage = (functionHash: string): string => `Lineage=1:${functionHash}:0`;

/** What identifies a function in a lineage: the beginning of its id, a UUID. */
export const functionHashOf = (functionId: string): string => functionId.slice(0, 8);

/** Counts one more invoke of a function in a trace header that has a lineage or not. */
export function chained(trace: string, functionHash: string, onLoop: 'Allow' | 'Terminate'): Chained {
  const parts = trace.split(';').filter((part) => part.trim() !== '');
  const place = parts.findIndex((part) => lineageName.test(part));
  const lineage = parts[place]?.replace(lineageName, '');
  if (lineage === undefined) {
    return { kind: 'goes-on', trace: [...parts, firstLineage(functionHash)].join(';') };
  }
  const links = linksOf(lineage);
  const own = links.find((link) => link.functionHash === functionHash);
  const earlierInvokes = own === undefined ? 0 : own.earlierInvokes + 1;
  if (earlierInvokes >= loopInvokesMax && onLoop === 'Terminate') return { kind: 'loops' };
  const next: Link = { functionHash, earlierInvokes: Math.min(earlierInvokes, loopInvokesMax) };
  const others = bounded(links.filter((link) => link !== own));
  const text = [...others, next].map((link) => `1:${link.functionHash}:${link.earlierInvokes}`).join('|');
  const rest = parts.filter((part) => !lineageName.test(part));
  return { kind: 'goes-on', trace: [...rest, `Lineage=${text}`].join(';') };
}

/** Links that do not have the form are left out; of two for the same function the first counts. */
function linksOf(lineage: string): readonly Link[] {
  const links = new Map<string, Link>();
  for (const text of lineage.split('|')) {
    const match = linkPattern.exec(text.trim());
    const functionHash = match?.[1];
    if (functionHash === undefined || links.has(functionHash)) continue;
    links.set(functionHash, { functionHash, earlierInvokes: Number(match?.[2]) });
  }
  return [...links.values()];
}

/** Makes room for one more, by forgetting the function that ran least often and longest ago. */
function bounded(links: readonly Link[]): readonly Link[] {
  const kept = [...links];
  while (kept.length >= lineageFunctionsMax) {
    const fewest = Math.min(...kept.map((link) => link.earlierInvokes));
    kept.splice(
      kept.findIndex((link) => link.earlierInvokes === fewest),
      1,
    );
  }
  return kept;
}
