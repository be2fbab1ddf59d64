/**
 * Checks members against their shapes' constraints, and says what AWS says: `1 validation error detected: Value 'x' at
 * 'functionName' failed to satisfy constraint: Member must ...`, several joined by semicolons, paths in lower camel
 * case, items of lists counted from 1. Constraints on a list's strings or on a map's keys and values are reported at
 * the list or map, all of them in one bracket. Values of sensitive shapes are not echoed.
 */
import { WireError } from '../error.ts';
import type { ErrorName } from '../error.ts';
import { matchesPattern } from './pattern.ts';
import { renderValue } from './render.ts';
import type { ListShape, MapShape, Shape, StructureShape } from './shape.ts';

/** Failures told at once; AWS stops there too. */
const failuresMax = 10;

const notNull = 'Member must not be null';

interface Findings {
  readonly failures: string[];
  /** Enums that Lambda checks later and in another form (see shape.ts): told when there is nothing else. */
  late: WireError | undefined;
}

/** Throws `errorName` (ValidationException, where the service has no other) unless every constraint is met. */
export function validateStructure(
  shape: StructureShape,
  members: Readonly<Record<string, unknown>>,
  errorName: ErrorName = 'ValidationException',
): void {
  const findings: Findings = { failures: [], late: undefined };
  checkStructure(shape, members, '', findings);
  const { failures, late } = findings;
  if (failures.length > 0) throw validationError(failures, errorName);
  if (late !== undefined) throw late;
}

/** For constraints that only an operation knows: the same form, for the value at `path`. */
export function constraintError(
  path: string,
  value: string | number | undefined,
  constraint: string,
): WireError {
  const echo = value === undefined ? 'null' : `'${value}'`;
  return validationError(
    [`Value ${echo} at '${path}' failed to satisfy constraint: ${constraint}`],
    'ValidationException',
  );
}

function validationError(failures: readonly string[], errorName: ErrorName): WireError {
  const count = failures.length === 1 ? '1 validation error' : `${failures.length} validation errors`;
  return new WireError(errorName, `${count} detected: ${failures.join('; ')}`);
}

function checkStructure(
  shape: StructureShape,
  members: Readonly<Record<string, unknown>>,
  prefix: string,
  findings: Findings,
): void {
  for (const name in shape.members) {
    const member = shape.members[name];
    if (member === undefined) continue;
    const value = members[name];
    if (value !== undefined) {
      // Nearly everything is as it should be: only what is not needs a path.
      if (!isNested(member.shape) && !isBroken(member.shape, value)) continue;
      check(member.shape, value, prefix + lowerFirst(name), findings);
    } else if (member.required === true) {
      report(
        findings,
        `Value null at '${prefix}${lowerFirst(name)}' failed to satisfy constraint: ${notNull}`,
      );
    }
  }
}

function check(shape: Shape, value: unknown, path: string, findings: Findings): void {
  for (const constraint of brokenConstraints(shape, value)) {
    if (
      shape.type === 'string' &&
      shape.lateEnum === true &&
      shape.enum?.includes(value as string) === false
    ) {
      findings.late ??= lateEnumError(path, value as string, shape.enum);
    } else report(findings, `${valueAt(shape, value, path)} failed to satisfy constraint: ${constraint}`);
  }
  switch (shape.type) {
    case 'structure':
      checkStructure(shape, value as Readonly<Record<string, unknown>>, `${path}.`, findings);
      return;
    case 'list':
      checkItems(shape, value as readonly unknown[], path, findings);
      return;
    case 'map':
      checkEntries(shape, value as Readonly<Record<string, unknown>>, path, findings);
      return;
    case 'string':
    case 'integer':
    case 'long':
    case 'double':
    case 'boolean':
    case 'timestamp':
    case 'blob':
  }
}

function checkItems(shape: ListShape, items: readonly unknown[], path: string, findings: Findings): void {
  if (isNested(shape.member)) {
    items.forEach((item, index) => {
      if (item === null) {
        report(
          findings,
          `Value null at '${path}.${index + 1}.member' failed to satisfy constraint: ${notNull}`,
        );
      } else check(shape.member, item, `${path}.${index + 1}.member`, findings);
    });
  } else if (items.some((item) => item === null || isBroken(shape.member, item))) {
    const constraints = [...constraintsOf(shape.member), notNull].join(', ');
    report(
      findings,
      `${valueAt(shape, items, path)} failed to satisfy constraint: Member must satisfy constraint: [${constraints}]`,
    );
  }
}

