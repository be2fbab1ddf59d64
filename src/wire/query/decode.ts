/**
 * From a form's tree to members, by the operation's input shape. Types are checked here, constraints in `operations/validate.ts`.
 * Unknown parameters are dropped. Items of lists and entries of maps come in the order of their numbers, whatever is missing between.
 */
import { decodeJson, decodeText } from '../operations/decode.ts';
import type { ListShape, MapShape, Member, Shape, StructureShape } from '../operations/shape.ts';
import { type FormNode, malformed } from './form.ts';
import { indexDigitsMax } from './limits.ts';

export function decodeForm(shape: StructureShape, node: FormNode): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(shape.members)) {
    const child = node.children.get(nameOf(name, member));
    const value = child === undefined ? undefined : decodeNode(member.shape, child);
    if (value !== undefined) members[name] = value;
  }
  return members;
}

/** The name of a member in forms and answers. */
export function nameOf(name: string, member: Member): string {
  return member.name ?? name;
}

/** The names of a map's two halves. */
export const entryNamesOf = (shape: MapShape): readonly [string, string] =>
  shape.entryNames ?? ['key', 'value'];

function decodeNode(shape: Shape, node: FormNode): unknown {
  switch (shape.type) {
    case 'structure':
      return decodeForm(shape, node);
    case 'list':
      return decodeList(shape, node);
    case 'map':
      return decodeMap(shape, node);
    case 'blob':
      return node.value === undefined ? undefined : decodeJson(shape, node.value);
    case 'string':
    case 'boolean':
    case 'integer':
    case 'long':
    case 'double':
    case 'timestamp':
  }
  return node.value === undefined ? undefined : decodeText(shape, node.value);
}

/** An item that is not there (`Tags.member.1.Unknown=x`) is null: validation's to refuse. */
function decodeList(shape: ListShape, node: FormNode): unknown[] {
  return numbered(shape.flattened === true ? node : node.children.get('member')).map(
    (item) => decodeNode(shape.member, item) ?? null,
  );
}

function decodeMap(shape: MapShape, node: FormNode): Record<string, unknown> {
  const [keyName, valueName] = entryNamesOf(shape);
  const entries: [string, unknown][] = [];
  for (const entry of numbered(shape.flattened === true ? node : node.children.get('entry'))) {
    const key = entry.children.get(keyName)?.value;
    const valueNode = entry.children.get(valueName);
    const value = valueNode === undefined ? undefined : decodeNode(shape.value, valueNode);
    if (key === undefined || value === undefined)
      throw malformed('An entry of a map lacks its key or value.');
    entries.push([key, value]);
  }
  return Object.fromEntries(entries); // defines its keys, so that a key `__proto__` is a key like any other
}

function numbered(node: FormNode | undefined): readonly FormNode[] {
  const items: { readonly at: number; readonly item: FormNode }[] = [];
  for (const [index, item] of node?.children ?? []) {
    if (!/^\d+$/.test(index) || index.length > indexDigitsMax) {
      throw malformed(`The number of a list's item must have 1 to ${indexDigitsMax} digits.`);
    }
    items.push({ at: Number(index), item });
  }
  return items.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
