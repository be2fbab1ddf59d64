/** Where data comes from: a namespace and a set of dimensions. Its metrics are recorded, stored and found together. */
import { createHash } from 'node:crypto';

export interface Dimension {
  readonly name: string;
  readonly value: string;
}

export interface Source {
  readonly namespace: string;
  /** In order of their names. */
  readonly dimensions: readonly Dimension[];
  /** Of users' own metrics each is a source for itself: how many one set of dimensions has is up to them. */
  readonly metric?: string;
  /** Equal for sources that are the same. Made once, as every minute of every metric is found by it. */
  readonly key: string;
}

export function sourceOf(
  namespace: string,
  dimensions: Readonly<Record<string, string>> | readonly Dimension[],
  metric?: string,
): Source {
  const list = Array.isArray(dimensions)
    ? (dimensions as readonly Dimension[])
    : Object.entries(dimensions).map(([name, value]): Dimension => ({ name, value: String(value) }));
  const sorted = list.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const texts = sorted.flatMap(({ name, value }) => [name, value]);
  const key = JSON.stringify([namespace, metric ?? null, ...texts]);
  return { namespace, dimensions: sorted, ...(metric !== undefined && { metric }), key };
}

/** Short enough for a document's key, whatever the dimensions are. */
export function sourceId({ key }: Source): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}
