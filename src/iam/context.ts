/** What every operation of IAM and STS works with. */
import type { Account, Authorizer, DirectoryPolicies, KeyUses } from '#identity';
import type { Clock, Decision, Entropy } from '#platform';
import { contended } from './answers.ts';

export interface IamContext {
  readonly account: Account;
  readonly authorizer: Authorizer;
  readonly policies: DirectoryPolicies;
  readonly keyUses: KeyUses;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** Throws ConcurrentModification where others were faster every time. */
export async function change<Result>(
  { account }: IamContext,
  decide: () => Promise<Decision<Result>>,
): Promise<Result> {
  const outcome = await account.directory.change(decide);
  if (outcome.kind === 'contended') throw contended();
  return outcome.result;
}

/** Epoch milliseconds, in whole seconds as IAM has them. */
export const nowMs = ({ clock }: IamContext): number => Math.floor(clock.wallMs() / 1000) * 1000;
