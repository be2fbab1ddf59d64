/**
 * From a request to an operation's input: labels, query, headers, and a body that is JSON or raw bytes, each by a
 * binding made once per operation; then the constraints. An Invoke's payload is never looked at.
 */
import { WireError } from '../error.ts';
import { decodeJson, decodeStructure, decodeText } from '../operations/decode.ts';
import { parseJson } from '../operations/json-text.ts';
import type { Member, Operation, Shape, StructureShape } from '../operations/shape.ts';
import { validateStructure } from '../operations/validate.ts';
import type { Input, WireRequest } from '../service.ts';
import type { RouteMatch } from './route.ts';

interface Binding {
  readonly member: string;
  /** Query parameter, or header in lower case. */
  readonly name: string;
  readonly shape: Shape;
}

interface Bindings {
  readonly shape: StructureShape;
  readonly labels: readonly Binding[];
  readonly query: readonly Binding[];
  readonly headers: readonly Binding[];
  /** The member that is the whole body. */
  readonly payload: Binding | undefined;
  readonly hasBody: boolean;
}

const bindingsOf = new WeakMap<Operation, Bindings>();

/** Throws SerializationException and ValidationException. */
export function decodeInput(match: RouteMatch, request: WireRequest, body: Uint8Array): Input {
  const { operation, labels } = match.route;
  const bindings = bindingsOf.get(operation) ?? bind(operation, labels);
  const members: Record<string, unknown> = bindings.hasBody
    ? decodeStructure(bindings.shape, parseJson(body) ?? {})
    : {};
  bindings.labels.forEach(({ member, shape }, index) => {
    members[member] = decodeText(shape, percentDecode(match.rawLabels[index] ?? '', 'path'));
  });
  if (bindings.query.length > 0 && request.rawQuery !== '')
    decodeQuery(bindings.query, request.rawQuery, members);
  for (const { member, name, shape } of bindings.headers) {
    const header = request.headers[name];
    if (header === undefined) continue;
    members[member] = decodeText(shape, typeof header === 'string' ? header : header.join(', '));
  }
  if (bindings.payload !== undefined) decodePayload(bindings.payload, body, members);
  validateStructure(bindings.shape, members);
  return members;
}

function decodePayload({ member, shape }: Binding, body: Uint8Array, members: Record<string, unknown>): void {
  if (shape.type === 'blob') members[member] = body;
  else {
    const value = decodeJson(shape, parseJson(body));
    if (value !== undefined) members[member] = value;
  }
}

/** The first of repeated parameters counts, except for lists, which take all. */
function decodeQuery(bindings: readonly Binding[], rawQuery: string, members: Record<string, unknown>): void {
  for (const pair of rawQuery.split('&')) {
    const equals = pair.indexOf('=');
    const name = percentDecode(equals === -1 ? pair : pair.slice(0, equals), 'query');
    const binding = bindings.find((candidate) => candidate.name === name);
    if (binding === undefined) continue;
    const known = members[binding.member];
    if (known !== undefined && binding.shape.type !== 'list') continue;
    const text = equals === -1 ? '' : percentDecode(pair.slice(equals + 1).replaceAll('+', ' '), 'query');
    const value = decodeText(binding.shape, text);
    if (Array.isArray(known) && Array.isArray(value)) known.push(...(value as readonly unknown[]));
    else members[binding.member] = value;
  }
}

function percentDecode(text: string, where: 'path' | 'query'): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new WireError(
      'SerializationException',
      `The ${where} of the request is not percent-encoded UTF-8.`,
    );
  }
}

function wireName(member: string, { name = member, place }: Member): string {
  return place === 'header' ? name.toLowerCase() : name;
}

function bind(operation: Operation, labels: readonly string[]): Bindings {
  const members = Object.entries(operation.input.members);
  const at = (place: Member['place']) =>
    members
      .filter(([, member]) => member.place === place)
      .map(([name, member]) => ({ member: name, name: wireName(name, member), shape: member.shape }));
  const unordered = at('label');
  const bindings: Bindings = {
    shape: operation.input,
    labels: labels.flatMap((label) => unordered.filter(({ member }) => member === label)),
    query: at('query'),
    headers: at('header'),
    payload: at('payload')[0],
    hasBody: at(undefined).length > 0,
  };
  bindingsOf.set(operation, bindings);
  return bindings;
}
