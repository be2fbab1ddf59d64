/** Opens a new root with a salt of its own, so that the chunks of one epoch share nothing with those of another. */
import type { Documents, Entropy, Clock } from '#platform';
import type { Keyring } from '../chunks/keyring.ts';
import { commitUnderRoots, type RootTable } from './records.ts';
import { activeRoot, applyStep } from './state.ts';

export interface Opening {
  readonly documents: Documents;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

const saltBytes = 32;

/** `retire`: the root that must be active and is retired with it; undefined: there must be none. Somebody else may be faster; then nothing is done. */
export async function openNextRoot(
  { documents, keyring, clock, entropy }: Opening,
  retire: number | undefined,
): Promise<void> {
  let next: RootTable | undefined;
  await commitUnderRoots(
    documents,
    async ({ roots, salts }): Promise<[] | 'overtaken'> => {
      if (activeRoot(roots)?.id !== retire) return 'overtaken';
      const id = Math.max(0, ...roots.map((root) => root.id)) + 1;
      const sealed = await keyring.seal(entropy.bytes(saltBytes), { owner: 'store', purpose: `salt ${id}` });
      next = {
        roots: applyStep(roots, { kind: 'open', id, retire }, clock.wallMs()),
        salts: { ...salts, [id]: sealed.toString('base64') },
      };
      return [];
    },
    (table) => next ?? table,
  );
}
