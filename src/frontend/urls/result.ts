/**
 * From a function's buffered result to the HTTP answer. An object with `statusCode` says what the answer is; any other JSON is the
 * answer's body: a text as it is, without its quotes, the rest as compact JSON (as AWS's own answers show, whatever its guide says). Pure.
 */
import { answerHeadOf, defaultContentType, own } from './answer-head.ts';
import { compactJson } from './compact-json.ts';
import { splitPrelude } from './prelude.ts';
import { utf8Of } from './text.ts';

export type Interpreted =
  | {
      readonly kind: 'answer';
      readonly statusCode: number;
      readonly headers: Readonly<Record<string, string | string[]>>;
      readonly body: Uint8Array;
    }
  /** AWS answers 502. */
  | { readonly kind: 'malformed' };

const malformed: Interpreted = { kind: 'malformed' };
const nothing = new Uint8Array(0);
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

export function interpretResult(payload: Uint8Array): Interpreted {
  const result = parsed(payload);
  if (result === undefined) return interpretCollected(payload);
  const { value } = result;
  if (!isObject(value) || own(value, 'statusCode') === undefined) {
    return {
      kind: 'answer',
      statusCode: 200,
      headers: { 'content-type': defaultContentType },
      body: typeof value === 'string' ? Buffer.from(value, 'utf8') : compactJson(payload),
    };
  }
  const head = answerHeadOf(value);
  const body = bodyOf(own(value, 'body'), own(value, 'isBase64Encoded') === true);
  return head === undefined || body === undefined ? malformed : { kind: 'answer', ...head, body };
}

/** A function that streams, on a URL that does not: its stream was collected, and may begin with the answer's head. */
function interpretCollected(payload: Uint8Array): Interpreted {
  const split = splitPrelude(payload);
  if (split.kind !== 'found') return malformed;
  const head = answerHeadOf(split.given);
  return head === undefined ? malformed : { kind: 'answer', ...head, body: split.rest };
}

function bodyOf(given: unknown, isBase64: boolean): Uint8Array | undefined {
  if (given === undefined) return nothing;
  if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean') return undefined;
  const text = String(given);
  if (!isBase64) return Buffer.from(text, 'utf8');
  const digits = text.replace(/[\r\n]/g, '');
  return base64.test(digits) && digits.replace(/=+$/, '').length % 4 !== 1
    ? Buffer.from(digits, 'base64')
    : undefined;
}

function parsed(payload: Uint8Array): { readonly value: unknown } | undefined {
  const text = utf8Of(payload);
  if (text === undefined) return undefined;
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
