/** Pages of lists. A marker is where the next page starts, opaque to clients. */
import type { Documents } from '#platform';
import type { Input } from '#wire';
import { invalidParameter } from './answers.ts';
import { pageItemsMax } from './limits.ts';
import { number, text } from './request.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextMarker: string | undefined;
}

/**
 * Reads the documents below `prefix` that `accept` turns into items, as the request's Marker and MaxItems say; `taken`
 * items are on the page already, and a page has at most `most`.
 */
export async function page<Item>(
  documents: Documents,
  prefix: string,
  input: Input,
  accept: (value: unknown) => Item | undefined,
  taken = 0,
  most = pageItemsMax,
): Promise<Page<Item>> {
  const max = Math.min(number(input, 'MaxItems') ?? most, most - taken);
  const marker = text(input, 'Marker');
  const items: Item[] = [];
  let after = marker ? prefix + fromMarker(marker) : undefined;
  for (;;) {
    // One more than asked for shows whether there is a next page.
    const limit = max - items.length + 1;
    const listing = await documents.list(prefix, { limit, ...(after === undefined ? {} : { after }) });
    for (const { key, value } of listing.documents) {
      const item = accept(value);
      if (item !== undefined && items.length === max) {
        return { items, nextMarker: toMarker((after ?? prefix).slice(prefix.length)) };
      }
      if (item !== undefined) items.push(item);
      after = key;
    }
    if (listing.next === undefined) return { items, nextMarker: undefined };
  }
}

const toMarker = (position: string): string => Buffer.from(`1:${position}`).toString('base64url');

/** Before any key below any prefix. */
export const beforeFirst = toMarker('$');

function fromMarker(marker: string): string {
  const decoded = Buffer.from(marker, 'base64url').toString('utf8');
  if (!/^1:[a-zA-Z0-9$/_.-]{1,200}$/.test(decoded)) throw invalidParameter('Invalid Marker.');
  return decoded.slice(2);
}
