/**
 * The operations of the Lambda API, linked from the generated table: names of shapes become the shapes themselves.
 * Linking is lazy per shape, so that start-up pays for parsing the table (about a millisecond) and nothing else.
 */
import { assert } from '#lib/assert';
import table from '../generated/lambda.json' with { type: 'json' };
import type { Member, Operation, Shape, StructureShape } from './shape.ts';

export type OperationName = keyof typeof table.operations;

interface ShapeRow {
  readonly type: string;
  readonly member?: string;
  readonly key?: string;
  readonly value?: string;
  readonly members?: Readonly<Record<string, MemberRow>>;
}

interface MemberRow extends Omit<Member, 'shape'> {
  readonly shape: string;
}

const rows = table.shapes as unknown as Readonly<Record<string, ShapeRow>>;
/** Shapes whose enum Lambda checks late (see StringShape). */
const lateEnums: ReadonlySet<string> = new Set(['Runtime']);
const linked = new Map<string, Shape>();

/** Every operation by its name, in the order of their names. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries(table.operations).map(([name, row]) => [
    name,
    {
      name,
      method: row.method,
      uri: row.uri,
      statusCode: row.statusCode,
      errors: row.errors,
      get input() {
        return linkStructure(row.input);
      },
      get output() {
        return linkStructure(row.output);
      },
    },
  ]),
);

function linkStructure(name: string): StructureShape {
  const shape = link(name);
  assert(shape.type === 'structure', `${name} is no structure`);
  return shape;
}

function link(name: string): Shape {
  const known = linked.get(name);
  if (known !== undefined) return known;
  const row = rows[name];
  assert(row !== undefined, `the table has no shape ${name}`);
  const shape: Record<string, unknown> = lateEnums.has(name) ? { ...row, lateEnum: true } : { ...row };
  linked.set(name, shape as unknown as Shape); // before what it consists of: shapes may be recursive
  if (row.member !== undefined) shape['member'] = link(row.member);
  if (row.key !== undefined) shape['key'] = link(row.key);
  if (row.value !== undefined) shape['value'] = link(row.value);
  if (row.members !== undefined) {
    shape['members'] = Object.fromEntries(
      Object.entries(row.members).map(([member, { shape, ...rest }]) => [
        member,
        { ...rest, shape: link(shape) },
      ]),
    );
  }
  if (row.type === 'structure' && row.members === undefined) shape['members'] = {};
  return shape as unknown as Shape;
}
