/** What configurations of functions are checked against. */
import type { Configuration } from '#metadata';
import type { Runtimes } from '#runtimes';

export type Architecture = Configuration['architecture'];

export interface HostTraits {
  readonly runtimes: Runtimes;
  /** This host's: code for another cannot run here. */
  readonly architecture: Architecture;
}
