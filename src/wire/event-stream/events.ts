/** An operation's events as messages: each names its event, and carries raw bytes or the event's members as JSON. */
import { assert } from '#lib/assert';
import { encodeStructure } from '../operations/encode.ts';
import type { StructureShape } from '../operations/shape.ts';
import { encodeHeaders, encodeMessage, type MessageHeaders } from './message.ts';

export const eventStreamContentType = 'application/vnd.amazon.eventstream';

/** How an event is written. */
interface EventForm {
  readonly shape: StructureShape;
  readonly headers: MessageHeaders;
  /** The member whose bytes are the payload; undefined: all members, as JSON. */
  readonly raw: string | undefined;
}

const noBytes = new Uint8Array(0);
const formsOf = new WeakMap<StructureShape, ReadonlyMap<string, EventForm>>();

/** `events`: the handler's (see `Output`). It is not read ahead. */
export function encodeEvents(
  stream: StructureShape,
  events: unknown,
  path: string,
): AsyncIterable<Uint8Array> {
  assert(isIterable(events), `${path} must be an async iterable`);
  const forms = formsOf.get(stream) ?? makeForms(stream);
  return {
    [Symbol.asyncIterator]() {
      const source = events[Symbol.asyncIterator]();
      return {
        async next() {
          const next = await source.next();
          return next.done === true
            ? { done: true, value: undefined }
            : { done: false, value: encodeEvent(forms, next.value, path) };
        },
        async return() {
          await source.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function encodeEvent(forms: ReadonlyMap<string, EventForm>, event: unknown, path: string): Uint8Array {
  assert(typeof event === 'object' && event !== null, `${path} has an event that is no object`);
  const [[name, value] = ['', undefined], ...others] = Object.entries(event);
  const form = forms.get(name);
  assert(form !== undefined && others.length === 0, `${path} has no event ${Object.keys(event).join()}`);
  const { shape, headers, raw } = form;
  if (raw === undefined) {
    return encodeMessage(headers, Buffer.from(JSON.stringify(encodeStructure(shape, value, name))));
  }
  const payload: unknown = Reflect.get(Object(value), raw) ?? noBytes;
  assert(payload instanceof Uint8Array, `${name}.${raw} must be bytes`);
  return encodeMessage(headers, payload);
}

function makeForms(stream: StructureShape): ReadonlyMap<string, EventForm> {
  const forms = new Map<string, EventForm>();
  for (const [name, { shape }] of Object.entries(stream.members)) {
    assert(shape.type === 'structure', `the event ${name} is no structure`);
    const raw = Object.entries(shape.members).find(([, { place }]) => place === 'event')?.[0];
    const headers = encodeHeaders({
      ':event-type': name,
      ':content-type': raw === undefined ? 'application/json' : 'application/octet-stream',
      ':message-type': 'event',
    });
    forms.set(name, { shape, headers, raw });
  }
  formsOf.set(stream, forms);
  return forms;
}
