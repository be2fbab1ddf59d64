/** Reads what a runtime posts: bounded in memory, counted to its end, and found out when it stops half-way. */
import type { IncomingMessage } from 'node:http';
import type { RuntimeSays } from '../environment/runtime.ts';
import { discardedBytesMax, responseBytesMax } from '../limits.ts';

const errorTypeCharsMax = 256;

export interface Body {
  readonly end: 'whole' | 'too-large' | 'truncated';
  readonly bytes: Buffer;
  /** Length of the whole body, as far as it was read. */
  readonly sizeBytes: number;
}

export function readBody(request: IncomingMessage): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    let whole = false;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= responseBytesMax) chunks.push(chunk);
      else {
        chunks.length = 0;
        if (sizeBytes > discardedBytesMax) request.destroy();
      }
    });
    request.on('end', () => (whole = true));
    request.on('close', () => {
      const long = sizeBytes > responseBytesMax;
      resolve({
        end: long ? 'too-large' : whole ? 'whole' : 'truncated',
        bytes: long ? Buffer.alloc(0) : Buffer.concat(chunks),
        sizeBytes,
      });
    });
  });
}

/** A whole answer as the environment hears it, and how its upload ended. An error in its trailers counts. */
export async function readAnswer(
  request: IncomingMessage,
  kind: 'response' | 'error',
): Promise<{ readonly says: RuntimeSays; readonly end: Body['end'] }> {
  const body = await readBody(request);
  const { end } = body;
  if (end === 'too-large') return { says: { kind: 'too-large', sizeBytes: body.sizeBytes }, end };
  if (end === 'truncated') {
    return { says: { kind: 'error', payload: truncation.payload }, end };
  }
  const failure = trailedFailure(request);
  if (failure !== undefined) return { says: { kind: 'error', payload: failure.payload }, end };
  return { says: { kind, payload: body.bytes }, end };
}

export interface Failure {
  readonly errorType: string;
  readonly payload: Uint8Array;
}

const truncatedType = 'Runtime.TruncatedResponse';
/** Of an upload that stopped half-way. */
export const truncation: Failure = {
  errorType: truncatedType,
  payload: Buffer.from(
    JSON.stringify({
      errorType: truncatedType,
      errorMessage: 'The runtime ended its response before it was complete',
    }),
  ),
};

/** The failure that a runtime tells after a body that it had begun: the type, and the JSON as base64. */
export function trailedFailure({ trailers }: IncomingMessage): Failure | undefined {
  const errorType = trailers['lambda-runtime-function-error-type'];
  if (errorType === undefined) return undefined;
  const encoded = trailers['lambda-runtime-function-error-body'] ?? '';
  const payload =
    encoded === '' ? Buffer.from(JSON.stringify({ errorType })) : Buffer.from(encoded, 'base64');
  return { errorType: errorType.slice(0, errorTypeCharsMax), payload };
}
