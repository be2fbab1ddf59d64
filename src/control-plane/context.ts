/** What every capability of the control plane works with. */
import type { OpenCodeStore } from '#code';
import type { Clock, Entropy } from '#platform';
import type { HostTraits } from './configuration.ts';
import type { FunctionStore } from './function-store.ts';
import type { Limits } from './limits.ts';
import type { Settling } from './settling.ts';

export interface Context {
  readonly store: FunctionStore;
  readonly code: Pick<OpenCodeStore, 'store' | 'check'>;
  readonly host: HostTraits;
  readonly region: string;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly limits: Limits;
  readonly settling: Settling;
  /** Bytes of all archives of an account's versions, and how many functions it has, as far as is known here. */
  readonly usage: (accountId: string) => { readonly functionCount: number; readonly codeSizeBytes: number };
  /** A path with a signature that lets it be fetched for so long. */
  readonly makeLink: (path: string, expiresInSeconds: number) => string;
}
