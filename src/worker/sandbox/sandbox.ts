/** What a worker needs of a sandbox, whatever isolates it. The process sandbox is the first; others follow the same interface. */
import type { Launch } from '#runtimes';
import type { ExitStatus, RuntimeLink, RuntimeSays } from '../environment/runtime.ts';
import type { Deliver } from '../telemetry/subscriptions/subscriber.ts';
import type { CredentialSource } from '../runtime-api/credentials.ts';
import type { SideApis } from '../runtime-api/side-apis.ts';

/** Hears everything of one sandbox. After `kill` was called only `output` and logs still come, for as long as there are any. */
export interface SandboxListener {
  says(message: RuntimeSays): void;
  /** Bytes that the processes printed; `source` tells stdout and stderr apart. */
  output(chunk: Buffer, source: 'stdout' | 'stderr'): void;
  /** Follows everything that the process said and printed before its end. */
  exited(status: ExitStatus): void;
  outOfMemory(): void;
}

export interface Sandbox {
  readonly id: string;
  readonly pid: number;
  /** HOME and TMPDIR, which a function may set otherwise. */
  readonly places: Readonly<Record<string, string>>;
  /** AWS_LAMBDA_RUNTIME_API and the mark, which it may not. */
  readonly own: Readonly<Record<string, string>>;
  readonly link: RuntimeLink;
  /** Hands telemetry to what its processes listen with at the address that they call `sandbox.localdomain`. */
  readonly deliver: Deliver;
  attach(listener: SandboxListener): void;
  /** From now on the APIs beside the Runtime API are answered by these, at the same address. */
  serve(apis: SideApis): void;
  /** From now on its processes get these at an address that SDKs take credentials from; returns the variables that say so. */
  lend(credentials: CredentialSource): Readonly<Record<string, string>>;
  /** Starts one more process, which ends with the sandbox at the latest. */
  spawn(plan: SidePlan): Promise<SideOutcome>;
  /** Lets the process begin that a plan with `held` started. */
  letGo(): void;
  /** Asks the first process to end (SIGTERM), or makes it (SIGKILL, with its group). Its `exited` follows. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
  /** Calls back once what was printed before now was heard. */
  drain(done: () => void): void;
  /**
   * Its processes work from now until `rest`: thawed if they were frozen, and `outOfMemory` is heard beyond the limit. The first time is init,
   * with all the processor that there is; from the second on their share follows the memory, where the sandbox can say so.
   */
  run(limitBytes: number): void;
  /** Nothing is to be done: where the sandbox can, its processes are frozen after a while. */
  rest(): void;
  /** The most memory that was seen in use so far. */
  memoryPeakBytes(): number;
  memoryUsedBytes(): number;
  /** Gives back the priority that a start ahead of need was denied. */
  bind(): void;
  /** Kills all processes; resolves once none is left and its directories are removed. Calling it again gives the same promise. */
  kill(): Promise<void>;
}

/** The interpreter of a runtime and the directory of its bootstrap, on the host. */
export interface RuntimeFiles {
  readonly program: string;
  readonly bootstrap: string | undefined;
}

/** What makes a sandbox a function's. */
export interface Room {
  /** Directory of the unpacked code, on the host. */
  readonly code: string;
  /** What /tmp may hold. */
  readonly storageBytes: number;
}

/** The root file system that a function brings with it. */
export interface ImageRoom {
  /** Where its image is mounted, on the host. Never looked into by calls that block. */
  readonly directory: string;
  /** What /tmp may hold. */
  readonly storageBytes: number;
}

/** What an image is to be started with. */
export interface ImageWish {
  /** A path, or a name that stands for the first such program in the directories of `path`. Undefined: the image names none. */
  readonly command: string | undefined;
  /** Absolute. */
  readonly workingDirectory: string;
  /** PATH */
  readonly path: string;
}

export type ImageLook =
  | {
      readonly kind: 'ready';
      /** Absolute, inside. */
      readonly program: string;
      /** The files of /opt/extensions, in order. */
      readonly extensions: readonly string[];
    }
  | { readonly kind: 'no-directory'; readonly code: string }
  /** No directory of PATH has such a program. */
  | { readonly kind: 'not-found' }
  | { readonly kind: 'unstartable'; readonly path: string; readonly code: string };

/** Where a function sees what it is given, in a sandbox that has a file system of its own. */
export interface Inside {
  readonly taskRoot: string;
  /** Of the runtime's bootstrap: LAMBDA_RUNTIME_DIR. */
  readonly runtimeDirectory: string;
  /** Of the runtime's programs. */
  readonly programDirectory: string;
}

