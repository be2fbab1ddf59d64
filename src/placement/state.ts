/**
 * The deciding core of placement: which worker gets the next environment.
 *
 *     known workers ──▶ healthy, not draining, not avoided, room for one more
 *                          │  more than 32 known: the best of 32 drawn at random, and of all only when none of those will do
 *                          ▼
 *                   least loaded (in bands of 1/16) ──▶ least loaded zone ──▶ least loaded exactly
 *
 * Load is the greater of the shares of memory and of environments in use. Invariants: what is in use never exceeds what a
 * worker offers (unless it is told to offer less later), and never goes below zero.
 */
import { assert } from '#lib/assert';
import { candidatesMax, loadBand, workersMax } from './limits.ts';
import type { Placed, WorkerCapacity } from './placement.ts';

export interface Host {
  capacity: WorkerCapacity;
  memoryMbInUse: number;
  environments: number;
  heardAtMs: number;
  draining: boolean;
  /** Its place in the list that is drawn from. */
  index: number;
}

interface Zone {
  environments: number;
  workers: number;
}

export class Fleet {
  readonly #heartbeatAgeMsMax: number;
  readonly #byId = new Map<string, Host>();
  readonly #list: Host[] = [];
  readonly #zones = new Map<string, Zone>();

  constructor(heartbeatAgeMsMax: number) {
    this.#heartbeatAgeMsMax = heartbeatAgeMsMax;
  }

  host(workerId: string): Readonly<Host> | undefined {
    return this.#byId.get(workerId);
  }

  add(capacity: WorkerCapacity, nowMs: number): void {
    const known = this.#byId.get(capacity.workerId);
    if (known !== undefined) {
      this.#leaveZone(known);
      known.capacity = capacity;
      known.heardAtMs = nowMs;
      known.draining = false;
      this.#enterZone(known);
      return;
    }
    assert(this.#list.length < workersMax, `more than ${workersMax} workers`);
    const host: Host = {
      capacity,
      memoryMbInUse: 0,
      environments: 0,
      heardAtMs: nowMs,
      draining: false,
      index: this.#list.length,
    };
    this.#byId.set(capacity.workerId, host);
    this.#list.push(host);
    this.#enterZone(host);
  }

  remove(workerId: string): void {
    const host = this.#byId.get(workerId);
    if (host === undefined) return;
    this.#byId.delete(workerId);
    this.#leaveZone(host);
    const last = this.#list.pop();
    if (last !== undefined && last !== host) {
      this.#list[host.index] = last;
      last.index = host.index;
    }
  }

  heard(workerId: string, nowMs: number): void {
    const host = this.#byId.get(workerId);
    if (host !== undefined) host.heardAtMs = nowMs;
  }

  drain(workerId: string): void {
    const host = this.#byId.get(workerId);
    if (host !== undefined) host.draining = true;
  }

  /** `draw` gives numbers in [0, 1). */
  place(memoryMb: number, avoid: ReadonlySet<string>, nowMs: number, draw: () => number): Placed {
    const best = this.#drawn(memoryMb, avoid, nowMs, draw) ?? this.#scan(this.#list, memoryMb, avoid, nowMs);
    if (best === undefined) return this.#whyNot(memoryMb, avoid, nowMs);
    this.#count(best, memoryMb, 1);
    return { kind: 'placed', workerId: best.capacity.workerId };
  }

  /** Unknown workers are ignored: what ran there went with them. */
  adopted(workerId: string, memoryMb: number): void {
    const host = this.#byId.get(workerId);
    if (host !== undefined) this.#count(host, memoryMb, 1);
  }

  removed(workerId: string, memoryMb: number): void {
    const host = this.#byId.get(workerId);
    // A worker that left and came back starts from nothing; what was placed there before may still be reported as removed.
    if (host === undefined || host.environments === 0) return;
    this.#count(host, memoryMb, -1);
  }

  #drawn(memoryMb: number, avoid: ReadonlySet<string>, nowMs: number, draw: () => number): Host | undefined {
    if (this.#list.length <= candidatesMax) return undefined;
    const candidates: Host[] = [];
    for (let i = 0; i < candidatesMax; i++) {
      const host = this.#list[Math.floor(draw() * this.#list.length)];
      if (host !== undefined) candidates.push(host);
    }
    return this.#scan(candidates, memoryMb, avoid, nowMs);
  }

  #scan(
    hosts: readonly Host[],
    memoryMb: number,
    avoid: ReadonlySet<string>,
    nowMs: number,
  ): Host | undefined {
    let best: Host | undefined;
    for (const host of hosts) {
      if (avoid.has(host.capacity.workerId) || !this.#isUp(host, nowMs) || !hasRoom(host, memoryMb)) continue;
      if (best === undefined || this.#isBetter(host, best)) best = host;
    }
    return best;
  }

  #isBetter(host: Host, than: Host): boolean {
    const [load, loadThan] = [loadOf(host), loadOf(than)];
    const [band, bandThan] = [Math.floor(load / loadBand), Math.floor(loadThan / loadBand)];
    if (band !== bandThan) return band < bandThan;
    const [zone, zoneThan] = [this.#zoneLoad(host), this.#zoneLoad(than)];
    return zone === zoneThan ? load < loadThan : zone < zoneThan;
  }

  /** Environments per worker of the zone. */
  #zoneLoad(host: Host): number {
    const zone = this.#zones.get(host.capacity.zone);
    return zone === undefined ? 0 : zone.environments / zone.workers;
  }

  #isUp(host: Host, nowMs: number): boolean {
    if (host.draining) return false;
    return host.capacity.liveness === 'in-process' || nowMs - host.heardAtMs <= this.#heartbeatAgeMsMax;
  }

