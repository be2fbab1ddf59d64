/**
 * CBOR (RFC 8949), as much of it as Smithy's RPC v2 uses. Reading takes every well-formed value within bounds, definite and indefinite lengths;
 * members' types are checked afterwards, as those of JSON are. Writing follows the shape of what is written: doubles are always 64 bits wide,
 * timestamps are tag 1.
 *
 *     ┌ 3 bits: kind ┬ 5 bits: value, or how many bytes of it follow (24: 1, 25: 2, 26: 4, 27: 8, 31: until `ff`) ┐
 */
import { assert, unreachable } from '#lib/assert';
import { WireError } from '../error.ts';
import type { Shape, StructureShape } from '../operations/shape.ts';
import { nestingMax, valuesMax } from './limits.ts';

const until = 31;
const endByte = 0xff;
const epochTag = 1;

/** One value and nothing after it. Timestamps become epoch seconds; `undefined` becomes null. Throws a SerializationException. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (!reader.atEnd) refuse('Something follows the end of the message');
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): unknown {
    this.#values += 1;
    if (depth > nestingMax) refuse(`Nested more than ${nestingMax} deep`);
    if (this.#values > valuesMax) refuse(`More than ${valuesMax} values`);
    const head = this.#byte();
    const info = head & 0x1f;
    switch (head >> 5) {
      case 0:
        return this.#number(info);
      case 1:
        return -1 - this.#number(info);
      case 2:
        return this.#pieces(info, 2);
      case 3:
        return text(this.#pieces(info, 3));
      case 4:
        return this.#list(info, depth);
      case 5:
        return this.#map(info, depth);
      case 6:
        return this.#tagged(this.#number(info), depth);
      default:
        return this.#simple(info);
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) return refuse('The message ends too early');
    this.#at += 1;
    return byte;
  }

  #skip(count: number): number {
    const start = this.#at;
    if (count > this.#bytes.length - start) refuse('The message ends too early');
    this.#at += count;
    return start;
  }

  #number(info: number): number {
    if (info < 24) return info;
    switch (info) {
      case 24:
        return this.#byte();
      case 25:
        return this.#view.getUint16(this.#skip(2));
      case 26:
        return this.#view.getUint32(this.#skip(4));
      case 27:
        // Beyond what a double holds exactly nothing is a valid length, and no member takes such a number.
        return Number(this.#view.getBigUint64(this.#skip(8)));
      default:
        return refuse('A length that is none');
    }
  }

  #pieces(info: number, kind: 2 | 3): Uint8Array {
    if (info !== until) {
      const length = this.#number(info);
      const start = this.#skip(length);
      return this.#bytes.subarray(start, start + length);
    }
    const pieces: Uint8Array[] = [];
    while (!this.#ends()) {
      this.#values += 1;
      if (this.#values > valuesMax) refuse(`More than ${valuesMax} values`);
      const head = this.#byte();
      if (head >> 5 !== kind || (head & 0x1f) === until) refuse('A piece of another kind');
      pieces.push(this.#pieces(head & 0x1f, kind));
    }
    return Buffer.concat(pieces);
  }

  #ends(): boolean {
    if (this.#bytes[this.#at] !== endByte) return false;
    this.#at += 1;
    return true;
  }

  #list(info: number, depth: number): unknown[] {
    const items: unknown[] = [];
    if (info === until) {
      while (!this.#ends()) items.push(this.value(depth + 1));
      return items;
    }
    // Grows as items come: a length alone reserves nothing.
    for (let left = this.#number(info); left > 0; left -= 1) items.push(this.value(depth + 1));
    return items;
  }

  #map(info: number, depth: number): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    const entry = (): void => {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') return refuse('A key that is no text');
      entries.push([key, this.value(depth + 1)]);
    };
    if (info === until) while (!this.#ends()) entry();
    else for (let left = this.#number(info); left > 0; left -= 1) entry();
    return Object.fromEntries(entries); // defines its keys, so that a key `__proto__` is a key like any other
  }

  #tagged(tag: number, depth: number): unknown {
    const value = this.value(depth + 1);
    if (tag !== epochTag) return refuse(`The tag ${tag} is not known here`);
    return typeof value === 'number' ? value : refuse('A timestamp that is no number');
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return half(this.#view.getUint16(this.#skip(2)));
      case 26:
        return this.#view.getFloat32(this.#skip(4));
      case 27:
        return this.#view.getFloat64(this.#skip(8));
      default:
        return refuse('A value of no known kind');
    }
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return refuse('A text that is no UTF-8');
  }
}

/** A number of 16 bits: sign, 5 bits of exponent, 10 of mantissa. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 0x1f) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

function refuse(message: string): never {
  throw new WireError('SerializationException', `${message}.`);
}

/** Members that are undefined are left out; a member that the shape does not have broke an invariant of ours. */
export function encodeCbor(shape: StructureShape, value: unknown): Uint8Array {
  const parts: Uint8Array[] = [];
  write(parts, shape, value, 'the answer');
  return Buffer.concat(parts);
}

