/** Members of requests, which the wire has checked, as what they are. */
import { type Input, WireError } from '#wire';
import type { Dimension } from '../source.ts';

export function textOf(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(input: Input, member: string): number | undefined {
  const value = input[member];
  return typeof value === 'number' ? value : undefined;
}

/** Epoch milliseconds. */
export function timeOf(input: Input, member: string): number | undefined {
  const value = input[member];
  return value instanceof Date ? value.getTime() : undefined;
}

export function itemsOf(input: Input, member: string): readonly Input[] {
  const value = input[member];
  return Array.isArray(value) ? (value as readonly Input[]) : [];
}

export function numbersOf(input: Input, member: string): readonly number[] | undefined {
  const value = input[member];
  return Array.isArray(value) ? (value as readonly number[]) : undefined;
}

export function structureOf(input: Input, member: string): Input | undefined {
  const value = input[member];
  return typeof value === 'object' && value !== null ? (value as Input) : undefined;
}

export function dimensionsOf(input: Input): readonly Dimension[] {
  return itemsOf(input, 'Dimensions').map((each) => ({
    name: textOf(each, 'Name') ?? '',
    value: textOf(each, 'Value') ?? '',
  }));
}

/** In the words of this service's older errors. */
export const invalidValue = (message: string): WireError =>
  new WireError('InvalidParameterValueException', message);
export const invalidCombination = (message: string): WireError =>
  new WireError('InvalidParameterCombinationException', message);
/** GetMetricData has an error of its own for everything. */
export const invalidQuery = (message: string): WireError => new WireError('ValidationError', message);

/** Seconds: what AWS takes, of which nothing below a minute is finer here. */
export const isPeriod = (seconds: number): boolean =>
  [1, 5, 10, 20, 30].includes(seconds) || (seconds > 0 && seconds % 60 === 0 && seconds <= periodSecondsMax);

const periodSecondsMax = 86_400 * 365;
