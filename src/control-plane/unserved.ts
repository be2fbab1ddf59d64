/**
 * What AWS's CreateFunction and UpdateFunctionConfiguration take and Lambkin does not do yet. Clients send some of these members
 * with values that ask for nothing, which pass. Any other value is refused by name: whoever asks for it could not do without.
 */
import type { Input } from '#wire';
import { notServed } from './answers.ts';
import { structure, text } from './request.ts';

/** Refuses every member that asks for something which Lambkin does not serve. */
export function refuseUnserved(input: Input): void {
  if (text(input, 'PublishTo') !== undefined) throw notServed('PublishTo');
  if (structure(input, 'TenancyConfig')) throw notServed('TenancyConfig');
  if (structure(input, 'CapacityProviderConfig')) throw notServed('CapacityProviderConfig');
  if (isAsking(structure(input, 'DurableConfig'))) throw notServed('DurableConfig');
}

/** Whether anything below says more than empty, zero or false. */
function isAsking(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object') return Object.values(value).some(isAsking);
  return true;
}
