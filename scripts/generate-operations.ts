/**
 * Makes src/wire/generated/lambda.json: every operation, shape and error of the Lambda API, from two sources that each
 * lack what the other has. The pinned `@aws-sdk/client-lambda` knows routes, bindings, secrecy and errors' statuses
 * (its exported schemas, read through `@smithy/core`); constraints.json knows bounds, patterns, enums, which member has
 * which shape, and the errors an operation declares. Enum values are the union of both: the client may be newer.
 *
 * `npm run generate` writes the file; a test compares it with what the pinned package gives.
 */
import { writeFileSync } from 'node:fs';
import * as client from '@aws-sdk/client-lambda';
import { NormalizedSchema } from '@smithy/core/schema';
import constraints from '../src/wire/generated/constraints.json' with { type: 'json' };

interface Constraint {
  readonly type: string;
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly required?: readonly string[];
  readonly members?: Readonly<Record<string, string>>;
  readonly member?: string;
  readonly key?: string;
  readonly value?: string;
}

type Row = Record<string, unknown>;
type Schema = NormalizedSchema;

const shapeConstraints: Readonly<Record<string, Constraint>> = constraints.shapes;
const declaredErrors: Readonly<Record<string, readonly string[]>> = constraints.errors;
const exported = client as unknown as Readonly<Record<string, unknown>>;

const kinds = { error: -3, structure: 3, operation: 9 } as const;

/** The whole table, ready to be written as JSON; keys sorted, so that equal tables are equal text. */
export function generateTable(): Row {
  const shapes = new Map<string, Row>();
  const operations: Record<string, Row> = {};
  const errors: Record<string, Row> = {};
  for (const tuple of tuplesOf(kinds.operation)) {
    const [, , name, traits, input, output] = tuple as [
      number,
      string,
      string,
      Row,
      () => never,
      () => never,
    ];
    const [method, uri, statusCode] = traits['http'] as [string, string, number];
    operations[name] = {
      method,
      uri,
      statusCode,
      input: addRoot(NormalizedSchema.of(input()), `${name}Input`, shapes),
      output: addRoot(NormalizedSchema.of(output()), `${name}Output`, shapes),
      errors: declaredErrors[name] ?? fail(`constraints.json does not know the operation ${name}`),
    };
  }
  for (const tuple of tuplesOf(kinds.error)) {
    const schema = NormalizedSchema.of(tuple as never);
    const traits = schema.getMergedTraits() as Row;
    if (traits['httpError'] === undefined) continue; // the client's own root of all errors
    errors[nameOf(schema)] = errorRow(schema, traits);
  }
  return {
    operations: sorted(operations),
    errors: sorted(errors),
    shapes: sorted(Object.fromEntries(shapes)),
  };
}

/** One row a line: a change of the model is a readable difference. */
export function formatTable(table: Row): string {
  const sections = Object.entries(table).map(([section, rows]) => {
    const lines = Object.entries(rows as Row).map(
      ([name, row]) => `${JSON.stringify(name)}: ${JSON.stringify(row)}`,
    );
    return `${JSON.stringify(section)}: {\n${lines.join(',\n')}\n}`;
  });
  return `{\n${sections.join(',\n')}\n}\n`;
}

function tuplesOf(kind: number): readonly unknown[] {
  return Object.values(exported).filter((value) => Array.isArray(value) && value[0] === kind);
}

/** An operation without input or output has the model's empty structure, which has no name of its own. */
function addRoot(schema: Schema, unitName: string, shapes: Map<string, Row>): string {
  if (!schema.isUnitSchema()) return addShape(schema, nameOf(schema), shapes);
  shapes.set(unitName, { type: 'structure', members: {} });
  return unitName;
}

function errorRow(schema: Schema, traits: Row): Row {
  const members = [...schema.structIterator()].map(([name, member]) => ({
    name,
    header: (member.getMergedTraits() as Row)['httpHeader'],
  }));
  const message = members.find(({ name }) => name.toLowerCase() === 'message');
  return {
    statusCode: traits['httpError'],
    fault: traits['error'],
    message: message?.name ?? fail(`${nameOf(schema)} has no message`),
    headers: Object.fromEntries(
      members.flatMap(({ name, header }) => (typeof header === 'string' ? [[name, header]] : [])),
    ),
  };
}

