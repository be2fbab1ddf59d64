/** Pages of lists. A marker is the name after which the next page starts, opaque to clients. */
import { compareCodePoints } from '#lib/code-point-order';
import type { Input, Output } from '#wire';
import { validation } from './answers.ts';
import { pageItemsDefault, pageItemsMax } from './limits.ts';
import { number, text } from './request.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  /** IsTruncated and Marker. */
  readonly end: Output;
}

/** `nameOf` must differ from item to item; items come in its order. */
export function page<Item>(input: Input, items: readonly Item[], nameOf: (item: Item) => string): Page<Item> {
  const max = Math.min(number(input, 'MaxItems') ?? pageItemsDefault, pageItemsMax);
  const marker = text(input, 'Marker');
  const after = marker === undefined ? undefined : fromMarker(marker);
  const rest = items
    .map((item) => ({ item, name: nameOf(item) }))
    .filter(({ name }) => after === undefined || compareCodePoints(name, after) > 0)
    .sort((a, b) => compareCodePoints(a.name, b.name));
  const taken = rest.slice(0, max);
  const last = taken.at(-1);
  const end: Output =
    rest.length > max && last !== undefined
      ? { IsTruncated: true, Marker: toMarker(last.name) }
      : { IsTruncated: false };
  return { items: taken.map(({ item }) => item), end };
}

const toMarker = (name: string): string => Buffer.from(`1:${name}`).toString('base64url');

function fromMarker(marker: string): string {
  const decoded = Buffer.from(marker, 'base64url').toString('utf8');
  if (!decoded.startsWith('1:') || toMarker(decoded.slice(2)) !== marker) throw validation('Invalid Marker.');
  return decoded.slice(2);
}
