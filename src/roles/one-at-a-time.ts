/** Counting that lets one function run once at a time, whatever it reserves or has provisioned: for the one that is debugged. */
import type { Provisioning } from '#assignment';
import type { Counting, SlotRequest } from '#counting';

export function oneAtATime(counting: Counting, functionName: string): Counting {
  const narrowed = (request: SlotRequest): SlotRequest =>
    request.functionName === functionName
      ? { ...request, reservedConcurrency: Math.min(1, request.reservedConcurrency ?? 1) }
      : request;
  return {
    acquire: (request) => counting.acquire(narrowed(request)),
    release: (request, granted) => counting.release(narrowed(request), granted),
    admitEnvironment: (accountId, name) => counting.admitEnvironment(accountId, name),
    setReservation: (accountId, name, reserved) => counting.setReservation(accountId, name, reserved),
    setProvisioned: (accountId, name, version, count) =>
      counting.setProvisioned(accountId, name, version, name === functionName ? 0 : count),
  };
}

/** Keeps nothing ready of that function: its one environment is started by its invoke. */
export function noneAhead(
  assignment: Pick<Provisioning, 'want'>,
  functionName: string,
): Pick<Provisioning, 'want'> {
  return {
    want: (version, count) => assignment.want(version, version.functionName === functionName ? 0 : count),
  };
}