/** Adds the shape and all below it, and returns its name. */
function addShape(schema: Schema, name: string, shapes: Map<string, Row>): string {
  const sensitive = (schema.getMergedTraits() as Row)['sensitive'] === 1;
  const known = shapes.get(name);
  if (known !== undefined) {
    if (sensitive) known['sensitive'] = true; // secret in one place, secret everywhere
    return name;
  }
  const constraint = shapeConstraints[name] ?? fail(`constraints.json does not know the shape ${name}`);
  const type = constraint.type;
  if (type !== typeOf(schema, type))
    fail(`${name} is a ${typeOf(schema, type)} in the client, a ${type} in constraints.json`);
  const row: Row = { type };
  shapes.set(name, row); // before its members: shapes may be recursive
  if (sensitive) row['sensitive'] = true;
  addConstraints(row, name, constraint);
  if (schema.isListSchema())
    row['member'] = addShape(schema.getValueSchema(), constraint.member ?? fail(name), shapes);
  if (schema.isMapSchema()) {
    row['key'] = addShape(schema.getKeySchema(), constraint.key ?? fail(name), shapes);
    row['value'] = addShape(schema.getValueSchema(), constraint.value ?? fail(name), shapes);
  }
  if (schema.isStructSchema()) {
    if (schema.isStreaming()) row['stream'] = true;
    row['members'] = membersOf(schema, name, constraint, shapes);
  }
  return name;
}

function addConstraints(row: Row, name: string, constraint: Constraint): void {
  const { min, max, pattern } = constraint;
  Object.assign(row, {
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(pattern !== undefined && { pattern }),
  });
  const newer = exported[name];
  const newerValues =
    constraint.type === 'string' && typeof newer === 'object' && newer !== null
      ? Object.values(newer).filter((value): value is string => typeof value === 'string')
      : [];
  const values = [...new Set([...(constraint.enum ?? []), ...newerValues])];
  if (values.length > 0) row['enum'] = values;
}

function membersOf(schema: Schema, name: string, constraint: Constraint, shapes: Map<string, Row>): Row {
  const members: Row = {};
  for (const [member, memberSchema] of schema.structIterator()) {
    const shape = constraint.members?.[member] ?? fail(`constraints.json does not know ${name}.${member}`);
    members[member] = {
      shape: addShape(memberSchema, shape, shapes),
      ...(constraint.required?.includes(member) === true && { required: true }),
      ...bindingOf(memberSchema.getMergedTraits()),
    };
  }
  return members;
}

function bindingOf(traits: Row): Row {
  if (traits['httpLabel'] === 1) return { place: 'label' };
  if (traits['httpPayload'] === 1) return { place: 'payload' };
  if (traits['eventPayload'] === 1) return { place: 'event' };
  if (traits['httpResponseCode'] === 1) return { place: 'status' };
  if (typeof traits['httpQuery'] === 'string') return { place: 'query', name: traits['httpQuery'] };
  if (typeof traits['httpHeader'] === 'string') return { place: 'header', name: traits['httpHeader'] };
  return {};
}

/** The client does not tell integers from longs and doubles; where it says number, the table's word counts. */
function typeOf(schema: Schema, tableType: string): string {
  if (schema.isStructSchema()) return 'structure';
  if (schema.isListSchema()) return 'list';
  if (schema.isMapSchema()) return 'map';
  if (schema.isBlobSchema()) return 'blob';
  if (schema.isTimestampSchema()) return 'timestamp';
  if (schema.isStringSchema()) return 'string';
  if (schema.isBooleanSchema()) return 'boolean';
  if (schema.isNumericSchema())
    return ['integer', 'long', 'double'].includes(tableType) ? tableType : 'number';
  return fail(`a schema of a kind that the wire does not know: ${String(schema.getName())}`);
}

function nameOf(schema: Schema): string {
  return schema.getName() ?? fail('a structure without a name');
}

function sorted(rows: Readonly<Record<string, Row>>): Row {
  return Object.fromEntries(Object.entries(rows).sort(([left], [right]) => (left < right ? -1 : 1)));
}

function fail(message: string): never {
  throw new Error(message);
}

if (import.meta.main) {
  const file = new URL('../src/wire/generated/lambda.json', import.meta.url);
  writeFileSync(file, formatTable(generateTable()));
  console.log(`wrote ${file.pathname}`);
}
