/**
 * How long an environment may live at most, and how long on its credentials: its process gets its role's credentials once, at its start, so it must be gone before they expire. It is
 * retired between two invokes as soon as less of their life is left than the longest invoke can take; the next invoke finds another one.
 * So is one whose files break.
 *
 *     credentials given ─────────── invokes ──────────▶ retired when idle ── margin ──▶ credentials expire
 */
import type { Cancel, Clock } from '#platform';
import type { Provisions } from './provision.ts';

/** Milliseconds: the longest invoke, so that none outlives the credentials that it began with. */
export const credentialMarginMs = 15 * 60_000;

/** Epoch milliseconds from which on an environment takes no more invokes. Credentials that live shortly are used for half of their life. */
export function retiresAtMs(issuedAtMs: number, expiresAtMs: number): number {
  return expiresAtMs - Math.min(credentialMarginMs, (expiresAtMs - issuedAtMs) / 2);
}

/** The most of its time that an environment that is kept ready may be retired early by, so that not all end at the same moment. */
export const earlinessMax = 0.2;

export interface LifeTerms {
  /** However long its credentials last. */
  readonly lifetimeMsMax?: number;
  /** The share (0 to 1) of `earlinessMax` by which this one ends before its time. */
  readonly earliness?: number;
}

/** Watches one environment. The wall clock decides, as it does for credentials; a timer only looks at it. */
export class CredentialLife {
  readonly #clock: Clock;
  readonly #over: () => void;
  readonly #lifetimeMsMax: number;
  readonly #earliness: number;
  #retiresAtMs = Infinity;
  /** Counts lives. */
  #lives = 0;
  #cancel: Cancel | undefined;

  /** `over` is called when the life ends, and may be again: whoever is busy then looks at `isOver` afterwards. */
  constructor(clock: Clock, over: () => void, { lifetimeMsMax = Infinity, earliness = 0 }: LifeTerms = {}) {
    this.#clock = clock;
    this.#over = over;
    this.#lifetimeMsMax = lifetimeMsMax;
    this.#earliness = earliness * earlinessMax;
  }

  get isOver(): boolean {
    return this.#clock.wallMs() >= this.#retiresAtMs;
  }

  /** The same provisioner; each provision that it makes begins a new life. */
  watching(provisioner: Provisions): Provisions {
    return {
      provide: async (version, logStream, initialization) => {
        const outcome = await provisioner.provide(version, logStream, initialization);
        if (outcome.kind === 'provided') {
          this.begin(outcome.credentialsEndMs);
          const life = this.#lives;
          void outcome.lost?.then(() => this.#endNow(life));
        }
        return outcome;
      },
    };
  }

  /** Credentials were given just now; undefined: they never expire. */
  begin(expiresAtMs: number | undefined): void {
    this.end();
    const now = this.#clock.wallMs();
    const byCredentials = expiresAtMs === undefined ? Infinity : retiresAtMs(now, expiresAtMs);
    const lifeMs = Math.min(byCredentials - now, this.#lifetimeMsMax);
    this.#retiresAtMs = now + lifeMs * (1 - this.#earliness);
    if (this.#retiresAtMs < Infinity) this.#arm();
  }

  /** The environment is gone. */
  end(): void {
    this.#lives += 1;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#retiresAtMs = Infinity;
  }

  /** That life, if it is not another one's turn already. */
  #endNow(life: number): void {
    if (life !== this.#lives) return;
    this.#retiresAtMs = -Infinity;
    this.#over();
  }

  #arm(): void {
    const delayMs = Math.max(1, this.#retiresAtMs - this.#clock.wallMs());
    this.#cancel = this.#clock.after(delayMs, () => {
      // The wall clock may have been set back meanwhile.
      if (this.isOver) this.#over();
      else this.#arm();
    });
  }
}