  #count(host: Host, memoryMb: number, environments: 1 | -1): void {
    host.environments += environments;
    host.memoryMbInUse = Math.max(0, host.memoryMbInUse + environments * memoryMb);
    if (host.environments === 0) host.memoryMbInUse = 0;
    const zone = this.#zones.get(host.capacity.zone);
    assert(zone !== undefined, 'every worker is counted in its zone');
    zone.environments += environments;
  }

  #enterZone(host: Host): void {
    const zone = this.#zones.get(host.capacity.zone) ?? { environments: 0, workers: 0 };
    zone.environments += host.environments;
    zone.workers += 1;
    this.#zones.set(host.capacity.zone, zone);
  }

  #leaveZone(host: Host): void {
    const zone = this.#zones.get(host.capacity.zone);
    assert(zone !== undefined && zone.workers > 0, 'every worker is counted in its zone');
    zone.environments -= host.environments;
    zone.workers -= 1;
    if (zone.workers === 0) this.#zones.delete(host.capacity.zone);
  }

  #whyNot(memoryMb: number, avoid: ReadonlySet<string>, nowMs: number): Placed {
    if (this.#list.length === 0) return nowhere('no worker is known');
    const up = this.#list.filter((host) => this.#isUp(host, nowMs));
    if (up.length === 0) return nowhere(`none of ${this.#list.length} workers is healthy`);
    const open = up.filter((host) => !avoid.has(host.capacity.workerId));
    if (open.length === 0) return nowhere('every healthy worker has refused it');
    if (open.every(({ capacity }) => capacity.memoryMb < memoryMb)) {
      return nowhere(`no worker is large enough for ${memoryMb} MB`);
    }
    return { kind: 'full', message: `no worker has room for ${memoryMb} MB more` };
  }
}

const nowhere = (message: string): Placed => ({ kind: 'nowhere', message });

function hasRoom(host: Host, memoryMb: number): boolean {
  const { capacity, environments, memoryMbInUse } = host;
  return environments < capacity.environmentsMax && memoryMbInUse + memoryMb <= capacity.memoryMb;
}

function loadOf(host: Host): number {
  const { capacity, environments, memoryMbInUse } = host;
  return Math.max(memoryMbInUse / capacity.memoryMb, environments / capacity.environmentsMax);
}
