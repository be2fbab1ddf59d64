/**
 * From JSON, and from the texts of paths, queries and headers, to members: the types are checked here, the constraints
 * in validate.ts. Unknown members are dropped and null means absent, as on AWS. What has the wrong type is a
 * SerializationException, whose wording follows what AWS's services answer.
 */
import { unreachable } from '#lib/assert';
import { WireError } from '../error.ts';
import type { MapShape, Shape, StructureShape } from './shape.ts';

const integerMax = 2 ** 31 - 1;
const dateMsMax = 8.64e15;

/** The value, checked against its shape's type; undefined for null. */
export function decodeJson(shape: Shape, json: unknown): unknown {
  if (json === null || json === undefined) return undefined;
  switch (shape.type) {
    case 'string':
      return typeof json === 'string' ? json : mismatch(json, 'a String');
    case 'boolean':
      return typeof json === 'boolean' ? json : mismatch(json, 'a Boolean');
    case 'integer':
    case 'long':
    case 'double':
      return typeof json === 'number'
        ? decodeNumber(shape.type, json)
        : mismatch(json, numberWords[shape.type]);
    case 'timestamp':
      return typeof json === 'number' ? decodeDate(json * 1000) : mismatch(json, 'milliseconds since epoch');
    case 'blob':
      return typeof json === 'string' ? decodeBase64(json) : mismatch(json, 'a Blob');
    case 'list':
      if (!Array.isArray(json)) return refuse(startOf(json) ?? 'Expected list or null');
      return json.map((item) => decodeJson(shape.member, item) ?? null); // a null item is validation's to refuse
    case 'map':
      return decodeMap(shape, json);
    case 'structure':
      return decodeStructure(shape, json);
    default:
      return unreachable(shape);
  }
}

/** The members of a JSON object that the structure knows, body-bound or not. */
export function decodeStructure(shape: StructureShape, json: unknown): Record<string, unknown> {
  const object = objectOf(json, 'Expected null');
  const members: Record<string, unknown> = {};
  for (const name in shape.members) {
    const member = shape.members[name];
    if (member === undefined || member.place !== undefined || !Object.hasOwn(object, name)) continue;
    const value = decodeJson(member.shape, object[name]);
    if (value !== undefined) members[name] = value;
  }
  return members;
}

/** From the text of a label, query parameter or header. */
export function decodeText(shape: Shape, text: string): unknown {
  switch (shape.type) {
    case 'string':
      return text;
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      return mismatch(text, 'a Boolean');
    case 'integer':
    case 'long':
      return /^[+-]?\d{1,16}$/.test(text)
        ? decodeNumber(shape.type, Number(text))
        : mismatch(text, numberWords[shape.type]);
    case 'double':
      return /^[+-]?\d{1,25}(\.\d{1,25})?(e[+-]?\d{1,3})?$/i.test(text)
        ? decodeNumber(shape.type, Number(text))
        : mismatch(text, numberWords.double);
    case 'timestamp':
      return decodeDateText(text);
    case 'list':
      return [decodeText(shape.member, text)];
    case 'blob':
    case 'map':
    case 'structure':
      return mismatch(text, `a ${shape.type}`);
    default:
      return unreachable(shape);
  }
}

function decodeMap(shape: MapShape, json: unknown): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(objectOf(json, 'Expected map or null'))) {
    const value = decodeJson(shape.value, item);
    if (value !== undefined) entries.push([key, value]);
  }
  return Object.fromEntries(entries); // defines its keys, so that a key `__proto__` is a key like any other
}

function objectOf(json: unknown, expectation: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null) return refuse(expectation);
  if (Array.isArray(json)) return refuse('Start of list found where not expected');
  return json as Readonly<Record<string, unknown>>;
}

const numberWords = { integer: 'an Integer', long: 'a Long', double: 'a Double' } as const;

function decodeNumber(type: 'integer' | 'long' | 'double', value: number): number {
  const fits =
    type === 'double'
      ? Number.isFinite(value)
      : Number.isSafeInteger(value) && (type === 'long' || (value <= integerMax && value >= -integerMax - 1));
  return fits ? value : mismatch(value, numberWords[type]);
}

/** Standard alphabet, padded: what a lenient decoder would skip over is refused. */
function decodeBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0) {
    return refuse(`Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`);
  }
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== (text.length / 4) * 3 - padding || text.includes('-') || text.includes('_')) {
    return refuse('Invalid Base64 character');
  }
  return bytes;
}

function decodeDate(ms: number): Date {
  return Math.abs(ms) <= dateMsMax ? new Date(Math.round(ms)) : mismatch(ms, 'milliseconds since epoch');
}

/** Query parameters carry RFC 3339, headers HTTP dates; epoch seconds are taken in both. */
function decodeDateText(text: string): Date {
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return decodeDate(Number(text) * 1000);
  const dated =
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$|^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
  const ms = dated.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? mismatch(text, 'milliseconds since epoch') : decodeDate(ms);
}

function startOf(json: unknown): string | undefined {
  if (Array.isArray(json)) return 'Start of list found where not expected';
  return typeof json === 'object' ? 'Start of structure or map found where not expected.' : undefined;
}

function mismatch(json: unknown, expected: string): never {
  return refuse(startOf(json) ?? `${tokenOf(json)} can not be converted to ${expected}`);
}

function tokenOf(json: unknown): string {
  if (typeof json === 'boolean') return json ? 'TRUE_VALUE' : 'FALSE_VALUE';
  return typeof json === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE';
}

function refuse(message: string): never {
  throw new WireError('SerializationException', message);
}
