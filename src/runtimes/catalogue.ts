/** The catalogue of runtimes: which exist on this host, which can be installed, and how a sandbox starts them. */

export type Availability =
  /** It can start now. */
  | { readonly kind: 'ready' }
  /** `install` gets what is missing. `pack` names it: package and version, or what is to be compiled. */
  | { readonly kind: 'installable'; readonly pack: string }
  /** This host cannot run it. `howToGet` is a sentence for the user. */
  | { readonly kind: 'missing'; readonly howToGet: string }
  /** AWS had it and takes it no more. `howToGet` is what to use instead. */
  | { readonly kind: 'retired'; readonly howToGet: string }
  /** Lambkin has no such runtime. */
  | { readonly kind: 'unknown' };

export type InstallOutcome =
  | { readonly kind: 'installed' }
  | { readonly kind: 'failed'; readonly reason: string };

/** How the bootstrap of a runtime talks to Lambkin: over the private framed channel (our own), or the HTTP Runtime API. */
export type Launch =
  | {
      readonly kind: 'channel';
      readonly command: string;
      readonly args: readonly string[];
      /** Directory that holds what the arguments name of Lambkin's own: a sandbox with a file system of its own brings it in, read-only. */
      readonly bootstrap?: string;
      /** Variables that the process needs from its very start, before it knows its function (`PATH`, `LANG`, ...). */
      readonly env: Readonly<Record<string, string>>;
      /** Processes with equal flavors are interchangeable until one is told its function: what the pool keeps apart. */
      readonly flavor: string;
      /** The process must be its function from its very start, and so cannot wait for one in a pool. */
      readonly bornAsFunction?: true;
    }
  | {
      readonly kind: 'runtime-api';
      /** Looked up in the task root, then in /opt: the function's own executable. */
      readonly entrypoint: 'bootstrap';
    };

export interface RuntimeStatus {
  readonly runtime: string;
  readonly availability: Availability;
  /** Version and place, for people: `24.21.0 (bundled)`. */
  readonly detail: string;
}

export interface Runtimes {
  /** Finding out what this host has takes a moment the first time, then it is remembered. */
  availability(runtime: string): Promise<Availability>;
  /** Concurrent calls for one runtime share one installation. */
  install(runtime: string): Promise<InstallOutcome>;
  /** How to start a runtime whose availability is `ready`; undefined otherwise. `memoryMb` chooses heap limits. */
  launch(runtime: string, memoryMb: number): Launch | undefined;
  list(): Promise<readonly RuntimeStatus[]>;
}
