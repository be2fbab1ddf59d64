/** Reads, decides and commits, anew whenever somebody else was faster. */
import type { RegistryLimits } from '../limits.ts';
import { OciError } from '../oci/oci-error.ts';

/** `attempt` resolves with false when what it had read was changed by then. */
export async function attempts<Result>(
  { commitAttemptsMax }: Pick<RegistryLimits, 'commitAttemptsMax'>,
  attempt: () => Promise<false | { readonly result: Result }>,
): Promise<Result> {
  for (let made = 0; made < commitAttemptsMax; made += 1) {
    const outcome = await attempt();
    if (outcome !== false) return outcome.result;
  }
  throw new OciError('UNAVAILABLE', 'The registry is changed by too many at once. Try again.');
}
