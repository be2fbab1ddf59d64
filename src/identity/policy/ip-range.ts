/** IP addresses and CIDR ranges as the IpAddress operators compare them. An IPv4 address inside IPv6 (`::ffff:10.0.0.1`) is the IPv4 address. */

export interface IpRange {
  /** 4 or 16. */
  readonly bytes: readonly number[];
  /** Bits of the beginning that must agree. */
  readonly prefixBits: number;
}

/** Long enough for every address with its prefix. */
const charactersMax = 64;
const mappedBits = 96;

export function parseIpRange(text: string): IpRange | undefined {
  if (text.length > charactersMax) return undefined;
  const [address = '', prefix, ...more] = text.split('/');
  const bytes = addressBytes(address);
  if (bytes === undefined || more.length > 0) return undefined;
  if (prefix === undefined) return unmapped({ bytes, prefixBits: bytes.length * 8 });
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bytes.length * 8) return undefined;
  return unmapped({ bytes, prefixBits: Number(prefix) });
}

/** Whether every address of `inner` is in `outer`; an address is a range of one. */
export function contains(outer: IpRange, inner: IpRange): boolean {
  if (outer.bytes.length !== inner.bytes.length || inner.prefixBits < outer.prefixBits) return false;
  const whole = Math.floor(outer.prefixBits / 8);
  for (let index = 0; index < whole; index++) {
    if (outer.bytes[index] !== inner.bytes[index]) return false;
  }
  const rest = outer.prefixBits % 8;
  if (rest === 0) return true;
  const difference = (outer.bytes[whole] ?? 0) ^ (inner.bytes[whole] ?? 0);
  return difference >> (8 - rest) === 0;
}

function unmapped(range: IpRange): IpRange {
  const { bytes, prefixBits } = range;
  const isMapped =
    bytes.length === 16 &&
    bytes.slice(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 255 &&
    bytes[11] === 255;
  if (!isMapped || prefixBits < mappedBits) return range;
  return { bytes: bytes.slice(12), prefixBits: prefixBits - mappedBits };
}

function addressBytes(text: string): readonly number[] | undefined {
  return text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text);
}

function ipv4Bytes(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  // A leading zero would be octal to some readers: not an address to any of them.
  if (!parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.map(Number);
}

function ipv6Bytes(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = '', tail] = halves;
  const before = groupBytes(head, tail === undefined);
  const after = tail === undefined ? [] : groupBytes(tail, true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 16 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...before, ...Array.from({ length: missing }, () => 0), ...after];
}

/** Of the groups between colons; the last may be an IPv4 address where the text ends. */
function groupBytes(text: string, endsAddress: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (endsAddress && index === groups.length - 1 && group.includes('.')) {
      const embedded = ipv4Bytes(group);
      if (embedded === undefined) return undefined;
      bytes.push(...embedded);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}
