/** X-Amz-Client-Context: base64 of a JSON object, handed to the function decoded. */
import { WireError } from '#wire';
import { clientContextCharsMax } from './limits.ts';

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** The JSON text. Throws InvalidRequestContentException for everything else than an object in base64 of at most 3,583 characters. */
export function decodeClientContext(sent: string): string {
  const text = sent.length <= clientContextCharsMax && base64.test(sent) ? decode(sent) : undefined;
  if (text === undefined) {
    throw new WireError(
      'InvalidRequestContentException',
      'Client context must be a valid Base64-encoded JSON object.',
    );
  }
  return text;
}

function decode(sent: string): string | undefined {
  try {
    const text = decoder.decode(Buffer.from(sent, 'base64'));
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? text : undefined;
  } catch {
    return undefined;
  }
}
