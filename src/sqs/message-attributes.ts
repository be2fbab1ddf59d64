/**
 * Message attributes: named values that travel with a message. Their digest lets clients see that they arrived whole
 * (docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html).
 */
import { createHash } from 'node:crypto';
import { invalidParameter, invalidValue } from './faults.ts';
import { attributeNameCharactersMax, messageAttributesMax } from './limits.ts';

export type AttributeValue = { readonly type: string } & (
  | { readonly text: string }
  | { readonly bytes: Uint8Array }
);

export type MessageAttributes = ReadonlyMap<string, AttributeValue>;

/** As they come by the wire. */
type WireValue = Readonly<Record<string, unknown>>;

export function readMessageAttributes(given: unknown): MessageAttributes {
  const entries = Object.entries((given ?? {}) as Readonly<Record<string, WireValue>>);
  if (entries.length > messageAttributesMax) {
    throw invalidParameter(
      `Number of message attributes [${entries.length}] exceeds the allowed maximum [${messageAttributesMax}].`,
    );
  }
  return new Map(
    entries.map(([name, value]) => {
      checkName(name);
      return [name, readAttributeValue(name, value, 'user')];
    }),
  );
}

export function readAttributeValue(name: string, value: WireValue, kind: 'user' | 'system'): AttributeValue {
  const type = value['DataType'];
  const shown = `Message (${kind}) attribute '${name.slice(0, attributeNameCharactersMax)}'`;
  if (typeof type !== 'string' || type === '') {
    throw invalidParameter(`${shown} must contain a non-empty attribute type.`);
  }
  if (value['StringListValues'] !== undefined || value['BinaryListValues'] !== undefined) {
    throw invalidParameter(`${shown} must not have list values: they are not supported.`);
  }
  const [base] = type.split('.', 1);
  if (
    type.length > attributeNameCharactersMax ||
    (base !== 'String' && base !== 'Number' && base !== 'Binary')
  ) {
    throw invalidParameter(
      `The type of ${shown.toLowerCase()} is invalid. You must use only the following supported type prefixes: Binary, Number, String.`,
    );
  }
  const text = value['StringValue'];
  const bytes = value['BinaryValue'];
  const wanted = base === 'Binary' ? bytes : text;
  const other = base === 'Binary' ? text : bytes;
  const isEmpty = !(wanted instanceof Uint8Array
    ? wanted.byteLength > 0
    : typeof wanted === 'string' && wanted !== '');
  if (isEmpty || other !== undefined) {
    throw invalidParameter(
      `${shown} must contain a non-empty value of type '${base === 'Binary' ? 'Binary' : 'String'}'.`,
    );
  }
  if (wanted instanceof Uint8Array) return { type, bytes: wanted };
  const string = String(wanted);
  if (base === 'Number' && !/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(string)) {
    throw invalidParameter(`Can't cast the value of ${shown.toLowerCase()} to a number.`);
  }
  return { type, text: string };
}

function checkName(name: string): void {
  const refused = (reason: string) => invalidValue('MessageAttributeName', name, reason);
  if (name === '' || name.length > attributeNameCharactersMax) {
    throw refused(`The length of a name is 1 to ${attributeNameCharactersMax} characters.`);
  }
  if (!/^[\w.-]+$/.test(name) || /^\.|\.$|\.\./.test(name)) {
    throw refused(
      'A name has letters, digits, underscores, hyphens, and periods that stand alone and within it.',
    );
  }
  if (/^(aws|amazon)\./i.test(name))
    throw refused('A name must not start with a reserved prefix: AWS., Amazon.');
}

/** What counts towards the size of a message. */
export function attributesBytes(attributes: MessageAttributes): number {
  let bytes = 0;
  for (const [name, value] of attributes) {
    const content = 'text' in value ? Buffer.byteLength(value.text) : value.bytes.byteLength;
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value.type) + content;
  }
  return bytes;
}

/** Undefined of none. */
export function attributesDigest(attributes: MessageAttributes): string | undefined {
  if (attributes.size === 0) return undefined;
  const hash = createHash('md5');
  const put = (bytes: Uint8Array): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.byteLength);
    hash.update(length).update(bytes);
  };
  for (const [name, value] of [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    put(Buffer.from(name));
    put(Buffer.from(value.type));
    hash.update(Uint8Array.of('text' in value ? 1 : 2));
    put('text' in value ? Buffer.from(value.text) : value.bytes);
  }
  return hash.digest('hex');
}

export const digestOf = (text: string): string => createHash('md5').update(text).digest('hex');

/** As they go out by the wire. */
export function wireAttributes(attributes: MessageAttributes): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...attributes].map(([name, value]) => [
      name,
      'text' in value
        ? { StringValue: value.text, DataType: value.type }
        : { BinaryValue: value.bytes, DataType: value.type },
    ]),
  );
}

/** Those that a receiver asks for: names, `All`, `.*`, or prefixes such as `bar.*`. */
export function chosenAttributes(attributes: MessageAttributes, names: readonly string[]): MessageAttributes {
  if (names.some((name) => name === 'All' || name === '.*')) return attributes;
  const exact = new Set(names);
  const prefixes = names.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1));
  return new Map(
    [...attributes].filter(
      ([name]) =>
        exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix) || `${name}.` === prefix),
    ),
  );
}