function write(parts: Uint8Array[], shape: Shape, value: unknown, path: string): void {
  switch (shape.type) {
    case 'string':
      assert(typeof value === 'string', `${path} must be a string`);
      return writeText(parts, value);
    case 'boolean':
      assert(typeof value === 'boolean', `${path} must be a boolean`);
      parts.push(Uint8Array.of(value ? 0xf5 : 0xf4));
      return;
    case 'integer':
    case 'long':
      assert(Number.isSafeInteger(value), `${path} must be a whole number`);
      return writeWhole(parts, value as number);
    case 'double':
      assert(Number.isFinite(value), `${path} must be a number`);
      return writeDouble(parts, value as number);
    case 'timestamp': {
      assert(value instanceof Date && !Number.isNaN(value.getTime()), `${path} must be a date`);
      const seconds = value.getTime() / 1000;
      parts.push(Uint8Array.of(0xc0 | epochTag));
      return Number.isInteger(seconds) ? writeWhole(parts, seconds) : writeDouble(parts, seconds);
    }
    case 'blob':
      assert(value instanceof Uint8Array, `${path} must be bytes`);
      parts.push(headOf(2, value.length), value);
      return;
    case 'list': {
      assert(Array.isArray(value), `${path} must be a list`);
      parts.push(headOf(4, value.length));
      value.forEach((item, index) => write(parts, shape.member, item, `${path}[${index}]`));
      return;
    }
    case 'map':
      return writeEntries(parts, value, path, () => shape.value);
    case 'structure':
      return writeEntries(parts, value, path, (name) => shape.members[name]?.shape);
    default:
      return unreachable(shape);
  }
}

function writeEntries(
  parts: Uint8Array[],
  value: unknown,
  path: string,
  shapeOf: (name: string) => Shape | undefined,
): void {
  assert(typeof value === 'object' && value !== null && !Array.isArray(value), `${path} must be an object`);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  parts.push(headOf(5, entries.length));
  for (const [name, item] of entries) {
    const shape = shapeOf(name);
    assert(shape !== undefined, `${path} has no member ${name}`);
    writeText(parts, name);
    write(parts, shape, item, `${path}.${name}`);
  }
}

function writeText(parts: Uint8Array[], value: string): void {
  const bytes = Buffer.from(value, 'utf8');
  parts.push(headOf(3, bytes.length), bytes);
}

function writeWhole(parts: Uint8Array[], value: number): void {
  parts.push(value < 0 ? headOf(1, -1 - value) : headOf(0, value));
}

function writeDouble(parts: Uint8Array[], value: number): void {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xfb;
  bytes.writeDoubleBE(value, 1);
  parts.push(bytes);
}

function headOf(kind: number, value: number): Uint8Array {
  const first = kind << 5;
  if (value < 24) return Uint8Array.of(first | value);
  if (value < 0x100) return Uint8Array.of(first | 24, value);
  const wide = value >= 2 ** 32;
  const bytes = Buffer.alloc(value < 0x10000 ? 3 : wide ? 9 : 5);
  bytes[0] = first | (bytes.length === 3 ? 25 : wide ? 27 : 26);
  if (bytes.length === 3) bytes.writeUInt16BE(value, 1);
  else if (wide) bytes.writeBigUInt64BE(BigInt(value), 1);
  else bytes.writeUInt32BE(value, 1);
  return bytes;
}
