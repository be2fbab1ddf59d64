/** JSON of strangers: UTF-8, an object, and not nested beyond what anything honest needs. */
import { registryLimits } from '../limits.ts';
import { FormatError } from './format-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Throws a FormatError. The bytes must have been bounded. */
export function parseJson(bytes: Uint8Array, what: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    const text = utf8.decode(bytes);
    if (isTooDeep(text)) throw new FormatError(`${what} is nested too deeply`);
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(`${what} is not JSON`, { cause: error });
  }
  if (!isRecord(value)) throw new FormatError(`${what} is no JSON object`);
  return value;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Without building anything: the parser's own stack is no bound. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (quoted) {
      if (unit === 0x5c) at += 1;
      else if (unit === 0x22) quoted = false;
    } else if (unit === 0x22) quoted = true;
    else if (unit === 0x7b || unit === 0x5b) {
      depth += 1;
      if (depth > registryLimits.jsonDepthMax) return true;
    } else if (unit === 0x7d || unit === 0x5d) depth -= 1;
  }
  return false;
}
