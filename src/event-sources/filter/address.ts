/** Addresses of IP, 4 and 6, and networks of them (`10.0.0.0/24`, `2001:db8::/32`), for `cidr` conditions. Pure. */

export interface Network {
  /** 4 bytes, or 16. */
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** Longer texts are no addresses; they are not read. */
const addressCharsMax = 45;

export function parseNetwork(text: string): Network | undefined {
  const [address = '', bitsText = '', ...rest] = text.split('/', 3);
  const bytes = parseAddress(address);
  if (bytes === undefined || rest.length > 0 || !/^\d{1,3}$/.test(bitsText)) return undefined;
  const bits = Number(bitsText);
  return bits <= bytes.length * 8 ? { bytes, bits } : undefined;
}

/** Whether the text is an address within the network. */
export function isWithin({ bytes, bits }: Network, text: string): boolean {
  const address = parseAddress(text);
  if (address?.length !== bytes.length) return false;
  return bytes.every((byte, index) => {
    const counted = Math.min(8, Math.max(0, bits - index * 8));
    const mask = (0xff00 >> counted) & 0xff;
    return (byte & mask) === ((address[index] ?? 0) & mask);
  });
}

export function parseAddress(text: string): readonly number[] | undefined {
  if (text.length > addressCharsMax) return undefined;
  return text.includes(':') ? parseSix(text) : parseFour(text);
}

function parseFour(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = parts.map((part) => (/^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  return bytes.every((byte) => byte < 256) ? bytes : undefined;
}

function parseSix(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  const [head, tail] = [groupsOf(halves[0] ?? ''), groupsOf(halves[1] ?? '')];
  if (halves.length > 2 || head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // `::` stands for one group at least.
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** `1:2:3`, the last two groups of which may be an address of IP 4. */
function groupsOf(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const last = groups.at(-1) ?? '';
  const four = last.includes('.') ? parseFour(last) : [];
  if (four === undefined) return undefined;
  const bytes: number[] = [];
  for (const group of four.length > 0 ? groups.slice(0, -1) : groups) {
    if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return [...bytes, ...four];
}
