/** Circles in a graph of imports. */

/** What each one imports. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** Empty exactly when there is no circle; else one way round for every import that closes one, its first place also its last. */
export function circlesIn(imports: Imports): readonly (readonly string[])[] {
  const circles: (readonly string[])[] = [];
  const done = new Set<string>();
  /** From where the walk began to where it is. */
  const way: string[] = [];
  const walk = (place: string): void => {
    if (done.has(place)) return;
    const before = way.indexOf(place);
    way.push(place);
    if (before === -1) for (const next of imports.get(place) ?? []) walk(next);
    else circles.push(way.slice(before));
    way.pop();
    if (before === -1) done.add(place);
  };
  for (const place of imports.keys()) walk(place);
  return circles;
}
