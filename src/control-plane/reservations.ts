/**
 * PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency. What an account's functions take out of its
 * concurrency (what they reserve, or, where they reserve nothing, what is provisioned for them) stands in one document
 * besides, so that two functions cannot both take the last of it:
 *
 *   concurrency/<account>/<region>     { function name: taken }
 */
import type { FunctionName, FunctionRecord, Place } from '#metadata';
import { replaceRecord, type Write } from '#platform';
import type { Handlers, Output } from '#wire';
import { invalidParameter } from './answers.ts';
import type { Context } from './context.ts';
import type { FunctionStore } from './function-store.ts';
import type { Limits } from './limits.ts';
import { provisionedConcurrency } from './provisioned-record.ts';
import { number, unqualifiedTarget } from './request.ts';

type Reservations = Readonly<Record<string, number>>;

const reservationsKey = ({ accountId, region }: Place): string => `concurrency/${accountId}/${region}`;

export function reservationHandlers(context: Context): Handlers {
  const { store, region, limits } = context;
  return {
    PutFunctionConcurrency: async (input, request) => {
      const name = unqualifiedTarget(input, request, region, 'PutFunctionConcurrency');
      const reserved = number(input, 'ReservedConcurrentExecutions') ?? 0;
      await change(store, name, reserved, limits);
      return { ReservedConcurrentExecutions: reserved };
    },
    GetFunctionConcurrency: async (input, request) => {
      const name = unqualifiedTarget(input, request, region, 'GetFunctionConcurrency');
      const { reservedConcurrency } = (await store.getFunction(name)).value;
      return { ReservedConcurrentExecutions: reservedConcurrency };
    },
    DeleteFunctionConcurrency: async (input, request): Promise<Output> => {
      const name = unqualifiedTarget(input, request, region, 'DeleteFunctionConcurrency');
      await change(store, name, undefined, limits);
      return {};
    },
  };
}

/** The sum of what an account's functions take out of its concurrency. */
export async function reservedConcurrency(store: FunctionStore, place: Place): Promise<number> {
  return sum((await read(store, place)).reservations);
}

/** The writes that give back what a function takes, for the commit that deletes it. */
export async function releaseReservation(
  store: FunctionStore,
  name: FunctionName,
): Promise<readonly Write[]> {
  const { reservations, expected } = await read(store, name);
  if (!Object.hasOwn(reservations, name.functionName)) return [];
  return [write(name, without(reservations, name.functionName), expected)];
}

async function change(
  store: FunctionStore,
  name: FunctionName,
  reserved: number | undefined,
  limits: Limits,
): Promise<void> {
  await store.change(name, async () => {
    const record = await store.getFunction(name);
    const provisioned = await provisionedConcurrency(store, name);
    if (reserved !== undefined && reserved < provisioned) {
      throw invalidParameter(
        `ReservedConcurrentExecutions  ${reserved} should not be lower than function's total provisioned concurrency [${provisioned}].`,
      );
    }
    const taking = await take(store, name, reserved ?? provisioned, limits, 'ReservedConcurrentExecutions');
    const { reservedConcurrency: _before, ...rest } = record.value;
    const after: FunctionRecord = reserved === undefined ? rest : { ...rest, reservedConcurrency: reserved };
    return { writes: [replaceRecord(record, after), taking], result: undefined };
  });
}

/**
 * The write by which a function takes so much, instead of what it took before. Throws InvalidParameterValueException, which names
 * `what` was specified, when too little is left to the others.
 */
export async function take(
  store: FunctionStore,
  name: FunctionName,
  taken: number,
  limits: Limits,
  what: 'ReservedConcurrentExecutions' | 'ConcurrentExecutions',
): Promise<Write> {
  const { reservations, expected } = await read(store, name);
  const others = without(reservations, name.functionName);
  const before = Object.hasOwn(reservations, name.functionName) ? reservations[name.functionName] : 0;
  const unreserved = limits.concurrencyMax - sum(others) - taken;
  if (taken > (before ?? 0) && unreserved < limits.unreservedConcurrencyMin) {
    throw invalidParameter(
      `Specified ${what} for function decreases account's UnreservedConcurrentExecution below its minimum value of [${limits.unreservedConcurrencyMin}].`,
    );
  }
  // Nothing stands in the sum for who takes nothing, so the document is bounded by the account's concurrency.
  const next = taken > 0 ? { ...others, [name.functionName]: taken } : others;
  return write(name, next, expected);
}

async function read(
  store: FunctionStore,
  place: Place,
): Promise<{ readonly reservations: Reservations; readonly expected: Write['expected'] }> {
  const document = await store.documents.get(reservationsKey(place));
  return document
    ? { reservations: document.value as Reservations, expected: document.revision }
    : { reservations: {}, expected: 'absent' };
}

function write(place: Place, reservations: Reservations, expected: Write['expected']): Write {
  return { kind: 'put', key: reservationsKey(place), value: reservations, expected };
}

function without(reservations: Reservations, functionName: string): Reservations {
  return Object.fromEntries(Object.entries(reservations).filter(([name]) => name !== functionName));
}

const sum = (reservations: Reservations): number =>
  Object.values(reservations).reduce((total, reserved) => total + reserved, 0);
