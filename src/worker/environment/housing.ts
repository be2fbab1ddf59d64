/**
 * Where an environment lives: one sandbox at a time, from its provision to its last process.
 *
 *   nothing ── start ──▶ coming ── keep ──▶ here ── kill ──▶ dying ──▶ nothing
 *                          └ not wanted any more: killed when it comes
 */
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Provision, ProvisionOutcome } from './provisioner.ts';

export class Housing {
  #provision: Provision | undefined;
  /** The provision that is being made; undefined in it: it was kept, or there is none. */
  #coming: Promise<Provision | undefined> = Promise.resolve(undefined);
  /** The sandbox that was killed last: its output still counts for the report of its end. */
  #last: Sandbox | undefined;
  #reaped: Promise<void> = Promise.resolve();

  /** `take` hears how the provision went, and says whether it kept it. One that nobody wants any more is killed when it comes. */
  start(provided: Promise<ProvisionOutcome>, take: (outcome: ProvisionOutcome) => boolean): void {
    this.#coming = provided.then((outcome) =>
      take(outcome) || outcome.kind !== 'provided' ? undefined : outcome.provision,
    );
  }

  keep(provision: Provision): void {
    this.#provision = provision;
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

  /** Its start is over: the next in line may begin. */
  settle(): void {
    this.#provision?.settle();
  }

  /** Kills the one that is here, or the one that comes. */
  kill(): void {
    const provision = this.#provision;
    this.#provision = undefined;
    this.#last = provision?.sandbox;
    this.#reaped = Promise.all([this.#reaped, this.#killed(provision)]).then(() => undefined);
  }

  /** Resolves when all that were killed are gone. */
  get reaped(): Promise<void> {
    return this.#reaped;
  }

  /** Its output counts no more. */
  forget(): void {
    this.#last = undefined;
  }

  async #killed(provision: Provision | undefined): Promise<void> {
    const killed = provision ?? (await this.#coming);
    killed?.settle();
    await killed?.sandbox.kill();
    killed?.release();
  }
}