function checkEntries(
  shape: MapShape,
  entries: Readonly<Record<string, unknown>>,
  path: string,
  findings: Findings,
): void {
  const broken = (subject: string, of: Shape) =>
    report(
      findings,
      `${valueAt(shape, entries, path)} failed to satisfy constraint: ${subject} must satisfy constraint: [${constraintsOf(of).join(', ')}]`,
    );
  const keys = Object.keys(entries);
  if (keys.some((key) => isBroken(shape.key, key))) broken('Map keys', shape.key);
  if (isNested(shape.value)) {
    for (const key of keys) check(shape.value, entries[key], `${path}.${key}.member`, findings);
  } else if (keys.some((key) => isBroken(shape.value, entries[key]))) broken('Map value', shape.value);
}

function isNested(shape: Shape): boolean {
  return shape.type === 'structure' || shape.type === 'list' || shape.type === 'map';
}

function isBroken(shape: Shape, value: unknown): boolean {
  return brokenConstraints(shape, value).length > 0;
}

const none: readonly string[] = [];

/** The sentences of the value's own constraints that it does not meet. */
function brokenConstraints(shape: Shape, value: unknown): readonly string[] {
  if (shape.type === 'boolean' || shape.type === 'timestamp' || shape.type === 'structure') return none;
  const size = sizeOf(shape, value);
  let broken: string[] | undefined;
  if (shape.max !== undefined && size > shape.max) (broken ??= []).push(maxSentence(shape, shape.max));
  if (shape.min !== undefined && size < shape.min) (broken ??= []).push(minSentence(shape, shape.min));
  if (shape.type === 'string') {
    const { pattern, max } = shape;
    const text = value as string;
    // A value that is too long is refused for that alone: it must not keep a pattern busy.
    const tooLong = max !== undefined && size > max;
    if (pattern !== undefined && !tooLong && !matchesPattern(pattern, text)) {
      (broken ??= []).push(patternSentence(pattern));
    }
    if (shape.enum !== undefined && !shape.enum.includes(text))
      (broken ??= []).push(enumSentence(shape.enum));
  }
  return broken ?? none;
}

/** All of the shape's constraints, met or not, in the order in which AWS lists them. */
function constraintsOf(shape: Shape): readonly string[] {
  if (shape.type === 'boolean' || shape.type === 'timestamp' || shape.type === 'structure') return none;
  return [
    ...(shape.max === undefined ? none : [maxSentence(shape, shape.max)]),
    ...(shape.min === undefined ? none : [minSentence(shape, shape.min)]),
    ...(shape.type === 'string' && shape.pattern !== undefined ? [patternSentence(shape.pattern)] : none),
    ...(shape.type === 'string' && shape.enum !== undefined ? [enumSentence(shape.enum)] : none),
  ];
}

/** What min and max bound: a length, or the number itself. */
function sizeOf(shape: Shape, value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  if (typeof value === 'number') return value;
  return shape.type === 'blob' ? (value as Uint8Array).byteLength : Object.keys(value as object).length;
}

const maxSentence = (shape: Shape, max: number) =>
  `Member must have ${measure(shape)} less than or equal to ${bound(shape, max)}`;
const minSentence = (shape: Shape, min: number) =>
  `Member must have ${measure(shape)} greater than or equal to ${bound(shape, min)}`;
const patternSentence = (pattern: string) => `Member must satisfy regular expression pattern: ${pattern}`;
const enumSentence = (values: readonly string[]) =>
  `Member must satisfy enum value set: [${values.join(', ')}]`;

function measure(shape: Shape): 'value' | 'length' {
  return shape.type === 'integer' || shape.type === 'long' || shape.type === 'double' ? 'value' : 'length';
}

function bound(shape: Shape, value: number): string {
  return shape.type === 'double' && Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function lateEnumError(path: string, value: string, values: readonly string[]): WireError {
  return new WireError(
    'InvalidParameterValueException',
    `Value ${renderValue({ type: 'string' }, value) ?? ''} at '${path}' failed to satisfy constraint: ${enumSentence(values)} or be a valid ARN`,
  );
}

function valueAt(shape: Shape, value: unknown, path: string): string {
  const rendered = renderValue(shape, value);
  return rendered === undefined ? `Value at '${path}'` : `Value '${rendered}' at '${path}'`;
}

function report(findings: Findings, failure: string): void {
  if (findings.failures.length < failuresMax) findings.failures.push(failure);
}

/** `KMSKeyArn` is `kMSKeyArn` in AWS's messages. */
function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
