/** Opens all of an account: its directory in the store, its policies, and the authoriser over them. */
import type { Clock, Documents, Entropy, Random } from '#platform';
import { Account } from './account.ts';
import { openDirectory } from './directory/directory.ts';
import { DirectoryPolicies } from './directory-policies.ts';
import type { RootIdentity } from './identity.ts';
import { KeyUses } from './key-uses.ts';
import { openAuthorizer, type PolicyAuthorizer } from './policy/decisions.ts';
import { PolicyCompiler } from './policy-compiler.ts';

export interface OpenAccountOptions {
  readonly root: RootIdentity;
  readonly documents: Documents;
  readonly clock: Clock;
  readonly random: Random;
  readonly entropy: Entropy;
  /** How long the credentials of functions' roles live; default 6 hours, at most 12. */
  readonly roleCredentialsSeconds?: number;
  /** Told when the watch on the store breaks; it goes on by itself. */
  readonly onTrouble?: (error: unknown) => void;
}

export interface OpenedAccount {
  readonly account: Account;
  readonly policies: DirectoryPolicies;
  /** Also notes what access keys are used for. */
  readonly authorizer: PolicyAuthorizer;
  readonly keyUses: KeyUses;
  close(): void;
}

/** Rejects when the store cannot be read now. */
export async function openAccount(options: OpenAccountOptions): Promise<OpenedAccount> {
  const { root, clock, entropy } = options;
  const directory = await openDirectory({ ...options, accountId: root.accountId });
  const compiler = new PolicyCompiler();
  const account = new Account({
    root,
    directory,
    compiler,
    clock,
    entropy,
    ...(options.roleCredentialsSeconds === undefined
      ? {}
      : { roleCredentialsSeconds: options.roleCredentialsSeconds }),
  });
  const policies = new DirectoryPolicies(directory.view, root.accountId, compiler);
  const keyUses = new KeyUses(clock);
  const authorizer = keyUses.watched(openAuthorizer(policies));
  return { account, policies, authorizer, keyUses, close: () => directory.close() };
}
