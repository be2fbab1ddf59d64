/**
 * A pattern, compiled once and asked per record. What it costs is at most the size of the record times that of the pattern; nothing goes
 * back, and nothing recurses with the depth of a record. Pure.
 *
 * As EventBridge has it: a list in a record stands for its values, one of which must match, and a pattern of an object must match one of
 * a list's objects as a whole. A field that is not there has no values.
 */
import { compileConditions, type LeavesTest } from './conditions.ts';
import type { FieldPattern, FilterPattern, Scalar } from './pattern.ts';

/** Whether a JSON value, undefined where there is none, is what a pattern wants. */
export type Matcher = (value: unknown) => boolean;

export function compilePattern({ fields, alternatives }: FilterPattern): Matcher {
  const tests = fields.map(([name, field]) => ({ name, test: compileField(field) }));
  const choices = alternatives.map(compilePattern);
  const matchesObject = (object: Readonly<Record<string, unknown>>): boolean =>
    tests.every(({ name, test }) => test(Object.hasOwn(object, name) ? object[name] : undefined)) &&
    (choices.length === 0 || choices.some((choice) => choice(object)));
  return (value) => {
    let objects = 0;
    for (const item of itemsOf(value)) {
      if (!isObject(item)) continue;
      objects += 1;
      if (matchesObject(item)) return true;
    }
    // Where there is no object, what must not be in it is not there.
    return objects === 0 && matchesObject({});
  };
}

export function compileField(field: FieldPattern): Matcher {
  if (field.kind === 'object') return compilePattern(field.pattern);
  const test: LeavesTest = compileConditions(field.conditions);
  return (value) => test(leavesOf(value));
}

function leavesOf(value: unknown): readonly Scalar[] {
  if (isScalar(value)) return [value];
  return Array.isArray(value) ? [...itemsOf(value)].filter(isScalar) : [];
}

/** What is in a list, and in the lists in it; of anything else, itself. */
function* itemsOf(value: unknown): Generator {
  if (!Array.isArray(value)) {
    yield value;
    return;
  }
  const open: { readonly list: readonly unknown[]; at: number }[] = [{ list: value, at: 0 }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    if (top.at === top.list.length) {
      open.pop();
      continue;
    }
    const item = top.list[top.at];
    top.at += 1;
    if (Array.isArray(item)) open.push({ list: item as readonly unknown[], at: 0 });
    else yield item;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isScalar = (value: unknown): value is Scalar =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
