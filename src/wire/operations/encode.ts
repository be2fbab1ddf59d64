/**
 * From members to JSON: timestamps as epoch seconds, blobs as base64, undefined left out. A handler that answers a member
 * that its operation does not have, or one of the wrong type, broke an invariant: clients would not understand it.
 */
import { assert, unreachable } from '#lib/assert';
import type { Shape, StructureShape } from './shape.ts';

/** What JSON.stringify takes. */
export function encodeJson(shape: Shape, value: unknown, path: string): unknown {
  switch (shape.type) {
    case 'string':
      assert(typeof value === 'string', `${path} must be a string`);
      return value;
    case 'boolean':
      assert(typeof value === 'boolean', `${path} must be a boolean`);
      return value;
    case 'integer':
    case 'long':
      assert(Number.isSafeInteger(value), `${path} must be a whole number`);
      return value;
    case 'double':
      assert(Number.isFinite(value), `${path} must be a number`);
      return value;
    case 'timestamp':
      return encodeDate(value, path).getTime() / 1000;
    case 'blob':
      assert(value instanceof Uint8Array, `${path} must be bytes`);
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
    case 'list':
      assert(Array.isArray(value), `${path} must be a list`);
      return value.map((item, index) => encodeJson(shape.member, item, `${path}[${index}]`));
    case 'map':
      return Object.fromEntries(
        definedEntries(value, path).map(([key, item]) => [
          key,
          encodeJson(shape.value, item, `${path}.${key}`),
        ]),
      );
    case 'structure':
      return encodeStructure(shape, value, path);
    default:
      return unreachable(shape);
  }
}

/** All members, body-bound ones only: members with a place travel elsewhere. */
export function encodeStructure(
  shape: StructureShape,
  value: unknown,
  path: string,
): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, item] of definedEntries(value, path)) {
    const member = shape.members[name];
    assert(member !== undefined, `${path} has no member ${name}`);
    if (member.place === undefined) json[name] = encodeJson(member.shape, item, `${path}.${name}`);
  }
  return json;
}

/** The text of a header: HTTP dates, numbers and booleans as words. */
export function encodeText(shape: Shape, value: unknown, path: string): string {
  if (shape.type === 'timestamp') return encodeDate(value, path).toUTCString();
  return String(encodeJson(shape, value, path));
}

function encodeDate(value: unknown, path: string): Date {
  assert(value instanceof Date && !Number.isNaN(value.getTime()), `${path} must be a date`);
  return value;
}

function definedEntries(value: unknown, path: string): [string, unknown][] {
  assert(typeof value === 'object' && value !== null && !Array.isArray(value), `${path} must be an object`);
  return Object.entries(value).filter(([, item]) => item !== undefined);
}
