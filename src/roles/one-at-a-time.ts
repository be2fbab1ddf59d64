/** Counting that lets one function run once at a time, whatever it reserves: for the one that is debugged. */
import type { Counting, SlotRequest } from '#counting';

export function oneAtATime(counting: Counting, functionName: string): Counting {
  const narrowed = (request: SlotRequest): SlotRequest =>
    request.functionName === functionName
      ? { ...request, reservedConcurrency: Math.min(1, request.reservedConcurrency ?? 1) }
      : request;
  return {
    acquire: (request) => counting.acquire(narrowed(request)),
    release: (request) => counting.release(narrowed(request)),
    admitEnvironment: (accountId, name) => counting.admitEnvironment(accountId, name),
    setReservation: (accountId, name, reserved) => counting.setReservation(accountId, name, reserved),
  };
}
