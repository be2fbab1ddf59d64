/** What scheduled actions and scaling policies have in common: each has a name below its target, by which it is found, listed and deleted. */
import { removeRecord } from '#platform';
import type { Input, Output, RequestContext } from '#wire';
import type { Parts } from '../parts.ts';
import { namedKey, placePrefix } from '../records.ts';
import { missing } from './answers.ts';
import { pageOf, placeOf, requireLambda, targetOf, text, texts } from './request.ts';

interface Kind {
  readonly collection: 'actions' | 'policies';
  readonly what: Parameters<typeof missing>[0];
  /** The members that say one name, and several. */
  readonly name: string;
  readonly names: string;
}

export const scheduledActions: Kind = {
  collection: 'actions',
  what: 'scheduled action',
  name: 'ScheduledActionName',
  names: 'ScheduledActionNames',
};

export const scalingPolicies: Kind = {
  collection: 'policies',
  what: 'scaling policy',
  name: 'PolicyName',
  names: 'PolicyNames',
};

export async function deleteNamed(
  parts: Parts,
  { collection, what, name: member }: Kind,
  input: Input,
  context: RequestContext,
): Promise<Output> {
  const { store } = parts;
  const target = targetOf(input, context);
  const name = text(input, member) ?? '';
  await store.change(async () => {
    const found = await store.find(namedKey(collection, target, target.resourceId, name));
    if (!found) throw missing(what, target, name);
    return { writes: [removeRecord(found)], result: undefined };
  });
  await parts.changed(target);
  return {};
}

/** A page of those that the request asks for. */
export function pageOfNamed<Value extends { readonly resourceId: string; readonly name: string }>(
  { store }: Parts,
  { collection, names: member }: Kind,
  input: Input,
  context: RequestContext,
): ReturnType<typeof pageOf<Value>> {
  requireLambda(input);
  const names = texts(input, member);
  const resourceId = text(input, 'ResourceId');
  return pageOf<Value>(
    store,
    placePrefix(collection, placeOf(context)),
    input,
    (value) =>
      (resourceId === undefined || value.resourceId === resourceId) &&
      (names === undefined || names.length === 0 || names.includes(value.name)),
  );
}
