/**
 * Every member of every operation's input, broken in each way its shape can be broken: wrong type, too long, too short,
 * out of range, ill-patterned, outside the enum, missing. Each is refused with AWS's name, at AWS's path.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { unreachable } from '#lib/assert';
import * as fc from 'fast-check';
import { WireError } from '../error.ts';
import { encodeJson, encodeText } from '../operations/encode.ts';
import { valid, validStructure } from '../operations/fixtures/arbitrary.ts';
import { requestOf } from '../operations/fixtures/request.ts';
import { matchesPattern } from '../operations/pattern.ts';
import type { Place, Shape, StringShape, StructureShape } from '../operations/shape.ts';
import { operations } from '../operations/table.ts';
import { decodeInput } from './decode.ts';
import { Router } from './route.ts';

interface Breakage {
  /** As JSON, or as the text of a label, query or header. */
  readonly value: unknown;
  readonly errorName: 'SerializationException' | 'ValidationException' | 'InvalidParameterValueException';
  /** Where a broken constraint is reported. */
  readonly path: string;
}

const router = new Router(operations.values());
const sampleMax = 100_000;

function* breakages(shape: Shape, path: string, place: Place): Generator<Breakage> {
  yield* wrongTypes(shape, path, place);
  for (const value of brokenValues(shape)) {
    if (place === 'label' && value === '') continue; // that is another route
    if (place === 'query' && Array.isArray(value) && value.length === 0) continue; // that cannot be said
    const late = shape.type === 'string' && shape.lateEnum === true;
    yield { value, path, errorName: late ? 'InvalidParameterValueException' : 'ValidationException' };
  }
  if (shape.type === 'list') yield* brokenItems(shape.member, path, place);
  if (shape.type === 'map') {
    const key = sample(shape.key) as string;
    for (const broken of brokenValues(shape.key)) {
      yield { value: { [broken as string]: sample(shape.value) }, path, errorName: 'ValidationException' };
    }
    for (const { value, errorName, path: below } of breakages(
      shape.value,
      isNested(shape.value) ? `${path}.${key}.member` : path,
      'body',
    )) {
      yield { value: { [key]: value }, path: below, errorName };
    }
  }
  if (shape.type === 'structure') yield* brokenMembers(shape, `${path}.`);
}

function* wrongTypes(shape: Shape, path: string, place: Place): Generator<Breakage> {
  const errorName = 'SerializationException';
  if (place === 'body' || place === 'payload') {
    for (const value of wrongJson(shape)) yield { value, path, errorName };
  } else if (shape.type !== 'string' && !(shape.type === 'list' && shape.member.type === 'string')) {
    const texts = ['abc', '1e3', 'NaN', ' 1', ...(place === 'label' ? [] : [''])]; // an empty label is another route
    for (const value of texts) yield { value, path, errorName };
  }
}

function wrongJson(shape: Shape): readonly unknown[] {
  switch (shape.type) {
    case 'string':
      return [7, true, {}, ['x']];
    case 'blob':
      return [7, false, {}, [], 'abc', '====', 'YQ-_', 'a b='];
    case 'boolean':
      return ['true', 1, {}, []];
    case 'integer':
      return ['1', true, 1.5, 2 ** 31, -(2 ** 31) - 1, {}, []];
    case 'long':
      return ['1', false, 1.5, 2 ** 60, {}, []];
    case 'double':
    case 'timestamp':
      return ['1', true, {}, [], ...(shape.type === 'timestamp' ? [1e300] : [])];
    case 'list':
      return ['x', 7, true, {}];
    case 'map':
    case 'structure':
      return ['x', 7, true, []];
    default:
      return unreachable(shape);
  }
}

/** Values of the right type that break one constraint of their own shape. */
function* brokenValues(shape: Shape): Generator {
  if (shape.type === 'boolean' || shape.type === 'timestamp' || shape.type === 'structure') return;
  const { min, max } = shape;
  if (max !== undefined && max < sampleMax) yield ofSize(shape, max + 1);
  if (min !== undefined && min > (isNumber(shape) ? -(2 ** 31) : 0)) yield ofSize(shape, min - 1);
  if (shape.type === 'string') yield* illSpelled(shape);
}

function* illSpelled(shape: StringShape): Generator<string> {
  if (shape.enum !== undefined) yield 'no such value';
  const { pattern, min = 0, max = 1000 } = shape;
  if (pattern === undefined) return;
  const ill = ['!', ' ', '\n', 'é', '.', '\0', '~~']
    .map((text) => text.repeat(Math.max(1, min)))
    .find((text) => text.length <= max && !matchesPattern(pattern, text));
  if (ill !== undefined) yield ill;
}

