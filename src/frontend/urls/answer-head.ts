/**
 * Status, headers and cookies as functions give them: in a buffered result, or before the body of a stream. What HTTP cannot carry
 * makes the whole answer malformed; what would break the connection's framing is renamed or left out, as on AWS. Pure.
 */
import { answerHeadBytesMax } from './limits.ts';

export interface AnswerHead {
  readonly statusCode: number;
  /** Names in lower case, values one byte per character; never without `content-type`. */
  readonly headers: Readonly<Record<string, string | string[]>>;
}

export const defaultContentType = 'application/json';

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const unsendable = /[^\t\x20-\x7e\x80-\xff]/;

/** The listener says these itself; what the function says comes out as `x-amzn-remapped-…`. */
const remapped: ReadonlySet<string> = new Set(['connection', 'content-length', 'date', 'www-authenticate']);
const omitted: ReadonlySet<string> = new Set([
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-amzn-requestid',
  'x-amzn-trace-id',
]);

/** undefined: malformed. `contentType`: where the function says none. */
export function answerHeadOf(
  given: Readonly<Record<string, unknown>>,
  contentType = defaultContentType,
): AnswerHead | undefined {
  const statusCode = statusCodeOf(own(given, 'statusCode') ?? 200);
  const headers = new Map<string, string | string[]>();
  const cookies = cookiesOf(own(given, 'cookies') ?? []);
  const fields = own(given, 'headers') ?? {};
  if (statusCode === undefined || cookies === undefined || typeof fields !== 'object') return undefined;
  if (Array.isArray(fields)) return undefined;
  let bytes = 0;
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) continue;
    const text = sendable(value);
    if (text === undefined || !token.test(name)) return undefined;
    bytes += name.length + text.length;
    const lower = name.toLowerCase();
    if (omitted.has(lower)) continue;
    if (lower === 'set-cookie') cookies.unshift(text);
    else headers.set(remapped.has(lower) ? `x-amzn-remapped-${lower}` : lower, text);
  }
  for (const cookie of cookies) bytes += cookie.length;
  if (bytes > answerHeadBytesMax) return undefined;
  if (!headers.has('content-type')) headers.set('content-type', contentType);
  if (cookies.length > 0) headers.set('set-cookie', cookies);
  return { statusCode, headers: Object.fromEntries(headers) };
}

/** A number, or one in digits; the informational ones end no request. */
function statusCodeOf(value: unknown): number | undefined {
  const code = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value;
  if (typeof code !== 'number' || !Number.isInteger(code)) return undefined;
  return code >= 200 && code <= 599 ? code : undefined;
}

function cookiesOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const cookies: string[] = [];
  for (const item of value) {
    const cookie = typeof item === 'string' ? sendable(item) : undefined;
    if (cookie === undefined) return undefined;
    cookies.push(cookie);
  }
  return cookies;
}

/** A header's value as its bytes, one character each; undefined for what is none. */
function sendable(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const text = String(value);
  const bytes = /[^\p{ASCII}]/u.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
  return unsendable.test(bytes) ? undefined : bytes.trim();
}

/** What an object that came as JSON says itself, and nothing that it inherits; null says nothing. */
export function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}
