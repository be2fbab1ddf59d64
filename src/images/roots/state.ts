/**
 * Garbage collection by roots, the deciding part. A root is a generation of the store: chunks and manifests are put under the active one,
 * and nothing is ever deleted from a root but the root as a whole. What is still needed was carried to the newest root before.
 *
 *     active ──a newer root opens──▶ retired ──nothing refers to it──▶ expired ──nobody read it──▶ deleting ──empty──▶ (gone)
 *                                    read-only, is carried away        a read raises an alarm      its blobs go
 *
 * Safety rests on three rules, which the shell keeps by compare-and-set on the records:
 * 1. A manifest is recorded only if its root is still active in the same commit.
 * 2. A manifest's record moves to another root only when all its chunks are there, and that root is active in the same commit.
 * 3. A root expires only when no manifest's record names it. By 1 none can come to name it again.
 */

export type RootState = 'active' | 'retired' | 'expired' | 'deleting';

export interface Root {
  /** Greater than those of all roots before. */
  readonly id: number;
  readonly state: RootState;
  /** Wall clock, when it came into this state; for an expired root also the last alarm. */
  readonly sinceMs: number;
  /** Reads while it was expired. */
  readonly alarms: number;
}

export interface CollectionOptions {
  /** How long a root is active: the salt's epoch. */
  readonly epochMs: number;
  /** How long a root stays retired at least, so that readers who opened an image under it move on. */
  readonly retiredMs: number;
  /** How long nobody must have read an expired root before it is deleted. */
  readonly expiredMs: number;
}

/** What is to be done next about roots; each is one commit that may fail and be tried again. */
export type Step =
  | { readonly kind: 'open'; readonly id: number; readonly retire: number | undefined }
  | { readonly kind: 'carry'; readonly from: number; readonly to: number }
  | { readonly kind: 'expire'; readonly id: number }
  | { readonly kind: 'delete'; readonly id: number }
  /** Delete the blobs of a root that is being deleted, then forget it. */
  | { readonly kind: 'empty'; readonly id: number }
  | { readonly kind: 'wait' };

/** The one active root; undefined before the first. */
export function activeRoot(roots: readonly Root[]): Root | undefined {
  return roots.find(({ state }) => state === 'active');
}

/**
 * The first step that is due. `references` is the number of manifests' records that name a root; roots in `stuck` cannot be carried from at the
 * moment, and are passed over.
 */
export function nextStep(
  roots: readonly Root[],
  references: (root: number) => number,
  nowMs: number,
  { epochMs, retiredMs, expiredMs }: CollectionOptions,
  stuck: ReadonlySet<number> = new Set(),
): Step {
  const active = activeRoot(roots);
  const dueAt = (root: Root, ms: number): boolean => nowMs - root.sinceMs >= ms;
  if (active === undefined || dueAt(active, epochMs)) {
    const id = Math.max(0, ...roots.map((root) => root.id)) + 1;
    return { kind: 'open', id, retire: active?.id };
  }
  for (const root of roots.toSorted((left, right) => left.id - right.id)) {
    switch (root.state) {
      case 'active':
        break;
      case 'retired':
        if (references(root.id) > 0) {
          if (stuck.has(root.id)) break;
          return { kind: 'carry', from: root.id, to: active.id };
        }
        if (dueAt(root, retiredMs)) return { kind: 'expire', id: root.id };
        break;
      case 'expired':
        if (dueAt(root, expiredMs)) return { kind: 'delete', id: root.id };
        break;
      case 'deleting':
        return { kind: 'empty', id: root.id };
      default:
        root.state satisfies never;
    }
  }
  return { kind: 'wait' };
}

/** The roots after a step; `carry`, `empty` and `wait` change none (whoever emptied a root calls `forget`). */
export function applyStep(roots: readonly Root[], step: Step, nowMs: number): readonly Root[] {
  const to = (id: number, state: RootState): readonly Root[] =>
    roots.map((root) => (root.id === id ? { ...root, state, sinceMs: nowMs } : root));
  switch (step.kind) {
    case 'open': {
      const retired = step.retire === undefined ? roots : to(step.retire, 'retired');
      return [...retired, { id: step.id, state: 'active', sinceMs: nowMs, alarms: 0 }];
    }
    case 'expire':
      return to(step.id, 'expired');
    case 'delete':
      return to(step.id, 'deleting');
    case 'carry':
    case 'empty':
    case 'wait':
      return roots;
    default:
      return step satisfies never;
  }
}

export function forget(roots: readonly Root[], id: number): readonly Root[] {
  return roots.filter((root) => root.id !== id);
}

/** A read of a root. In an expired one it should not happen: the read is served, counted, and puts the deletion off. */
export function readRoot(
  roots: readonly Root[],
  id: number,
  nowMs: number,
): { readonly outcome: 'served' | 'alarm' | 'gone'; readonly roots: readonly Root[] } {
  const root = roots.find((candidate) => candidate.id === id);
  if (root === undefined || root.state === 'deleting') return { outcome: 'gone', roots };
  if (root.state !== 'expired') return { outcome: 'served', roots };
  const alarmed = { ...root, alarms: root.alarms + 1, sinceMs: nowMs };
  return { outcome: 'alarm', roots: roots.map((candidate) => (candidate === root ? alarmed : candidate)) };
}
