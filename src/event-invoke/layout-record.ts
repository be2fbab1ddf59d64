/** The layout of the shards as it is stored: one document, changed by the queue manager alone. */
import type { Documents, Revision } from '#platform';
import { firstLayout, type Layout } from './placement.ts';

const key = 'event-invoke/layout';

export interface StoredLayout {
  readonly layout: Layout;
  readonly revision: Revision;
}

/** Made where there is none. */
export async function loadLayout(documents: Documents, shards: number): Promise<StoredLayout> {
  for (;;) {
    const found = await documents.get(key);
    if (found !== undefined) return { layout: found.value as unknown as Layout, revision: found.revision };
    const layout = firstLayout(shards);
    const value = { ...layout };
    const outcome = await documents.commit([{ kind: 'put', key, value, expected: 'absent' }]);
    if (outcome.kind === 'committed') return { layout, revision: outcome.revision };
  }
}

/** undefined: somebody else has changed it. */
export async function storeLayout(
  documents: Documents,
  layout: Layout,
  expected: Revision,
): Promise<StoredLayout | undefined> {
  const outcome = await documents.commit([{ kind: 'put', key, value: { ...layout }, expected }]);
  return outcome.kind === 'committed' ? { layout, revision: outcome.revision } : undefined;
}
