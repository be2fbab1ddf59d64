/** From an operation's output to its answer: status, header-bound members, and a body that is JSON, raw bytes or a stream of events. */
import { assert } from '#lib/assert';
import { encodeEvents, eventStreamContentType } from '../event-stream/events.ts';
import { encodeJson, encodeStructure, encodeText } from '../operations/encode.ts';
import type { Operation, Shape, StructureShape } from '../operations/shape.ts';
import { type Output, traceMember, type WireResponse } from '../service.ts';

interface Bindings {
  readonly shape: StructureShape;
  readonly headers: readonly { readonly member: string; readonly header: string; readonly shape: Shape }[];
  readonly status: string | undefined;
  readonly payload: string | undefined;
  readonly hasBody: boolean;
}

/** What AWS's Invoke carries in every answer, always 0; clients show it, and recorded answers have it. */
const remappedLength = 'x-amzn-Remapped-Content-Length';

const bindingsOf = new WeakMap<Operation, Bindings>();

export function encodeOutput(operation: Operation, output: Output, requestId: string): WireResponse {
  const bindings = bindingsOf.get(operation) ?? bind(operation);
  const { shape } = bindings;
  const headers: Record<string, string> = { 'x-amzn-RequestId': requestId };
  for (const { member, header, shape: shapeOfMember } of bindings.headers) {
    const value = output[member];
    if (value !== undefined) headers[header] = encodeText(shapeOfMember, value, member);
  }
  const trace = output[traceMember];
  if (typeof trace === 'string') {
    headers[traceMember] = trace;
    headers[remappedLength] = '0';
  }
  const status = bindings.status === undefined ? undefined : output[bindings.status];
  const statusCode = typeof status === 'number' ? status : operation.statusCode;
  // 204 means no content: nothing follows the head, whatever the model declares.
  if (statusCode === 204) return { statusCode, headers, body: undefined };
  const stream = eventsOf(shape, bindings, output);
  if (stream !== undefined) {
    headers['Content-Type'] ??= eventStreamContentType;
    return { statusCode, headers, body: undefined, stream };
  }
  const body = encodeBody(shape, bindings, output);
  if (body !== undefined) headers['Content-Type'] ??= 'application/json';
  return { statusCode, headers, body };
}

function eventsOf(
  shape: StructureShape,
  { payload }: Bindings,
  output: Output,
): AsyncIterable<Uint8Array> | undefined {
  if (payload === undefined || output[payload] === undefined) return undefined;
  const stream = shapeOf(shape, payload);
  return stream.type === 'structure' && stream.stream === true
    ? encodeEvents(stream, output[payload], payload)
    : undefined;
}

function encodeBody(shape: StructureShape, bindings: Bindings, output: Output): Uint8Array | undefined {
  if (bindings.payload === undefined) {
    const json = encodeStructure(shape, output, 'output');
    return bindings.hasBody ? Buffer.from(JSON.stringify(json)) : undefined;
  }
  const payload = output[bindings.payload];
  if (payload === undefined) return undefined;
  const payloadShape = shapeOf(shape, bindings.payload);
  if (payloadShape.type !== 'blob') {
    return Buffer.from(JSON.stringify(encodeJson(payloadShape, payload, bindings.payload)));
  }
  assert(payload instanceof Uint8Array, `${bindings.payload} must be bytes`);
  return payload;
}

function shapeOf(shape: StructureShape, member: string) {
  const found = shape.members[member];
  assert(found !== undefined, `the output has no member ${member}`);
  return found.shape;
}

function bind(operation: Operation): Bindings {
  const members = Object.entries(operation.output.members);
  const bindings: Bindings = {
    shape: operation.output,
    headers: members.flatMap(([member, { place, name: header = member, shape }]) =>
      place === 'header' ? [{ member, header, shape }] : [],
    ),
    status: members.find(([, { place }]) => place === 'status')?.[0],
    payload: members.find(([, { place }]) => place === 'payload')?.[0],
    hasBody: members.some(([, { place }]) => place === undefined),
  };
  bindingsOf.set(operation, bindings);
  return bindings;
}
