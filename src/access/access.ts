/** What a request asks permission for. */
import type { Place } from '#metadata';
import type { Input } from '#wire';
import type { KeySource } from './request-keys.ts';
import type { Resource, ResourceOf } from './resources.ts';

/** One permission. A request may need several: all must be given. */
export interface Access {
  /** `lambda:InvokeFunction` */
  readonly action: string;
  readonly resource: Resource;
  /** Where the condition keys of this operation come from, besides those that every request has. */
  readonly keys: readonly KeySource[];
  /** The account's root may do this whatever the resource's own policy says: nobody can lock the account out of a resource. */
  readonly rootAlways: boolean;
}

/** How the permissions of one operation are found. */
export interface AccessRow {
  readonly action: string;
  readonly resource: ResourceOf;
  readonly keys?: readonly KeySource[];
  readonly rootAlways?: boolean;
  /** Further permissions that this request needs besides. */
  readonly also?: (input: Input, place: Place) => readonly Access[];
}

export type AccessRows = ReadonlyMap<string, AccessRow>;

const noKeys: readonly KeySource[] = [];

/** Every permission that an operation with this input needs, its own first. */
export function accessOf(row: AccessRow, input: Input, place: Place): readonly Access[] {
  const { action, resource, keys = noKeys, rootAlways = false, also } = row;
  const first: Access = { action, resource: resource(input, place), keys, rootAlways };
  return also === undefined ? [first] : [first, ...also(input, place)];
}

export function accessTo(action: string, resource: Resource, keys: readonly KeySource[] = noKeys): Access {
  return { action, resource, keys, rootAlways: false };
}
