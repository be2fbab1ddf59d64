/**
 * What the lifecycle of a sandbox's extensions is told in: how each of them stands, what can happen, and what is then wanted done.
 * `state.ts` decides.
 */

export type EventName = 'INVOKE' | 'SHUTDOWN';

/** In AWS's words, which also stand in the log. */
export type Standing =
  | 'Started'
  | 'Registered'
  /** Has asked for its next event. */
  | 'Ready'
  /** Has got an event. */
  | 'Running'
  | 'InitError'
  | 'ExitError'
  | 'LaunchError'
  | 'ShutdownFailed'
  | 'Exited';

export interface Extension {
  /** What it is called by after it has registered: a UUID. */
  readonly id: string;
  readonly name: string;
  /** External: a program of /opt/extensions. Internal: some thread of the runtime. */
  readonly kind: 'external' | 'internal';
  readonly standing: Standing;
  readonly events: readonly EventName[];
  /** Its own, or why it could not be started. */
  readonly errorType?: string;
  /** Whether a call of it waits for an event. */
  readonly waits: boolean;
  /** The event that its next call gets at once. */
  readonly owed?: EventName;
  /** Whether there is a process of its own. */
  readonly alive: boolean;
}

/**
 *     launching ─▶ initialising ─▶ settling ─▶ idle ⇄ invoking ─▶ finishing ─▶ idle
 *     any ─▶ ending (the runtime's share) ─▶ leaving (the extensions' share) ─▶ over
 */
export type Phase =
  /** The external ones are up; the runtime waits until all of them have registered. */
  | 'launching'
  /** The runtime's init runs. */
  | 'initialising'
  /** The runtime is ready, nobody may register any more; not every extension has asked for an event yet. */
  | 'settling'
  | 'idle'
  /** The runtime has an invoke. */
  | 'invoking'
  /** The runtime is done; not every extension that got the invoke is. */
  | 'finishing'
  | 'ending'
  | 'leaving'
  | 'over';

export type ShutdownReason = 'spindown' | 'timeout' | 'failure';

/** The first error that an extension reported; the end of its process makes it the environment's. */
export interface Reported {
  readonly id: string;
  readonly errorType: 'Extension.InitError' | 'Extension.ExitError';
}

export interface State {
  readonly phase: Phase;
  readonly extensions: readonly Extension[];
  readonly runtimeAlive: boolean;
  readonly reported?: Reported;
  /** The environment was told that it failed: what comes now changes nothing until it is shut down. */
  readonly failed: boolean;
  readonly shutdown?: { readonly reason: ShutdownReason; readonly endsAtMs: number };
}

export type Event =
  /** An external one could not be started. `why` is for the log's error type, `message` for people. */
  | { readonly kind: 'unlaunched'; readonly id: string; readonly why: string; readonly message: string }
  /** `id` is used when it is an internal one. */
  | {
      readonly kind: 'register';
      readonly name: string;
      readonly id: string;
      readonly events: readonly string[];
    }
  | { readonly kind: 'next'; readonly id: string }
  /** The connection of a waiting call is gone. */
  | { readonly kind: 'abandoned'; readonly id: string }
  | { readonly kind: 'error'; readonly of: 'init' | 'exit'; readonly id: string; readonly errorType: string }
  /** Its process ended; `how` in the words of the log. */
  | { readonly kind: 'exited'; readonly id: string; readonly how: string; readonly clean: boolean }
  | { readonly kind: 'runtime-ready' }
  | { readonly kind: 'runtime-gone' }
  | { readonly kind: 'invoke' }
  | { readonly kind: 'shutdown'; readonly reason: ShutdownReason }
  /** The time that was set is over. */
  | { readonly kind: 'time' };

export type Refusal =
  | { readonly kind: 'closed' }
  | { readonly kind: 'name-taken' }
  | { readonly kind: 'too-many' }
  | { readonly kind: 'invalid-event'; readonly event: string; readonly internal: boolean }
  | { readonly kind: 'transition'; readonly from: Standing; readonly to: Standing; readonly whom: string }
  | { readonly kind: 'unknown' };

export type Effect =
  /** The call is answered well: with this id where it was `register`. */
  | { readonly kind: 'accept'; readonly id: string }
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  /** Every external one has registered: the runtime may begin. */
  | { readonly kind: 'begin-runtime' }
  | { readonly kind: 'deliver'; readonly id: string; readonly event: EventName }
  /** Init is over for all; or an invoke is. */
  | { readonly kind: 'all-ready' }
  | { readonly kind: 'all-done' }
  | { readonly kind: 'fail'; readonly errorType: string; readonly message: string }
  | { readonly kind: 'terminate-runtime' }
  | { readonly kind: 'kill-runtime' }
  | { readonly kind: 'kill'; readonly id: string }
  | { readonly kind: 'set-time'; readonly delayMs: number }
  | { readonly kind: 'clear-time' }
  /** Whatever still lives may be killed. */
  | { readonly kind: 'over' };

/** All in milliseconds, but for `extensionsMax`. */
export interface Terms {
  readonly extensionsMax: number;
  /** How long an external one that has reported an error may take to end by itself. */
  readonly errorGraceMs: number;
  /** The whole shutdown phase, with an internal extension only, and with an external one. */
  readonly internalShutdownMs: number;
  readonly externalShutdownMs: number;
  /** The runtime's share, where there is an external one. */
  readonly runtimeShutdownMs: number;
}
