/**
 * Which records a mapping hands to its function: those that one of its patterns matches, or all where it has none. Pure.
 *
 * The payload of a record (`body` of SQS and of queues of MQ, `data` of Kinesis, `value` of Kafka) is a text that may be JSON. As AWS's table of
 * filtering has it, text and pattern must be of one kind, else the record is dropped:
 *
 *   payload \ pattern      none              conditions: ["a"]     object: { "a": [1] }
 *   JSON object or list    other fields      dropped               looked into
 *   any other text         other fields      compared as it is     dropped
 */
import { type Matcher, compileField, compilePattern } from './matcher.ts';
import { type FilterPattern, parseFilterPattern } from './pattern.ts';

/** A record as the function would get it, by names; the payload among them, as a text. */
export type FilteredRecord = Readonly<Record<string, unknown>>;
export type RecordFilter = (record: FilteredRecord) => boolean;

type PayloadTest = (record: FilteredRecord, payload: Payload) => boolean;

/** `patterns` are texts that were found to be patterns when the mapping was made. */
export function compileFilter(patterns: readonly string[], payloadName: string): RecordFilter {
  if (patterns.length === 0) return () => true;
  const tests = patterns.map((text) => {
    const parsed = parseFilterPattern(text);
    if (parsed.kind === 'invalid') throw new Error(`not a filter pattern: ${parsed.reason}`);
    return compile(parsed.pattern, payloadName);
  });
  return (record) => {
    const payload = new Payload(record[payloadName]);
    return tests.some((test) => test(record, payload));
  };
}

/** The fields of a record itself; what is below them is the matcher's. */
function compile({ fields, alternatives }: FilterPattern, payloadName: string): PayloadTest {
  const others: Matcher = compilePattern({
    fields: fields.filter(([name]) => name !== payloadName),
    alternatives: [],
  });
  const ofPayload = fields
    .filter(([name]) => name === payloadName)
    .map(([, field]) => ({ kind: field.kind, test: compileField(field) }));
  const choices = alternatives.map((alternative) => compile(alternative, payloadName));
  return (record, payload) =>
    others(record) &&
    ofPayload.every(({ kind, test }) => {
      const isJson = payload.json !== undefined;
      if (isJson !== (kind === 'object')) return false;
      return test(isJson ? payload.json : payload.text);
    }) &&
    (choices.length === 0 || choices.some((choice) => choice(record, payload)));
}

class Payload {
  readonly text: unknown;
  #json: { readonly value: unknown } | undefined;

  constructor(text: unknown) {
    this.text = text;
  }

  /** Undefined unless the text is an object or a list. */
  get json(): unknown {
    this.#json ??= { value: structureIn(this.text) };
    return this.#json.value;
  }
}

function structureIn(text: unknown): unknown {
  // A number or a word is JSON too, and yet what people call a plain text.
  if (typeof text !== 'string' || !/^[ \t\n\r]*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
