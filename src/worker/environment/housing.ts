/**
 * Where an environment lives: one sandbox at a time, from its provision to its last process.
 *
 *   nothing ── start ──▶ coming ── keep ──▶ here ── kill ──▶ dying ──▶ nothing
 *                          └ not wanted any more: killed when it comes
 */
import type { ShutdownReason } from '../extensions/state-types.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Household } from './household.ts';
import type { Provision, ProvisionOutcome } from './provision.ts';

export class Housing {
  #provision: Provision | undefined;
  #household: Household | undefined;
  /** The provision that is being made; undefined in it: it was kept, or there is none. */
  #coming: Promise<Provision | undefined> = Promise.resolve(undefined);
  /** The sandbox that was killed last: its output still counts for the report of its end. */
  #last: Sandbox | undefined;
  #lastHousehold: Household | undefined;
  #reaped: Promise<void> = Promise.resolve();

  /** `take` hears how the provision went, and says whether it kept it. One that nobody wants any more is killed when it comes. */
  start(provided: Promise<ProvisionOutcome>, take: (outcome: ProvisionOutcome) => boolean): void {
    this.#coming = provided.then((outcome) =>
      take(outcome) || outcome.kind !== 'provided' ? undefined : outcome.provision,
    );
  }

  keep(provision: Provision, household: Household): void {
    this.#provision = provision;
    this.#household = household;
  }

  /** Who lives in the one that is here besides the runtime. */
  get household(): Household | undefined {
    return this.#household;
  }

  /** Whether this one is here. What another says concerns nobody any more. */
  holds(provision: Provision): boolean {
    return this.#provision === provision;
  }

  /** The one that is here. */
  get sandbox(): Sandbox | undefined {
    return this.#provision?.sandbox;
  }

  /** The one that is here, or that which was killed last. */
  get latest(): Sandbox | undefined {
    return this.#provision?.sandbox ?? this.#last;
  }

  /** Of the one that is here, or of that which was killed last: whom its output is told. */
  get audience(): Household | undefined {
    return this.#household ?? this.#lastHousehold;
  }

  /** Its start is over: the next in line may begin. */
  settle(): void {
    this.#provision?.settle();
  }

  /** Kills the one that is here, after its shutdown phase, or the one that comes. */
  kill(why: ShutdownReason): void {
    const provision = this.#provision;
    const household = this.#household;
    this.#provision = undefined;
    this.#household = undefined;
    this.#last = provision?.sandbox;
    this.#lastHousehold = household;
    const killed = this.#killed(provision, household, why);
    this.#reaped = Promise.all([this.#reaped, killed]).then(() => undefined);
  }

  /** Resolves when all that were killed are gone. */
  get reaped(): Promise<void> {
    return this.#reaped;
  }

  /** Its output counts no more. */
  forget(): void {
    this.#last = undefined;
    this.#lastHousehold = undefined;
  }

  async #killed(
    provision: Provision | undefined,
    household: Household | undefined,
    why: ShutdownReason,
  ): Promise<void> {
    const killed = provision ?? (await this.#coming);
    killed?.settle();
    // Without extensions the processes are killed at once, within this very step.
    if (household?.shutsDown === true) await household.shutDown(why);
    await killed?.sandbox.kill();
    household?.end();
    killed?.release();
  }
}
