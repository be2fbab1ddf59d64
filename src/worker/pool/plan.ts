/**
 * What the pool of pre-started sandboxes should do next. Pure.
 *
 * Flavors with the fewest members are filled first, the most recently used among them: many flavors get a little each, few get much. A full
 * pool evens out differences of two and more, but not of one, or it would start and stop processes for nothing.
 */
export interface PoolLimits {
  /** Waiting sandboxes of one flavor. */
  readonly perFlavorMax: number;
  /** Waiting sandboxes of all flavors. 0: no pool. */
  readonly totalMax: number;
  /** A flavor that was not used for this long has no members any more. */
  readonly expiryMs: number;
}

export interface FlavorState {
  readonly flavor: string;
  /** Members that wait or are being started. */
  readonly members: number;
  readonly lastUsedMs: number;
  /** Not to be started before, after a member died. */
  readonly retryAtMs: number;
}

export type Action =
  | { readonly kind: 'start'; readonly flavor: string }
  | { readonly kind: 'stop'; readonly flavor: string }
  | { readonly kind: 'forget'; readonly flavor: string }
  /** Nothing to do before this time. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'rest' };

/** With the pool full, a flavor without any member displaces the last one of a flavor that was used this much longer ago. */
const displaceAfterMs = 60_000;

export function nextAction(states: readonly FlavorState[], now: number, limits: PoolLimits): Action {
  const expired = states.find((state) => now - state.lastUsedMs >= limits.expiryMs);
  if (expired !== undefined) {
    return { kind: expired.members > 0 ? 'stop' : 'forget', flavor: expired.flavor };
  }
  const total = states.reduce((sum, state) => sum + state.members, 0);
  const short = states.filter((state) => state.members < limits.perFlavorMax);
  // The emptiest first: a flavor without any member costs its next function most.
  const [due] = short
    .filter((state) => state.retryAtMs <= now)
    .sort((a, b) => a.members - b.members || b.lastUsedMs - a.lastUsedMs);
  if (due !== undefined && total < limits.totalMax) return { kind: 'start', flavor: due.flavor };
  const giver = due === undefined ? undefined : giverFor(due, states);
  if (giver !== undefined) return { kind: 'stop', flavor: giver.flavor };
  const times = states.map((state) => state.lastUsedMs + limits.expiryMs);
  if (total < limits.totalMax) times.push(...short.map((state) => state.retryAtMs));
  return times.length === 0 ? { kind: 'rest' } : { kind: 'wait', untilMs: Math.min(...times) };
}

/** The flavor that should give up a member for `due`: one that has at least two more, or that is much less in use. */
function giverFor(due: FlavorState, states: readonly FlavorState[]): FlavorState | undefined {
  const others = states.filter((state) => state !== due && state.members > 0);
  const [richest] = [...others].sort((a, b) => b.members - a.members || a.lastUsedMs - b.lastUsedMs);
  if (richest !== undefined && richest.members >= due.members + 2) return richest;
  const [oldest] = others.sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  const displaced = due.members === 0 && oldest !== undefined;
  return displaced && due.lastUsedMs - oldest.lastUsedMs >= displaceAfterMs ? oldest : undefined;
}
