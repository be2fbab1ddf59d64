/** What extension headers say of an entry, laid over its own header. */
import { tarLimits, treeLimits } from '../limits.ts';
import { forbidden, malformed, tooLarge } from '../refusal.ts';
import type { Attribute, Time } from './entry.ts';
import type { Header } from './header.ts';
import { whole, type PaxRecord } from './pax.ts';

export interface Extensions {
  /** Later ones win. */
  readonly records: readonly PaxRecord[];
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
}

export function overlay(
  plain: Header,
  { records, longName, longLink }: Extensions,
): { readonly header: Header; readonly mtime: Time } {
  const header = { ...plain, name: longName ?? plain.name, linkName: longLink ?? plain.linkName };
  let mtime: Time = { seconds: plain.mtime, nanoseconds: 0 };
  for (const record of records) {
    switch (record.key) {
      case 'path':
        header.name = pathOf(record);
        break;
      case 'linkpath':
        header.linkName = pathOf(record);
        break;
      case 'size':
        header.sizeBytes = whole(record);
        break;
      case 'uid':
        header.uid = whole(record);
        break;
      case 'gid':
        header.gid = whole(record);
        break;
      case 'mtime':
        mtime = timeOf(record);
        break;
      default:
        break;
    }
  }
  for (const path of [header.name, header.linkName]) {
    if (path.length > tarLimits.pathBytesMax) throw tooLarge('a name is longer than 4095 bytes');
  }
  if (Math.max(header.uid, header.gid) > 0xffffffff) throw malformed('an owner is beyond 32 bits');
  return { header, mtime };
}

function pathOf({ key, value }: PaxRecord): string {
  if (value.includes('\0')) throw malformed(`the pax record ${key} has a NUL`);
  return value;
}

function timeOf({ value }: PaxRecord): Time {
  const parts = /^(-?)(\d{1,20})(?:\.(\d{1,30}))?$/.exec(value);
  if (parts === null) throw malformed('the pax record mtime is no time');
  const [, sign, whole = '', fraction = ''] = parts;
  const seconds = Math.min(Number(whole), Number.MAX_SAFE_INTEGER - 1);
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, '0'));
  if (sign !== '-') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

const attributePrefix = 'SCHILY.xattr.';
/** An overlay mount over the image would take these for its own orders: redirections, opaque directories. */
const overlayOrders = /^(trusted|user)\.overlay\./;

/** The extended attributes, each name once. Source of the form: star(1), pax keyword `SCHILY.xattr`. */
export function entryAttributes(records: readonly PaxRecord[]): readonly Attribute[] {
  const found = new Map<string, Attribute>();
  for (const { key, value } of records) {
    if (!key.startsWith(attributePrefix)) continue;
    const name = key.slice(attributePrefix.length);
    if (overlayOrders.test(name)) throw forbidden(`the extended attribute ${name} is for overlays only`);
    // An empty value takes back what a global header said.
    if (value === '') found.delete(name);
    else found.set(name, { name, value });
  }
  if (found.size > treeLimits.attributesMax) throw tooLarge('a file has too many extended attributes');
  return [...found.values()];
}