/** What is started, for whom. */
export interface StartPlan {
  readonly command: string;
  readonly args: readonly string[];
  /** What the process has from its start, besides the sandbox's own variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute; undefined: the sandbox's home. */
  readonly workingDirectory: string | undefined;
  readonly talk: Launch['kind'];
  /** What the runtime brings from the host; undefined for a function that is its own runtime. */
  readonly runtime?: RuntimeFiles;
  /** The function's own; undefined for a start ahead of need. */
  readonly room?: Room;
  /** The root is this image's, in place of the runtime's; there is no `room`, `runtime` or `opt`, and `env` is all of the environment. */
  readonly image?: ImageRoom;
  /** The merged layers to stand at /opt; only where the sandboxes' `layers` says that they can. */
  readonly opt?: string;
  /** A start ahead of need gives way to everything else on the host. */
  readonly ahead: boolean;
  /** As `lend`, from its start. */
  readonly credentials?: CredentialSource;
  /** The command may run some other program in the runtime's place, which then talks over the Runtime API. */
  readonly wrapped?: boolean;
  /** The command is not executed before `letGo`; the sandbox and its address are there. */
  readonly held?: boolean;
}

/** A further process of a sandbox. */
export interface SidePlan {
  readonly command: string;
  /** All of its variables. */
  readonly env: Readonly<Record<string, string>>;
  /** As in the sandbox's own plan. */
  readonly opt?: string;
  output(chunk: Buffer, source: 'stdout' | 'stderr'): void;
  /** Follows everything that it printed; also after it was killed, but not after the whole sandbox was. */
  exited(status: ExitStatus): void;
}

export type SideOutcome =
  | { readonly kind: 'started'; readonly side: Side }
  /** `code` is the system's name for why (ENOENT, EACCES, ...). */
  | { readonly kind: 'unstartable'; readonly code: string };

export interface Side {
  /** SIGKILL, to its group. Its `exited` follows. */
  kill(): void;
}

export type StartOutcome =
  | { readonly kind: 'started'; readonly sandbox: Sandbox }
  /** The host has no room for it now. */
  | { readonly kind: 'exhausted'; readonly reason: string }
  /** The command is not there or cannot be executed. `code` is the system's name for it (ENOENT, EACCES, ENOEXEC, ...). */
  | { readonly kind: 'unstartable'; readonly code: string };

export type Entrypoint =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'missing' }
  /** It is there, but no program that the system would execute. */
  | { readonly kind: 'not-a-program'; readonly path: string };

/**
 * Where a function's layers are: at /opt, put there when its process starts, or also for one that is up already; or elsewhere, in
 * the directory that they were unpacked to, because this host cannot mount.
 */
export type LayerPlace = 'at-start' | 'any-time' | 'elsewhere';

/** What merged layers hold that matters to how a process is started. */
export interface LayerTraits {
  /** Shared libraries in /opt/lib, which the loader must know of when a process starts. */
  readonly libraries: boolean;
  /** The files of /opt/extensions, in order. */
  readonly extensions: readonly string[];
}

export interface Sandboxes {
  readonly kind: 'process' | 'container';
  /** undefined: functions see the host's own files, where they lie. */
  readonly inside: Inside | undefined;
  /** What functions must be told of a URL of the host, so that they reach it. */
  reached(url: string): string;
  /** Makes a sandbox that was started ahead of need a function's. Whether that went well. */
  furnish(sandbox: Sandbox, room: Room): Promise<boolean>;
  readonly layers: LayerPlace;
  traitsOf(layers: string): LayerTraits;
  /** Looks into an image that is mounted at this directory. Absent: functions of images cannot run here. */
  lookIntoImage?(directory: string, wish: ImageWish): Promise<ImageLook>;
  /** With `layers` 'any-time': puts merged layers at /opt of a sandbox that was started ahead of need. Whether that went well. */
  putLayers(sandbox: Sandbox, layers: string): Promise<boolean>;
  /** Takes a moment of the event loop; bounded by `Starts`, not here. */
  start(plan: StartPlan): Promise<StartOutcome>;
  /** How many starts the host does well at once. */
  readonly parallelism: number;
  /** The function's own executable: in the first of these directories that has one. */
  findEntrypoint(roots: readonly string[]): Promise<Entrypoint>;
  /** Processor time that the sandbox's first process has used so far, or undefined once it is gone. */
  cpuTicks(sandbox: Sandbox): number | undefined;
  close(): Promise<void>;
}
