/** The shell of placement: hands time and chance to the pure core. */
import type { Clock, Random } from '#platform';
import { heartbeatAgeMsMax } from './limits.ts';
import type { Placement } from './placement.ts';
import { Fleet } from './state.ts';

export interface PlacementOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Default 10 s. */
  readonly heartbeatAgeMsMax?: number;
}

export function createPlacement(options: PlacementOptions): Placement {
  const { clock, random } = options;
  const fleet = new Fleet(options.heartbeatAgeMsMax ?? heartbeatAgeMsMax);
  const draw = (): number => random.next();
  return {
    place: (version, avoid) =>
      Promise.resolve(fleet.place(version.configuration.memoryMb, avoid, clock.monotonicMs(), draw)),
    removed: (workerId, memoryMb) => fleet.removed(workerId, memoryMb),
    adopted: (workerId, memoryMb) => fleet.adopted(workerId, memoryMb),
    addWorker: (capacity) => fleet.add(capacity, clock.monotonicMs()),
    heartbeat: (workerId) => fleet.heard(workerId, clock.monotonicMs()),
    drain: (workerId) => fleet.drain(workerId),
    removeWorker: (workerId) => fleet.remove(workerId),
  };
}
