/**
 * Watches the memory of running sandboxes from outside. The first process is looked at often, all processes of its group at a slower rate;
 * what seems too much is asked for exactly (shared pages divided) before anything is killed. While nothing runs, nothing is looked at.
 */
import type { Clock } from '#platform';
import { memoryGroupLooks, memoryPeakAgeMs } from '../../limits.ts';
import { MemoryLooks } from '../memory-looks.ts';
import { residentOf } from '../resident.ts';
import { familyOf, processEntry, processIds, proportionalBytes, residentBytes } from './proc.ts';

export class MemoryGauge {
  readonly pid: number;
  /** Leaders of the groups whose memory counts: the sandbox's own, and those of further processes. */
  readonly groups: number[];
  readonly #clock: Clock;
  #limitBytes = Number.POSITIVE_INFINITY;
  #peakBytes = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  readonly #outOfMemory: () => void;

  constructor(pid: number, clock: Clock, outOfMemory: () => void) {
    this.pid = pid;
    this.groups = [pid];
    this.#clock = clock;
    this.#outOfMemory = outOfMemory;
  }

  /** The group of this process counts too. */
  join(pid: number): void {
    this.groups.push(pid);
  }

  limit(bytes: number): void {
    this.#limitBytes = bytes;
  }

  used(): number {
    return residentBytes(this.pid) ?? 0;
  }

  /** The most that was seen; asks again only after a while, so that warm invokes do not pay for it each time. */
  peak(): number {
    const now = this.#clock.monotonicMs();
    if (now - this.#lookedMs >= memoryPeakAgeMs) {
      this.#lookedMs = now;
      this.#see();
    }
    return Math.min(this.#peakBytes, this.#limitBytes);
  }

  /** A first figure, in case the process ends before it can be asked again. Whatever it does now is still to be seen. */
  begin(): void {
    if (this.#peakBytes === 0) this.#see();
  }

  look(): void {
    const bytes = residentBytes(this.pid) ?? 0;
    this.#seen(bytes);
    if (bytes > this.#limitBytes) this.#weigh([this.pid], bytes);
  }

  /** `pids` is the whole group, `bytes` their resident memory, in which shared pages count several times. */
  lookAtGroup(pids: readonly number[], bytes: number): void {
    if (bytes > this.#limitBytes) this.#weigh(pids, bytes);
    else this.#seen(togetherOf(pids));
  }

  #see(): void {
    this.#seen(togetherOf(this.groups.flatMap((leader) => familyOf(leader))));
  }

  #weigh(pids: readonly number[], residentSum: number): void {
    let exact = 0;
    for (const pid of pids) exact += proportionalBytes(pid) ?? residentSum / pids.length;
    this.#seen(exact);
    if (exact > this.#limitBytes) this.#outOfMemory();
  }

  #seen(bytes: number): void {
    if (bytes > this.#peakBytes) this.#peakBytes = bytes;
  }
}

/** The most that these have had, as far as it can be known now. */
function togetherOf(pids: readonly number[]): number {
  const { anonymousBytes, fileBytes, peakBytes } = residentOf(pids);
  return Math.max(peakBytes, anonymousBytes + fileBytes);
}

/** Looks at each gauge, and every `memoryGroupLooks` times at all processes of their groups too. */
export function memoryLooks(clock: Clock): MemoryLooks<MemoryGauge> {
  let looks = 0;
  return new MemoryLooks(clock, (running) => {
    looks += 1;
    for (const gauge of running) gauge.look();
    if (looks % memoryGroupLooks === 0) lookAtGroups(running);
  });
}

function lookAtGroups(running: ReadonlySet<MemoryGauge>): void {
  const groups = new Map<number, { pids: number[]; bytes: number }>();
  for (const gauge of running) {
    const sum = { pids: [], bytes: 0 };
    for (const leader of gauge.groups) groups.set(leader, sum);
  }
  for (const pid of processIds()) {
    const entry = processEntry(pid);
    const group = entry === undefined ? undefined : groups.get(entry.group);
    if (entry === undefined || group === undefined) continue;
    group.pids.push(pid);
    group.bytes += entry.residentBytes;
  }
  for (const gauge of running) {
    const group = groups.get(gauge.pid);
    if (group !== undefined && group.pids.length > 1) gauge.lookAtGroup(group.pids, group.bytes);
  }
}