function ofSize(shape: Shape, size: number): unknown {
  if (isNumber(shape)) return size;
  if (shape.type === 'string') return 'a'.repeat(size);
  if (shape.type === 'blob') return Buffer.alloc(size).toString('base64');
  if (shape.type === 'list') return Array.from({ length: size }, () => sample(shape.member));
  assert.ok(shape.type === 'map');
  return Object.fromEntries(Array.from({ length: size }, (_, index) => [`key${index}`, sample(shape.value)]));
}

function* brokenItems(member: Shape, path: string, place: Place): Generator<Breakage> {
  const below = isNested(member) ? `${path}.1.member` : path;
  for (const { value, errorName, path } of breakages(member, below, place)) {
    // One broken string of a list is reported with the list, however its enum is checked elsewhere.
    yield {
      value: [value],
      path,
      errorName: errorName === 'InvalidParameterValueException' ? 'ValidationException' : errorName,
    };
  }
  if (place === 'body') yield { value: [null], path: below, errorName: 'ValidationException' };
}

function* brokenMembers(shape: StructureShape, prefix: string): Generator<Breakage> {
  const whole = encodeJson(
    shape,
    fc.sample(validStructure(shape), { numRuns: 1, seed: 1 })[0],
    'sample',
  ) as Record<string, unknown>;
  for (const [name, member] of Object.entries(shape.members)) {
    const path = `${prefix}${name.charAt(0).toLowerCase()}${name.slice(1)}`;
    if (member.required === true) {
      yield { value: { ...whole, [name]: null }, path, errorName: 'ValidationException' };
    }
    for (const broken of breakages(member.shape, path, 'body')) {
      yield { ...broken, value: { ...whole, [name]: broken.value } };
    }
  }
}

function isNumber(shape: Shape): boolean {
  return shape.type === 'integer' || shape.type === 'long' || shape.type === 'double';
}

function isNested(shape: Shape): boolean {
  return shape.type === 'structure' || shape.type === 'list' || shape.type === 'map';
}

const samples = new Map<Shape, unknown>();

/** A valid value, as JSON: always the same. */
function sample(shape: Shape): unknown {
  if (!samples.has(shape)) {
    samples.set(
      shape,
      encodeJson(shape, fc.sample(valid(shape, 'header'), { numRuns: 1, seed: 7 })[0], 'sample'),
    );
  }
  return samples.get(shape);
}

let refused = 0;

suite('each broken member of each operation is refused', () => {
  for (const operation of operations.values()) {
    test(operation.name, () => {
      const members = fc.sample(validStructure(operation.input), { numRuns: 1, seed: 3 })[0] ?? {};
      const whole = Object.fromEntries(
        Object.entries(members).map(([name, value]) => {
          const member = operation.input.members[name];
          assert.ok(member !== undefined);
          const texts = (item: unknown) =>
            encodeText(member.shape.type === 'list' ? member.shape.member : member.shape, item, name);
          const isText = member.place === 'label' || member.place === 'query' || member.place === 'header';
          if (isText && Array.isArray(value)) return [name, value.map(texts)];
          if (isText) return [name, value instanceof Date ? value.toISOString() : texts(value)];
          return [name, encodeJson(member.shape, value, name)];
        }),
      );
      const { request, body } = requestOf(operation, whole);
      const match = router.match(request.method, request.rawPath, request.rawQuery);
      assert.ok(match !== undefined);
      decodeInput(match, request, body); // what is not broken is taken

      for (const [name, member] of Object.entries(operation.input.members)) {
        const path = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
        const isRaw = member.place === 'payload' && member.shape.type === 'blob';
        const broken = isRaw ? [] : [...breakages(member.shape, path, member.place ?? 'body')];
        for (const { value, errorName, path } of broken) {
          expectRefusal(operation.name, { ...whole, [name]: value }, errorName, path);
        }
        if (member.required === true && member.place !== 'label' && !isRaw) {
          const { [name]: _, ...rest } = whole;
          expectRefusal(operation.name, rest, 'ValidationException', path);
        }
      }
    });
  }

  test('thousands of them', () => {
    assert.ok(refused > 3000, `only ${refused}`);
  });
});

function expectRefusal(
  name: string,
  members: Readonly<Record<string, unknown>>,
  errorName: string,
  path: string,
): void {
  const operation = operations.get(name);
  assert.ok(operation !== undefined);
  const { request, body } = requestOf(operation, members);
  const match = router.match(request.method, request.rawPath, request.rawQuery);
  assert.equal(match?.route.operation.name, name);
  const shown = () => `${name} ${JSON.stringify(members).slice(0, 300)}`;
  try {
    decodeInput(match, request, body);
  } catch (error) {
    assert.ok(error instanceof WireError, shown());
    assert.equal(error.errorName, errorName, `${shown()}: ${error.message}`);
    if (errorName !== 'SerializationException') {
      assert.ok(
        error.message.includes(` at '${path}' failed to satisfy constraint: `),
        `${path}: ${error.message}`,
      );
    }
    refused++;
    return;
  }
  assert.fail(`taken: ${shown()}`);
}
