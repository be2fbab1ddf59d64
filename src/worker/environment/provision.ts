/** What an environment runs in, and who gets it that. */
import type { VersionRecord } from '#metadata';
import type { Init } from '#runtimes';
import type { Settle } from '../pool/starts.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Initialization } from '../worker.ts';

export interface Provisions {
  /** Fails only where an invariant is broken: what the host or its stores cannot do now is `refused`. */
  provide(
    version: VersionRecord,
    logStream: string,
    initialization?: Initialization,
  ): Promise<ProvisionOutcome>;
}

/** A sandbox with what belongs to it. */
export interface Provision {
  readonly sandbox: Sandbox;
  readonly init: Init;
  /** What its layers bring to /opt/extensions. */
  readonly programs: ExtensionPrograms;
  /** Its start is over, one way or the other: the next may begin. */
  readonly settle: Settle;
  /** The code may be removed. */
  readonly release: () => void;
}

/** External extensions, and how a process of the sandbox finds them. */
export interface ExtensionPrograms {
  readonly names: readonly string[];
  /** What stands for /opt. */
  readonly root: string;
  /** The layers to be put at /opt. */
  readonly opt?: string;
}

export type ProvisionOutcome =
  | {
      readonly kind: 'provided';
      readonly provision: Provision;
      /** Epoch milliseconds: when the role's credentials that it was given end; undefined: never. */
      readonly credentialsEndMs?: number | undefined;
      /** Resolves when what it runs from breaks: it goes on with what it has, and takes no more invokes. */
      readonly lost?: Promise<void>;
    }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'impossible'; readonly errorType: string; readonly message: string }
  /** The function's own executable is missing or cannot be executed: its failure, not the host's. */
  | {
      readonly kind: 'entrypoint';
      readonly message: string;
      /** Absent: Runtime.InvalidEntrypoint. */
      readonly errorType?: string;
      /** For the function's log. */
      readonly line?: string;
    };
