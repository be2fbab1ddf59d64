/** The shell of counting: one pure count per account, the clock, and answers that are settled before they are awaited. */
import type { Clock } from '#platform';
import type { Admission, Counting } from './counting.ts';
import { accountConcurrencyDefault } from './limits.ts';
import { AccountCount } from './state.ts';

export interface CountingOptions {
  readonly clock: Clock;
  /** Invokes at once in each account; at least 0, default 1,000. */
  readonly accountConcurrencyLimit?: number;
}

/** The commonest answers, made once. */
const granted: Promise<Admission> = Promise.resolve({ kind: 'granted', isProvisioned: false });
const grantedProvisioned: Promise<Admission> = Promise.resolve({ kind: 'granted', isProvisioned: true });

/** Accounts are those that identity knows, so the map of them is as bounded as they are. */
export function createCounting(options: CountingOptions): Counting {
  const { clock, accountConcurrencyLimit = accountConcurrencyDefault } = options;
  if (!Number.isSafeInteger(accountConcurrencyLimit) || accountConcurrencyLimit < 0) {
    throw new RangeError(`the account concurrency limit must be 0 or more, not ${accountConcurrencyLimit}`);
  }
  const accounts = new Map<string, AccountCount>();

  function account(accountId: string): AccountCount {
    let count = accounts.get(accountId);
    if (count === undefined) {
      count = new AccountCount(accountConcurrencyLimit, clock.monotonicMs());
      accounts.set(accountId, count);
    }
    return count;
  }

  return {
    acquire({ accountId, functionName, reservedConcurrency, version }) {
      const nowMs = clock.monotonicMs();
      const admission = account(accountId).acquire(functionName, reservedConcurrency, nowMs, version);
      if (admission.kind !== 'granted') return Promise.resolve(admission);
      return admission.isProvisioned ? grantedProvisioned : granted;
    },
    release({ accountId, functionName, reservedConcurrency, version }, { isProvisioned }) {
      account(accountId).release(functionName, reservedConcurrency, isProvisioned ? version : undefined);
    },
    setProvisioned(accountId, functionName, version, provisioned) {
      account(accountId).setProvisioned(functionName, version, provisioned, clock.monotonicMs());
    },
    admitEnvironment(accountId, functionName) {
      return Promise.resolve(account(accountId).admitEnvironment(functionName, clock.monotonicMs()));
    },
    setReservation(accountId, functionName, reservedConcurrency) {
      account(accountId).setReservation(functionName, reservedConcurrency, clock.monotonicMs());
    },
  };
}
