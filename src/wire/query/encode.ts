/**
 * From members to XML, by the operation's output shape: timestamps as ISO 8601, blobs as base64, undefined left out. A handler that
 * answers a member that its operation does not have, or one of the wrong type, broke an invariant.
 */
import { assert } from '#lib/assert';
import { encodeJson } from '../operations/encode.ts';
import type { ListShape, MapShape, Member, Shape, StructureShape } from '../operations/shape.ts';
import { entryNamesOf, nameOf } from './decode.ts';
import { element, escapeXml } from './xml.ts';

/** The members as elements, without one around them. */
export function encodeMembers(shape: StructureShape, value: unknown, path: string): string {
  let xml = '';
  for (const [name, item] of definedEntries(value, path)) {
    const member = shape.members[name];
    assert(member !== undefined, `${path} has no member ${name}`);
    xml += encodeMember(name, member, item, `${path}.${name}`);
  }
  return xml;
}

function encodeMember(name: string, member: Member, value: unknown, path: string): string {
  const { shape } = member;
  const tag = nameOf(name, member);
  if (shape.type === 'list' && shape.flattened === true) {
    return itemsOf(shape, value, path)
      .map((item) => element(tag, item))
      .join('');
  }
  if (shape.type === 'map' && shape.flattened === true) {
    return entriesOf(shape, value, path)
      .map((entry) => element(tag, entry))
      .join('');
  }
  return element(tag, content(shape, value, path));
}

function content(shape: Shape, value: unknown, path: string): string {
  switch (shape.type) {
    case 'structure':
      return encodeMembers(shape, value, path);
    case 'list':
      return itemsOf(shape, value, path)
        .map((item) => element('member', item))
        .join('');
    case 'map':
      return entriesOf(shape, value, path)
        .map((entry) => element('entry', entry))
        .join('');
    case 'timestamp':
      assert(value instanceof Date && !Number.isNaN(value.getTime()), `${path} must be a date`);
      return value.toISOString().replace('.000Z', 'Z');
    case 'string':
    case 'boolean':
    case 'integer':
    case 'long':
    case 'double':
    case 'blob':
  }
  return escapeXml(String(encodeJson(shape, value, path)));
}

function itemsOf(shape: ListShape, value: unknown, path: string): readonly string[] {
  assert(Array.isArray(value), `${path} must be a list`);
  return value.map((item, index) => content(shape.member, item, `${path}[${index}]`));
}

function entriesOf(shape: MapShape, value: unknown, path: string): readonly string[] {
  const [keyName, valueName] = entryNamesOf(shape);
  return definedEntries(value, path).map(
    ([key, item]) =>
      element(keyName, escapeXml(key)) + element(valueName, content(shape.value, item, `${path}.${key}`)),
  );
}

function definedEntries(value: unknown, path: string): [string, unknown][] {
  assert(typeof value === 'object' && value !== null && !Array.isArray(value), `${path} must be an object`);
  return Object.entries(value).filter(([, item]) => item !== undefined);
}
