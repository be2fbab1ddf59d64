/** Which environments of one generation have an invoke, and how fast they come back from it. */
import { briefMs, overdueMs, turnaroundsKnown, turnaroundWindow } from './limits.ts';
import { Link, LinkedList } from './linked-list.ts';

/** An environment's own: its invoke at hand. */
export class Turn {
  /** When it got the invoke; undefined while it has none, or one that an earlier leader gave it. */
  sinceMs: number | undefined = undefined;
  readonly link: Link<Turn> = new Link(this);
}

export class Turnaround {
  /** Those that may be about to come back, the longest out first. */
  readonly #out = new LinkedList<Turn>();
  /** How many have come back so far. */
  returns = 0;
  /** The shortest turn of the window at hand, and of the one before. */
  #shortestMs = Infinity;
  #shortestBeforeMs = Infinity;

  begin(turn: Turn, nowMs: number): void {
    turn.sinceMs = nowMs;
    this.#out.addLast(turn.link);
  }

  end(turn: Turn, nowMs: number): void {
    if (turn.sinceMs === undefined) return;
    const ms = nowMs - turn.sinceMs;
    this.lose(turn);
    if (ms < this.#shortestMs) this.#shortestMs = ms;
    this.returns += 1;
    if (this.returns % turnaroundWindow !== 0) return;
    this.#shortestBeforeMs = this.#shortestMs;
    this.#shortestMs = Infinity;
  }

  /** It ends with its invoke, and tells nothing of how fast others are. */
  lose(turn: Turn): void {
    turn.sinceMs = undefined;
    turn.link.leave();
  }

  /** How many may be about to come back. What has been out for long does not count: it waits for something. */
  out(nowMs: number): number {
    for (let first = this.#out.first; first?.sinceMs !== undefined; first = this.#out.first) {
      if (nowMs - first.sinceMs < overdueMs) break;
      first.link.leave();
    }
    return this.#out.size;
  }

  /**
   * Whether its invokes can be over at once. It is the shortest that counts: on a host that is busy all of them take long, but where the
   * function itself waits for something, none is short.
   */
  get isBrief(): boolean {
    return Math.min(this.#shortestMs, this.#shortestBeforeMs) <= briefMs && this.returns >= turnaroundsKnown;
  }
}
